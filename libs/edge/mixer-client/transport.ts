/** How Mixer is asked and told; the names are those of Istio's `TransportConfig` and `NetworkFailPolicy`. */
export interface Transport {
  retry: RetryPolicy;
  reportBatchMaxEntries: number;
  /** How long a record waits for others. */
  reportBatchMaxTimeMs: number;
  /** How long a request waits for a decision, with all retries. */
  checkTimeoutMs: number;
}

/** How a call is made again that nobody answered. */
export interface RetryPolicy {
  /** How often a call is made again. */
  maxRetry: number;
  /** The wait before the first retry; doubled for each further one, and shortened at random by up to a half. */
  baseRetryWaitMs: number;
  /** The most that a wait may grow to. */
  maxRetryWaitMs: number;
}

/** Istio's defaults. */
export const defaultTransport: Transport = {
  retry: { maxRetry: 0, baseRetryWaitMs: 80, maxRetryWaitMs: 1_000 },
  reportBatchMaxEntries: 100,
  reportBatchMaxTimeMs: 1_000,
  checkTimeoutMs: 1_000,
};
