import { createLog, GrpcServer } from '@keelson/edge/service';

import { type NewStream, type Progress, type ProxyView, type Refusal, type XdsHandler } from '../handler';
import { ResourceLayer } from '../layer';
import { type Resource } from '../resource';
import { XdsServer, type XdsOptions } from '../server';
import { type ShortType, shortTypes } from './clients';

/** An xDS server on a real port, whose one view is made of a layer for each type. */
export class ServedLayers implements XdsHandler {
  readonly layers = new Map<ShortType, ResourceLayer>();
  readonly view: ProxyView;
  readonly nacks: Refusal[] = [];
  readonly opened: NewStream[] = [];
  readonly ended: number[] = [];
  readonly errors: unknown[] = [];
  readonly xds: XdsServer;
  progressed: Omit<Progress, 'stream'> = { sent: 0, acked: 0, refused: [] };
  tick = 0;
  port = 0;
  #grpc: GrpcServer | undefined;
  #waiting: (() => void)[] = [];

  constructor(options: XdsOptions = {}) {
    for (const [short, url] of Object.entries(shortTypes))
      this.layers.set(short as ShortType, new ResourceLayer(url, short));
    this.view = { layers: new Map([...this.layers.values()].map((layer) => [layer.typeUrl, [layer]])) };
    this.xds = new XdsServer(this, { onError: (error) => this.errors.push(error), ...options });
  }

  async listen(port = 0): Promise<number> {
    this.#grpc = new GrpcServer({ log: createLog('test', 'fatal'), maxReceiveBytes: 64 * 1024 * 1024 });
    this.xds.register(this.#grpc);
    this.port = await this.#grpc.listen({ host: '127.0.0.1', port });
    return this.port;
  }

  /** Ends all streams and frees the port; the layers stay. */
  async close(): Promise<void> {
    await this.#grpc?.stop(0);
  }

  /** Replaces units, each named for its first resource, and pushes. */
  change(changes: Partial<Record<ShortType, Record<string, Resource[]>>>): number {
    this.tick++;
    for (const [short, units] of Object.entries(changes))
      for (const [unit, resources] of Object.entries(units))
        this.layers.get(short as ShortType)?.replace(this.tick, unit, resources);
    this.xds.push(this.tick);
    return this.tick;
  }

  connect(stream: NewStream): ProxyView {
    this.opened.push(stream);
    this.#wake();
    return this.view;
  }

  disconnected(streamId: number): void {
    this.ended.push(streamId);
    this.#wake();
  }

  nacked(refusal: Refusal): void {
    this.nacks.push(refusal);
    this.#wake();
  }

  progress({ sent, acked, refused }: Progress): void {
    this.progressed = { sent, acked, refused };
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Waits for something that a request or a call of the handler makes true. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds())
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        setTimeout(resolve, 20); // requests that move nothing call no one
      });
  }
}
