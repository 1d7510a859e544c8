// Steps of a set-up, one line each with the time it took.
const live = process.stdout.isTTY === true;
const width = 30;

/** An error whose message is all that the user needs. */
export class SetupError extends Error {}

/** Runs one step and prints its line; `run` may answer a remark that stands behind the time. */
export async function step(title, run) {
  const started = performance.now();
  const label = `  ${title.padEnd(width)}`;
  if (live) process.stdout.write(`${label} …`);
  try {
    const remark = await run();
    print(label, seconds(started), remark);
  } catch (error) {
    print(label, seconds(started), error?.name === 'AbortError' ? 'stopped' : 'failed');
    throw error;
  }
}

/** Says that a step takes long, before it is done; where lines cannot be rewritten it is a line of its own. */
export function announce(title, remark) {
  process.stdout.write(
    live ? `\r\x1b[K  ${title.padEnd(width)} … ${remark}` : `  ${title.padEnd(width)} … ${remark}\n`,
  );
}

function print(label, time, remark) {
  process.stdout.write(`${live ? '\r\x1b[K' : ''}${label} ${time.padStart(7)}${remark ? `  ${remark}` : ''}\n`);
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
