import { status, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { Health, RegisterRequest, RegisterResponse, type Workload } from '@keelson/api/keelson/workload/v1/workload';
import { channelCredentials, GrpcClient, grpcMethod, type Logger, type TlsIdentity } from '@keelson/edge/service';
import { LeaseClock } from './lease-clock';

const register = grpcMethod('/keelson.workload.v1.WorkloadService/Register', 'bidi', RegisterRequest, RegisterResponse);

export interface RegistrationOptions {
  /** Pilots, each `host:port`; the next is tried when one is away. */
  addresses: readonly string[];
  /** Shown to Pilot; without one the channel is plaintext, which only tests have. */
  identity: TlsIdentity | undefined;
  /** The SPIFFE id that Pilot must have. */
  pilotId: string;
  workload: Workload;
  log: Logger;
  onRegistered: (registered: boolean) => void;
}

/** How long to wait before the next attempt, by what went wrong. */
const backOff = { firstMs: 200, mostMs: 3_000, refusedMs: 10_000, unknownServiceMs: 60_000 };
const firstTtlMs = 30_000;

type Call = ClientDuplexStream<RegisterRequest, RegisterResponse>;

/** Keeps the workload registered: one stream to one Pilot, and to another when that one is away. */
export class Registration {
  private readonly ended = new AbortController();
  private workload: Workload;
  private stream: { call: Call; clock: LeaseClock } | undefined;
  private loop: Promise<void> | undefined;
  private deregistered: (() => void) | undefined;
  private failures = 0;
  private said = '';

  constructor(private readonly options: RegistrationOptions) {
    this.workload = { ...options.workload, health: Health.HEALTHY };
  }

  /** Registers now, and again whenever the stream breaks. */
  start(): void {
    this.loop ??= this.run();
  }

  /** Tells Pilot of a change of health; what cannot be told now is told with the next registration. */
  setHealth(health: Health): void {
    if (this.workload.health === health) return;
    this.workload = { ...this.workload, health };
    this.send({ $case: 'workload', value: this.workload });
  }

  /** Ends the lease, waiting for Pilot's word as long as told; without it the lease runs out by itself. */
  async stop(timeoutMs: number): Promise<void> {
    if (!this.loop) return;
    if (this.stream) {
      const answered = new Promise<void>((resolve) => (this.deregistered = resolve));
      this.send({ $case: 'deregistration', value: {} });
      await Promise.race([answered, pause(timeoutMs, this.ended.signal)]);
    }
    this.ended.abort();
    this.stream?.call.cancel();
    await this.loop;
  }

  private async run(): Promise<void> {
    const { addresses, identity, log } = this.options;
    await identity?.ready();
    for (let at = Math.floor(Math.random() * addresses.length); !this.isOver(); at++) {
      const address = addresses[at % addresses.length] ?? '';
      const reason = await this.attempt(address);
      this.options.onRegistered(false);
      if (this.deregistered) {
        this.deregistered();
        return;
      }
      if (this.isOver()) return;
      if (reason.text !== this.said) log.warn({ pilot: address, reason: reason.text }, 'not registered; trying again');
      this.said = reason.text;
      await pause(reason.waitMs, this.ended.signal);
    }
  }

  private isOver(): boolean {
    return this.ended.signal.aborted;
  }

  /** One stream, from its opening to its end; tells why it ended. */
  private async attempt(address: string): Promise<{ text: string; waitMs: number }> {
    const { identity, pilotId, log } = this.options;
    const client = new GrpcClient(address, channelCredentials(identity, { serverId: pilotId }), {
      keepaliveMs: 10_000,
    });
    const call = client.bidi(register);
    const clock = new LeaseClock(Date.now(), firstTtlMs);
    this.stream = { call, clock };
    let registered = false;
    try {
      return await new Promise((resolve) => {
        let timer: NodeJS.Timeout | undefined;
        const tick = (): void => {
          const due = clock.due(Date.now());
          if (due === 'leave') call.cancel();
          else if (due === 'renew') this.send({ $case: 'renewal', value: {} });
          schedule();
        };
        const schedule = (): void => {
          clearTimeout(timer);
          timer = setTimeout(tick, clock.wait(Date.now()));
        };
        const finish = (error?: ServiceError): void => {
          clearTimeout(timer);
          resolve(this.reasonOf(error, clock.due(Date.now()) === 'leave'));
        };
        call.on('data', (response: RegisterResponse) => {
          clock.answered(response.ttlMs ?? 0);
          schedule();
          this.failures = 0;
          this.said = '';
          this.options.onRegistered(true);
          if (!registered) log.info({ pilot: address, lease: response.lease, ttlMs: response.ttlMs }, 'registered');
          registered = true;
        });
        call.on('error', finish);
        call.on('end', () => {
          finish();
        });
        this.send({ $case: 'workload', value: this.workload });
        schedule();
      });
    } finally {
      this.stream = undefined;
      call.cancel();
      client.close();
    }
  }

  private send(kind: RegisterRequest['kind']): void {
    if (!this.stream) return;
    this.stream.clock.sent(Date.now());
    this.stream.call.write({ kind });
  }

  private reasonOf(error: ServiceError | undefined, silent: boolean): { text: string; waitMs: number } {
    const wait = Math.min(backOff.mostMs, backOff.firstMs * 2 ** Math.min(this.failures++, 10));
    const waitMs = wait * (0.5 + Math.random() / 2);
    if (silent) return { text: 'Pilot does not answer', waitMs: 0 };
    if (!error) return { text: 'Pilot ended the stream', waitMs };
    const text = `${status[error.code]}: ${error.details}`;
    switch (error.code) {
      case status.UNIMPLEMENTED:
        return { text, waitMs: backOff.unknownServiceMs };
      case status.PERMISSION_DENIED:
      case status.UNAUTHENTICATED:
      case status.INVALID_ARGUMENT:
      case status.ABORTED:
        return { text, waitMs: backOff.refusedMs };
      default:
        return { text, waitMs };
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
