import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Failure } from './exit';

/** Where the servers are and how to authenticate to them: `.keelson/meshctl.json` of a clone, or a file like it. */
export interface Context {
  /** Galley's API. */
  server: string;
  /** Citadel's admin API. */
  citadel?: string;
  /** PEM files: the root that servers are checked against, the operator's certificate and its key. */
  ca?: string;
  cert?: string;
  key?: string;
}

/** A context with its files read. */
export interface Credentials {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
}

/** The context of `--context`, $KEELSON_CONFIG, or the clone that the working directory lies in. */
export function loadContext(flag: string | undefined): Context {
  const file = flag ?? process.env.KEELSON_CONFIG ?? findInClone(process.cwd());
  if (file === undefined)
    throw new Failure(
      'no context: there is no .keelson/meshctl.json here or above (npm start writes it); name a file by --context or KEELSON_CONFIG',
    );
  let context: unknown;
  try {
    context = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Failure(`context ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof context !== 'object' || context === null || typeof (context as Context).server !== 'string')
    throw new Failure(`context ${file}: 'server' is missing, it holds {server, citadel, ca, cert, key}`);
  const { server, citadel, ca, cert, key } = context as Context;
  const path = (name: string | undefined): string | undefined => name && resolve(dirname(file), name);
  return { server, citadel, ca: path(ca), cert: path(cert), key: path(key) };
}

/** Reads the files that a context names. */
export function loadCredentials(context: Context): Credentials {
  const read = (file: string | undefined): Buffer | undefined => {
    if (file === undefined) return undefined;
    try {
      return readFileSync(file);
    } catch (error) {
      throw new Failure(`context: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  return { ca: read(context.ca), cert: read(context.cert), key: read(context.key) };
}

function findInClone(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, '.keelson', 'meshctl.json');
    if (existsSync(file)) return file;
    if (dirname(folder) === folder) return undefined;
  }
}
