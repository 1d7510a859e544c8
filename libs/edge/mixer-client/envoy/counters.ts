/** What went lost between Envoy and Mixer since the start, for metrics. All only grow. */
export class EnvoyCounters {
  /** Entries of access logs that were not reported, because they could not be read. */
  malformedEntries = 0;
  /** Changes of headers that Envoy cannot make, and were left out. */
  ignoredHeaderOperations = 0;
}
