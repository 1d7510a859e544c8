/** What a client of Mixer did since it started, for metrics. All only grow. */
export class ClientCounters {
  /** Checks that were asked of this client. */
  checks = 0;
  /** Of these, answered without asking Mixer whether the request may pass. */
  checkCacheHits = 0;
  /** Of these, answered with a denial, be it Mixer's or for want of a quota. */
  denials = 0;
  /** Of these, the ones on which nobody could decide. */
  failures = 0;
  /** Checks whose quotas were decided. */
  quotaChecks = 0;
  /** Of these, decided without asking Mixer. */
  quotaCacheHits = 0;
  /** Calls of Mixer's Check, without retries. */
  checkCalls = 0;
  /** Of these, the ones that failed in the end. */
  checkFailures = 0;
  /** How often all kept answers and grants were dropped, because Mixer's configuration had changed. */
  policyChanges = 0;
  /** Records that were handed over for a report. */
  reports = 0;
  /** Records that Mixer took. */
  reportsSent = 0;
  /** Records of calls of which Mixer could not report a part. */
  reportsFailedInPart = 0;
  /** Records that went lost: the queue was full, or Mixer refused them. */
  reportsDropped = 0;
}
