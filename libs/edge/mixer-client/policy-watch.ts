import { status, type ClientReadableStream } from '@grpc/grpc-js';
import { PolicyVersion, WatchRequest } from '@keelson/api/keelson/policy/v1/policy';
import { BackOff, grpcMethod, type GrpcClient } from '@keelson/edge/service';

const watch = grpcMethod('/keelson.policy.v1.PolicyVersions/Watch', 'server-stream', WatchRequest, PolicyVersion);
/** A Mixer of another make tells no versions; it may be replaced by one that does. */
const unimplementedWaitMs = 60_000;

/** Hears from Mixer at which version of its configuration it answers, and asks again when the stream broke. */
export class PolicyWatch {
  #stream: ClientReadableStream<PolicyVersion> | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #backOff = new BackOff(500, 10_000);
  readonly #unimplemented = new BackOff(unimplementedWaitMs, unimplementedWaitMs);
  #version: string | undefined;

  /** @param changed called when answers may differ from those that were had before */
  constructor(
    private readonly client: GrpcClient,
    private readonly changed: () => void,
  ) {
    this.#open();
  }

  close(): void {
    clearTimeout(this.#timer);
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.cancel();
  }

  #open(): void {
    const stream = this.client.serverStream(watch, {});
    this.#stream = stream;
    stream.on('data', ({ version }: PolicyVersion) => {
      this.#backOff.reset();
      if (version === this.#version) return;
      this.#version = version;
      this.changed();
    });
    // A status follows an error too.
    stream.on('error', () => undefined);
    stream.on('status', ({ code }) => {
      if (this.#stream !== stream) return;
      const backOff = code === status.UNIMPLEMENTED ? this.#unimplemented : this.#backOff;
      this.#timer = setTimeout(() => {
        this.#open();
      }, backOff.next()).unref();
    });
  }
}
