import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes } from '../exit';
import { print } from '../output';
import type { Command } from '../command';

export const version: Command = {
  name: 'version',
  usage: '',
  help: 'Show the version of meshctl.',
  options: {},
  run(invocation) {
    // dist/apps/meshctl/commands and apps/meshctl/commands lie at different depths under the clone.
    const client = [4, 3].map((depth) => versionAt(join(__dirname, ...Array<string>(depth).fill('..')))).find(Boolean);
    const value = { client: client ?? 'unknown', node: process.version };
    print(invocation.output, value, () => `meshctl ${value.client} (Node.js ${value.node})`);
    return Promise.resolve(exitCodes.done);
  },
};

function versionAt(folder: string): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
    return name === 'keelson' ? version : undefined;
  } catch {
    return undefined;
  }
}
