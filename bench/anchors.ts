import type { Amount, Latency } from './output/table';

// The figures of the systems that set the standard. They were measured on one machine like the one that this project is
// developed on (2 cores shared with other work, AMD EPYC), client and server on it together, with load programs in Go
// (xdsload, mixload) that were written apart from this code. Wall times vary by 2× from run to run: server CPU is the figure
// to compare. The goals are this project's own.

/** What one kind of change costs the server. */
export interface ChangeFigures {
  /** From the write to the proxies. */
  readonly latencyMs: Latency;
  readonly cpuMs: number;
  readonly mib: number;
}

export interface MeshFigures {
  readonly sync?: {
    readonly seconds: number;
    readonly cpuSeconds: number;
    readonly mib: number;
    readonly rssMib: number;
  };
  readonly route: ChangeFigures;
  readonly endpoint: ChangeFigures;
  readonly service: ChangeFigures;
}

const latency = (median: number, p99: number, last: number): Latency => ({ median, p99, last });
const change = (latencyMs: Latency, cpuMs: number, mib: number): ChangeFigures => ({ latencyMs, cpuMs, mib });

/**
 * istiod (master of August 2026), plaintext ADS, delta, its default debounce of 100 ms: 4 endpoints a service, one
 * VirtualService a service, a DestinationRule on every fifth, one connection a proxy, configuration by its config API.
 */
const pilot = {
  of: 'istiod',
  meshes: new Map<string, MeshFigures>([
    [
      '100 × 20',
      {
        route: change(latency(126, 131, 131), 34, 2.4),
        endpoint: change(latency(105, 105, 105), 7, 0.02),
        service: change(latency(140, 151, 151), 37, 2.5),
      },
    ],
    [
      '500 × 100',
      {
        sync: { seconds: 4.8, cpuSeconds: 3.9, mib: 172, rssMib: 317 },
        route: change(latency(480, 708, 708), 580, 55),
        endpoint: change(latency(121, 123, 123), 23, 0.09),
        service: change(latency(401, 662, 662), 737, 56),
      },
    ],
    [
      '1000 × 200',
      {
        sync: { seconds: 8.1, cpuSeconds: 14.2, mib: 687, rssMib: 495 },
        route: change(latency(785, 1391, 1393), 2191, 219),
        endpoint: change(latency(135, 137, 138), 70, 0.17),
        service: change(latency(1602, 2928, 2983), 2309, 220),
      },
    ],
    [
      '2000 × 400',
      {
        sync: { seconds: 40, cpuSeconds: 67, mib: 2742, rssMib: 3694 },
        route: change(latency(3315, 5850, 5862), 10332, 872),
        endpoint: change(latency(216, 223, 223), 214, 0.34),
        service: change(latency(3221, 6378, 6416), 10820, 873),
      },
    ],
  ]),
  goals: new Map([['1000 × 200', { syncCpuSeconds: 4, routeCpuMs: 60, routeMib: 2, endpointCpuMs: 50 }]]),
};

/** What a load of Mixer comes to. */
export interface LoadFigures {
  readonly cpuMs: Amount;
  /** Checks or records. */
  readonly perSecond: Amount;
  readonly p50Ms?: Amount;
  readonly p99Ms?: Amount;
}

/** By number of callers. */
type ByCallers = Readonly<Record<1 | 8 | 64, LoadFigures>>;

const load = (perSecond: Amount, cpuMs: Amount, latencies: { p50Ms?: Amount; p99Ms?: Amount } = {}): LoadFigures => ({
  perSecond,
  cpuMs,
  ...latencies,
});
const span = (from: number, to: number): Amount => ({ from, to });

/** mixs 1.7.8 (Go): 34 attributes a check, 41 a record; deny, list, quota, 4 metrics with 19 labels, JSON access log. */
const mixer = {
  of: 'mixs 1.7.8',
  check: {
    1: load(span(5_200, 7_500), span(0.092, 0.129), { p50Ms: 0.11, p99Ms: span(0.3, 1.3) }),
    8: load(14_200, span(0.056, 0.071), { p50Ms: 0.4, p99Ms: 4 }),
    64: load(span(12_700, 16_800), span(0.05, 0.062), { p50Ms: 3, p99Ms: span(17, 30) }),
  } satisfies ByCallers,
  checkWithoutRules: {
    1: load(span(6_500, 7_900), span(0.088, 0.114)),
    8: load(17_900, span(0.044, 0.055)),
    64: load(16_700, span(0.038, 0.048)),
  } satisfies ByCallers,
  quota: { 1: load(4_700, 0.176), 8: load(12_000, 0.093), 64: load(14_800, 0.086) } satisfies ByCallers,
  report: {
    1: load(10_000, 0.104),
    8: load(12_900, 0.108, { p50Ms: 55 }),
    64: load(10_800, 0.114),
  } satisfies ByCallers,
  reportPrometheus: { 1: load(15_200, 0.074), 8: load(24_900, 0.069), 64: load(22_600, 0.077) } satisfies ByCallers,
  reportWithoutRules: { 1: load(68_000, 0.014), 8: load(112_000, 0.011), 64: load(107_000, 0.011) } satisfies ByCallers,
  inProcess: { checkUs: 4.9, recordUs: 10.6 },
  goals: { check64CpuMs: 0.1, report8CpuMs: 0.05 },
};

export interface ExpressionFigures {
  readonly text: string;
  /** Where the text is too long for a row. */
  readonly title?: string;
  readonly mapBag: number;
  readonly wireBag: number;
  readonly goal?: number;
}

/** mixs 1.7.8; nanoseconds. The expressions of the fallback, of startsWith and of the pattern are of the same form as its. */
const cexl = {
  of: 'mixs 1.7.8',
  compileUs: span(8, 33),
  expressions: [
    { text: 'context.protocol == "http"', mapBag: 112, wireBag: 199, goal: 50 },
    { text: 'request.headers["clnt"] == "abc"', mapBag: 98, wireBag: 203 },
    { text: 'api.protocol | context.protocol | "unknown"', mapBag: 290, wireBag: 317 },
    { text: 'request.path.startsWith("/ratings")', mapBag: 362, wireBag: 445 },
    { text: '"^/ratings/[0-9]+$".matches(request.path)', mapBag: 4_104, wireBag: 4_144 },
    {
      text:
        '(context.protocol == "http" || context.protocol == "grpc") && ' +
        '(match((request.useragent | "-"), "kube-probe*") == false) && ' +
        '(match((request.useragent | "-"), "Prometheus*") == false)',
      title: 'the rule of the Prometheus metrics',
      mapBag: 968,
      wireBag: 1_058,
    },
  ] satisfies ExpressionFigures[] as readonly ExpressionFigures[],
};

/** Citadel 1.4.10; milliseconds. */
const citadel = { of: 'Citadel 1.4.10', signMs: 1.11, csrMs: 118 };

export const anchors = { pilot, mixer, cexl, citadel };
