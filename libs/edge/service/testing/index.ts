export { TrialAuthority } from './authority';
export { freePort } from './free-port';
export { LogSink } from './log-sink';
export { NatsServer } from './nats-server';
export { framed, rawCall, type RawAnswer, type RawCallOptions } from './raw-call';
