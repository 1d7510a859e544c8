import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withAddresses } from './configuration';
import { flags } from './flags';

const folder = join(__dirname, '..', 'bookinfo', 'config');
const text = readdirSync(folder)
  .map((file) => readFileSync(join(folder, file), 'utf8'))
  .join('---\n');

describe('the configuration of the sample at other addresses', () => {
  it('is the same text when nothing was moved', () => {
    expect(withAddresses(text, flags.read([], {}).values)).toBe(text);
  });

  it('has every address moved that a flag moves, and nothing else', () => {
    const argv = ['--http-port=8081', '--https-port=8444', '--loopback=127.9.8', '--application-port=9380'];
    const moved = withAddresses(text, flags.read(argv, {}).values);
    for (const old of ['number: 8080', 'number: 8443', '127.1.0.', '127.0.0.1:91']) {
      expect(text).toContain(old);
      expect(moved).not.toContain(old);
    }
    expect(moved).toContain('defaultEndpoint: 127.0.0.1:9380\n');
    expect(moved).toContain('bind: 127.9.8.6\n');
    expect(moved.split('\n')).toHaveLength(text.split('\n').length);
  });
});
