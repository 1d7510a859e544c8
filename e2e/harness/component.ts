import { join } from 'node:path';
import { isOk } from './http';
import { root, TestProcess } from './test-process';

export interface ComponentOptions {
  app: 'citadel' | 'galley' | 'mixer' | 'pilot';
  /** What the process is called; replicas have names of their own. */
  name: string;
  /** Where its log goes. */
  folder: string;
  dataDir: string;
  monitoringPort: number;
  flags: readonly string[];
}

/** The process of a component of the control plane, which is ready when it says so itself. */
export function component({ app, name, folder, dataDir, monitoringPort, flags }: ComponentOptions): TestProcess {
  return new TestProcess({
    name,
    folder,
    command: [
      process.execPath,
      join(root, 'dist', 'apps', app, 'main.js'),
      `--data-dir=${dataDir}`,
      `--monitoring-port=${monitoringPort}`,
      ...flags,
    ],
    ready: () => isOk(`http://127.0.0.1:${monitoringPort}/readyz`),
  });
}
