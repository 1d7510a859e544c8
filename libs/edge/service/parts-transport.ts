import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { type ServicePart } from './runtime';

/**
 * Nest's transport for servers that are not Nest's: listening starts what the modules registered, closing stops it.
 * gRPC and HTTP servers of hot paths are handed their calls directly, without a message handler of Nest between.
 */
export class PartsTransport extends Server implements CustomTransportStrategy {
  readonly #started: ServicePart[] = [];

  constructor(readonly parts: readonly ServicePart[]) {
    super();
  }

  listen(callback: (error?: unknown) => void): void {
    // Side by side, since one may wait long for a certificate that another one helps to get.
    Promise.all(
      this.parts.map(async (part) => {
        this.#started.push(part);
        await part.start();
      }),
    ).then(
      () => {
        callback();
      },
      (error: unknown) => {
        callback(error);
      },
    );
  }

  async close(): Promise<void> {
    for (const part of this.#started.splice(0).reverse()) await part.stop();
  }

  override on(): never {
    throw new Error('this transport has no events');
  }

  override unwrap(): never {
    throw new Error('this transport has no server of its own');
  }
}
