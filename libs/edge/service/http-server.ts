import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { HttpRouter } from './http-router';
import { listenError, type ListenAddress } from './listen-error';
import { type Logger } from './log';
import { type TlsIdentity, type TlsMaterial } from './tls-identity';

/** What a caller must show: a verified certificate, one if it has one, or nothing. */
export type ClientCertificate = 'require' | 'optional' | 'none';

export interface ServerListenOptions extends ListenAddress {
  /** The certificate to serve; plaintext without. */
  tls?: TlsIdentity | undefined;
  clientCert?: ClientCertificate;
}

const limits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 5_000,
};

/** An HTTP or HTTPS server around a router. Its certificate is swapped on renewal, for new connections. */
export class HttpServer extends HttpRouter {
  #server: Server | TlsServer | undefined;
  #unwatch: () => void = () => undefined;

  constructor(options: { log: Logger; bodyLimit?: number }) {
    super(options.log, options.bodyLimit);
  }

  /** Opens the port and tells which it is (when 0 was asked for, any free one). */
  async listen(options: ServerListenOptions): Promise<number> {
    await options.tls?.ready();
    const answer: RequestListener = (request, response) => void this.handle(request, response);
    const server =
      options.tls === undefined
        ? createServer(limits, answer)
        : this.#secure(options.tls, options.clientCert ?? 'none', answer);
    server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      else socket.destroy();
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        reject(listenError(error, options));
      });
      server.listen(options.port, options.host, resolve);
    });
    server.on('error', (error) => {
      this.log.error({ err: error }, 'the HTTP server reports an error');
    });
    this.#server = server;
    return (server.address() as AddressInfo).port;
  }

  #secure(identity: TlsIdentity, clientCert: ClientCertificate, answer: RequestListener): TlsServer {
    const context = ({ key, chain, roots }: TlsMaterial): { key: string; cert: string; ca: string } => ({
      key,
      cert: chain,
      ca: roots,
    });
    const server = createTlsServer(
      {
        ...limits,
        ...context(identity.current()),
        requestCert: clientCert !== 'none',
        rejectUnauthorized: clientCert === 'require',
        handshakeTimeout: 10_000,
      },
      answer,
    );
    server.on('tlsClientError', (error) => {
      this.log.debug({ err: error }, 'a TLS handshake failed');
    });
    this.#unwatch = identity.onChange((material) => {
      server.setSecureContext(context(material));
    });
    return server;
  }

  /** Lets running requests end within the given time, then closes what is left. */
  async stop(graceMs = 3_000): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#unwatch();
    const force = setTimeout(() => {
      server.closeAllConnections();
    }, graceMs);
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeIdleConnections();
    });
    clearTimeout(force);
    this.#server = undefined;
  }
}
