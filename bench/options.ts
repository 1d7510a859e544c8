import { parseArgs } from 'node:util';
import type { MeshSize, Scope } from './part';
import { partNames, type PartName } from './parts';

export interface Options {
  readonly help: boolean;
  readonly parts: readonly PartName[];
  /** Where the figures are written as JSON. */
  readonly json: string | undefined;
  readonly scope: Scope;
}

/** An argument that cannot be understood; its message is all that the user sees. */
export class OptionsError extends Error {}

const defaultMeshes = '100x20,500x100';
/** The addresses of a mesh are of one network of 16 bits, for its services and those that come. */
const mostServices = 65_000;
/** Each service costs each proxy some 2 KiB of what is sent. */
const mostPairs = 1_000_000;

export const help = `Usage: npm run bench -- [flags] [${partNames.join(' | ')}] ...

Measures the components of Keelson beside the figures of those that set the standard; without names all of them.

  --json FILE      Writes the figures to a file too.
  --mesh SIZES     The meshes that Pilot serves, services x proxies [default: ${defaultMeshes}]. 1000x200 takes some
                   40 seconds more.
  --seconds N      How long each load of Mixer lasts [default: 2].
  --quick          Tiny sizes: shows that everything runs, the figures mean nothing.
  --help           Prints this and ends.

CPU time of the server is the figure to compare. Wall times, rates and latencies are of a client and a server on one
machine, and vary with all else that runs on it.
`;

/** Reads the arguments. Throws an OptionsError. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parsed(args);
  const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
  if (seconds !== undefined && !(seconds >= 0.1 && seconds <= 60))
    throw new OptionsError(`--seconds: ${JSON.stringify(values.seconds)} is not a number from 0.1 to 60`);
  const { quick } = values;
  return {
    help: values.help,
    parts: positionals.length === 0 ? partNames : partNames.filter((name) => positionals.includes(name)),
    json: values.json,
    scope: {
      quick,
      loadSeconds: seconds ?? (quick ? 0.2 : 2),
      meshes: (values.mesh ?? (quick ? '6x2' : defaultMeshes)).split(',').map(meshOf),
    },
  };
}

function parsed(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'string' },
        mesh: { type: 'string' },
        seconds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const names: readonly string[] = partNames;
    const unknown = positionals.find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new OptionsError(`there is no part ${JSON.stringify(unknown)} (there are ${names.join(', ')})`);
    return { values, positionals };
  } catch (error) {
    // Its first sentence says what is wrong, the others how to write something else.
    if (error instanceof TypeError)
      throw new OptionsError(`${error.message.split('. ')[0] ?? ''} (--help lists the flags)`);
    throw error;
  }
}

const shown = (count: number): string => count.toLocaleString('en-US');

function meshOf(text: string): MeshSize {
  const [, services, proxies] = /^(\d{1,5})x(\d{1,4})$/.exec(text.trim()) ?? [];
  if (services === undefined || proxies === undefined || Number(services) < 2 || Number(proxies) < 1)
    throw new OptionsError(`--mesh: ${JSON.stringify(text)} is not a size such as 500x100, of 2 services at least`);
  const size = { services: Number(services), proxies: Number(proxies) };
  if (size.services > mostServices)
    throw new OptionsError(`--mesh: ${JSON.stringify(text)}: a mesh has ${shown(mostServices)} services at most`);
  if (size.services * size.proxies > mostPairs)
    throw new OptionsError(
      `--mesh: ${JSON.stringify(text)} is too large: services times proxies may be ${shown(mostPairs)} at most`,
    );
  return size;
}
