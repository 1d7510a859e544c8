export { settings, SettingsError, parseDuration, formatDuration, flagOf, variableOf } from './settings';
export type { SettingSpec, SettingsSpec, SettingsReading, SettingTypes, SettingValues } from './settings';
export { commonSettings, bootstrapFiles, defaultTlsNames, type CommonValues } from './component-settings';
export { cloneRoot } from './clone-root';
export { findBinary } from './binaries';
export { createLog, logGrpc, nestLogger, type Logger } from './log';
export { BackOff } from './back-off';
export { BoundedMap } from './bounded-map';
export { Health } from './health';
export { httpStatusOf, grpcStatusOf } from './status-codes';
export { FatalError } from './fatal-error';
export { ListenError, listenError, type ListenAddress } from './listen-error';
export { writePrivateFile, makePrivateDir } from './private-file';
export { lockDir, LockError } from './dir-lock';
export { SettableIdentity, type TlsIdentity, type TlsMaterial } from './tls-identity';
export { peerOf, peerOfSocket, subjectAltNames, type PeerIdentity, type AuthenticatedCall } from './peer';
export { HttpRouter, type HttpHandler, type HttpRequest, type HttpResponse } from './http-router';
export { HttpServer, type ClientCertificate, type ServerListenOptions } from './http-server';
export {
  grpcMethod,
  rawCodec,
  type GrpcHandlers,
  type GrpcMethod,
  type MessageCodec,
  type MethodKind,
  type ServiceHandlers,
  type UnaryCall,
} from './grpc-method';
export { GrpcServer, GrpcError, type GrpcServerOptions } from './grpc-server';
export { GrpcClient, type CallOptions } from './grpc-client';
export { channelCredentials, serverCredentials } from './grpc-credentials';
export { connectNats, type NatsLink, type NatsOptions } from './nats-link';
export { type Runtime, type ServicePart } from './runtime';
export { runService, startService, type RunningService, type ServiceOptions } from './run-service';
export { obtainIdentity, createCertificate, serverNamesHeader, type IdentityOptions } from './obtain-identity';
export { spiffeIdOf, isUsableMaterial } from './stored-identity';
export { componentIdentity, componentNats } from './component-identity';
export { natsServerConfig, type NatsServerSettings } from './nats-server-config';
