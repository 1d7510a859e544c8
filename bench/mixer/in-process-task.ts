import { encodeCheckRequest, encodeReportRequest } from '@keelson/core/attributes';
import { answerCheck, takeReport } from '../../apps/mixer/calls';
import { costOf, median, type Effort } from '../measure/cost';
import { task } from '../measure/task';
import { loadPolicy } from './configuration';
import { distinctRecords, recordOf } from './records';

export interface InProcessInput {
  readonly configuration: string;
  readonly effort: Effort;
}

/** Nanoseconds. */
export interface InProcessCosts {
  readonly check: number;
  readonly record: number;
}

const batch = 100;
const caller = { namespace: undefined };

export type InProcessTask = (input: InProcessInput) => InProcessCosts;

task<InProcessTask>(async ({ configuration, effort }, tell) => {
  const policy = await loadPolicy(configuration);
  const troubles: string[] = [];
  const log = {
    unevaluated: (title: string, message: string) => troubles.push(`${title}: ${message}`),
    unreadable: () => troubles.push('an attribute that cannot be read'),
  };
  const checks = Array.from({ length: distinctRecords }, (_, n) =>
    encodeCheckRequest({ attributes: recordOf(n, 'check'), deduplicationId: `bench-${n}` }),
  );
  const reports = Array.from({ length: Math.floor(distinctRecords / batch) }, (_, n) =>
    encodeReportRequest(Array.from({ length: batch }, (__, i) => recordOf(n * batch + i, 'report'))),
  );
  const at = (messages: readonly Buffer[], i: number): Buffer => messages[i % messages.length] ?? Buffer.alloc(0);
  tell('Mixer: checks in process');
  const check = costOf((i) => {
    const answer = answerCheck(policy, at(checks, i), caller, log);
    if (answer instanceof Promise) throw new Error('a check of this configuration waits for nobody');
    return answer;
  }, effort);
  tell('Mixer: reports in process');
  const record = await recordCost((i) => takeReport(policy, at(reports, i), caller, log), effort);
  if (troubles[0] !== undefined) throw new Error(troubles[0]);
  return { check, record };
});

/** As `costOf`, for what must be waited for: records come faster than their log lines can be written, else. */
async function recordCost(report: (i: number) => Promise<void>, { rounds, roundMs }: Effort): Promise<number> {
  const costs: number[] = [];
  let i = 0;
  for (let round = -2; round < rounds; round++) {
    const start = process.cpuUsage();
    const end = performance.now() + roundMs * 4;
    let reports = 0;
    do {
      await report(i++);
      reports++;
    } while (performance.now() < end);
    const { user, system } = process.cpuUsage(start);
    if (round >= 0) costs.push(((user + system) * 1_000) / (reports * batch));
  }
  return median(costs);
}
