import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cloneRoot } from '@keelson/edge/service';

interface Report {
  quick: boolean;
  parts: {
    part: string;
    error?: string;
    tables: { rows: { name: string; figures: Record<string, { value: number; anchor?: unknown }> }[] }[];
  }[];
}

/** As `npm run bench` does after the set-up. */
function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const hook = join('bench', 'typescript.cjs');
  const command = ['--require', `./${hook}`, join('bench', 'main.ts'), ...args];
  return spawnSync(process.execPath, command, { cwd: cloneRoot(), encoding: 'utf8' });
}

describe('npm run bench', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keelson-bench-test-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('prints the figures of a part beside those of its anchor, and writes them down', () => {
    const file = join(folder, 'figures.json');
    const { status, stdout, stderr } = bench('cexl', '--quick', '--json', file);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/load average [\d.]+ [\d.]+ [\d.]+/);
    expect(stdout).toMatch(/context\.protocol == "http" +[\d.,]+ +112 +≤ 50 +[\d.,]+ +199/);
    const { quick, parts } = JSON.parse(readFileSync(file, 'utf8')) as Report;
    expect(quick).toBe(true);
    expect(parts.map(({ part, error }) => [part, error])).toEqual([['cexl', undefined]]);
    const rows = parts[0]?.tables.flatMap((table) => table.rows) ?? [];
    expect(rows.length).toBeGreaterThan(5);
    for (const { figures } of rows) {
      expect(Object.keys(figures)).toEqual(['map bag, ns', 'wire bag, ns', 'wire bag again, ns', 'compile, µs']);
      for (const { value } of Object.values(figures)) expect(value).toBeGreaterThan(0);
      expect(figures['map bag, ns']).toHaveProperty('anchor');
    }
  });

  it('names the parts that there are to one who asks for another', () => {
    const { status, stderr } = bench('envoy');
    expect(stderr).toBe('there is no part "envoy" (there are cexl, citadel, galley, mixer, pilot)\n');
    expect(status).toBe(2);
  });
});
