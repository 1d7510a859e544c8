// Reads process groups from the standard input, a line each; when it ends, the test process is gone: so are they then.
import { createInterface } from 'node:readline';

const groups = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
createInterface({ input: process.stdin })
  .on('line', (line) => (line.startsWith('-') ? groups.delete(Number(line.slice(1))) : groups.add(Number(line))))
  .on('close', () => {
    for (const group of groups)
      try {
        process.kill(-group, 'SIGKILL');
      } catch {
        // It has ended already.
      }
  });
