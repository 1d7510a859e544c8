import type { ServerReadableStream } from '@grpc/grpc-js';
import { grpcMethod, rawCodec, type GrpcServer, type ServiceHandlers } from '@keelson/edge/service';
import { AccessLogStream } from './access-log';
import { ConnectionBytes } from './connection-bytes';
import { answerCheck, type EnvoyPolicyOptions } from './ext-authz';

const services = {
  check: grpcMethod('/envoy.service.auth.v3.Authorization/Check', 'unary', rawCodec, rawCodec),
  streamAccessLogs: grpcMethod(
    '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs',
    'client-stream',
    rawCodec,
    rawCodec,
  ),
};

/** Envoy's protocols in front of a policy backend: methods and handlers for a gRPC server. */
export interface EnvoyPolicyService {
  methods: typeof services;
  handlers: ServiceHandlers<typeof services>;
}

const nothing = Buffer.alloc(0);

/** `envoy.service.auth.v3.Authorization` and `envoy.service.accesslog.v3.AccessLogService` over a policy backend. */
export function envoyPolicyService(options: EnvoyPolicyOptions): EnvoyPolicyService {
  const connections = new ConnectionBytes();
  return {
    methods: services,
    handlers: {
      check: (request) => answerCheck(request, options),
      streamAccessLogs: (call) => follow(call, new AccessLogStream(options, connections)),
    },
  };
}

/** Envoy keeps a stream open as long as it can, and expects an answer only when it ends it. */
function follow(call: ServerReadableStream<Uint8Array, Uint8Array>, stream: AccessLogStream): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const end = (): void => {
      resolve(nothing);
    };
    call.on('data', (bytes: Uint8Array) => {
      stream.receive(bytes);
    });
    call.on('end', end);
    call.on('cancelled', end);
    call.on('error', end);
  });
}

/** Adds Envoy's protocols to a server. */
export function addEnvoyPolicy(server: GrpcServer, options: EnvoyPolicyOptions): void {
  const { methods, handlers } = envoyPolicyService(options);
  server.addService(methods, handlers);
}
