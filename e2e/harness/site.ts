import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const claims = join(tmpdir(), 'keelson-e2e-sites');
const siteCount = 100;
const firstPort = 20_000;
const portsOfSite = 100;

/**
 * A place of its own for one mesh: a loopback range, a block of ports and a folder, which no other scenario uses that runs
 * beside it, in this worker, in another one or in another run of the tests.
 */
export class Site {
  private nextPort = 0;
  private nextAddress = 0;

  private constructor(
    private readonly number: number,
    private readonly claim: string,
    readonly folder: string,
  ) {}

  static claim(): Site {
    mkdirSync(claims, { recursive: true });
    const draft = join(claims, `draft-${process.pid}-${Math.random().toString(36).slice(2)}`);
    writeFileSync(draft, String(process.pid));
    try {
      for (let number = 0; number < siteCount; number++) {
        const claim = join(claims, String(number));
        if (isAbandoned(claim)) rmSync(claim, { force: true });
        try {
          // A link appears whole or not at all, so two that claim at once do not both succeed.
          linkSync(draft, claim);
        } catch {
          continue;
        }
        return new Site(number, claim, mkdtempSync(join(tmpdir(), `keelson-e2e-${number}-`)));
      }
    } finally {
      rmSync(draft, { force: true });
    }
    throw new Error(`all ${siteCount} places for meshes are taken (${claims})`);
  }

  /** A free port on 127.0.0.1, below those that the system hands out by itself. */
  async port(): Promise<number> {
    while (this.nextPort < portsOfSite) {
      const port = firstPort + this.number * portsOfSite + this.nextPort++;
      if (await isFree(port)) return port;
    }
    throw new Error('the ports of this site are used up');
  }

  /** The first of so many ports in a row. */
  async ports(count: number): Promise<number> {
    const first = await this.port();
    for (let next = first + 1; next < first + count; next++) if ((await this.port()) !== next) return this.ports(count);
    return first;
  }

  /** An address of its own for a workload. */
  address(): string {
    this.nextAddress++;
    return `127.${20 + this.number}.${Math.floor(this.nextAddress / 250)}.${(this.nextAddress % 250) + 1}`;
  }

  /** Gives the place back; the folder stays when something in it is worth a look. */
  release(keepFolder: boolean): void {
    if (!keepFolder) rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.claim, { force: true });
  }
}

function isAbandoned(claim: string): boolean {
  try {
    process.kill(Number(readFileSync(claim, 'utf8')), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
