import { type Logger, type NatsLink } from '@keelson/edge/service';
import { StringCodec } from 'nats';

const codec = StringCodec();
const retryMs = 1_000;

/**
 * Claims the mesh for a root: the first one stands in NATS for good, and a Citadel with another would split the mesh in
 * two that do not trust each other. Resolves with the root that holds the mesh if it is not ours, else with undefined.
 */
export async function claimRoot(
  link: NatsLink,
  fingerprint: string,
  signal: AbortSignal,
  log: Logger,
): Promise<string | undefined> {
  const stopped = (): boolean => signal.aborted;
  while (!stopped()) {
    try {
      const connection = await link.connection();
      const bucket = await connection.jetstream().views.kv(link.bucket('TRUST'), { history: 1 });
      try {
        await bucket.create('root', codec.encode(fingerprint));
        return undefined;
      } catch (error) {
        const entry = await bucket.get('root');
        if (entry === null) throw error;
        const holder = codec.decode(entry.value);
        return holder === fingerprint ? undefined : holder;
      }
    } catch (error) {
      if (stopped()) return undefined;
      log.warn(
        { reason: error instanceof Error ? error.message : String(error) },
        'the root could not be compared with the one in NATS yet',
      );
      await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
    }
  }
  return undefined;
}
