import { status } from '@grpc/grpc-js';
import { GrpcError, grpcMethod, rawCodec, type AuthenticatedCall, type ServiceHandlers } from '@keelson/edge/service';
import { callerOf, type Trust } from './caller';
import { answerCheck, takeReport, type CallLog, type Caller, type LivePolicy } from './calls';

export const mixerMethods = {
  check: grpcMethod('/istio.mixer.v1.Mixer/Check', 'unary', rawCodec, rawCodec),
  report: grpcMethod('/istio.mixer.v1.Mixer/Report', 'unary', rawCodec, rawCodec),
};

export interface MixerServiceOptions {
  /** The configuration at work; undefined before there is one. */
  policy: () => LivePolicy | undefined;
  log: CallLog;
  /** How many calls may wait for adapters at one time. */
  maxWaiting: number;
  /** Where identities come from; undefined where nobody shows a certificate. */
  trust: Trust | undefined;
}

const nothing = Buffer.alloc(0);

/** `istio.mixer.v1.Mixer` as gRPC serves it, on bytes. */
export function mixerHandlers(options: MixerServiceOptions): ServiceHandlers<typeof mixerMethods> {
  let waiting = 0;
  const admitted = <T>(
    call: AuthenticatedCall,
    run: (policy: LivePolicy, caller: Caller) => T | Promise<T>,
  ): T | Promise<T> => {
    const policy = options.policy();
    if (policy === undefined) throw new GrpcError(status.UNAVAILABLE, 'the configuration is not loaded yet');
    if (waiting >= options.maxWaiting) throw new GrpcError(status.UNAVAILABLE, 'too many calls wait for adapters');
    const result = run(policy, callerOf(call, options.trust));
    if (!(result instanceof Promise)) return result;
    waiting++;
    return result.finally(() => {
      waiting--;
    });
  };
  return {
    check: (request, call) => admitted(call, (policy, caller) => answerCheck(policy, request, caller, options.log)),
    report: (request, call) =>
      admitted(call, async (policy, caller) => {
        await takeReport(policy, request, caller, options.log);
        return nothing;
      }),
  };
}
