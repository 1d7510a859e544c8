export { adapters, makeAdapters } from './adapters';
export { HandlerPool } from './pool';
