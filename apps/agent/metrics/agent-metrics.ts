import { Counter, Gauge, Registry } from 'prom-client';
import type { MixerCounters } from '../mixer/mixer-client';

const mixerCounters: Readonly<Record<string, { key: keyof MixerCounters['client']; help: string }>> = {
  keelson_mixer_client_checks_total: { key: 'checks', help: 'Requests that the proxy asked about.' },
  keelson_mixer_client_check_cache_hits_total: {
    key: 'checkCacheHits',
    help: 'Of these, decided by an earlier answer of Mixer.',
  },
  keelson_mixer_client_denials_total: { key: 'denials', help: 'Requests that were refused.' },
  keelson_mixer_client_failures_total: {
    key: 'failures',
    help: 'Requests on which nobody could decide; what becomes of them is set at the proxy.',
  },
  keelson_mixer_client_quota_checks_total: { key: 'quotaChecks', help: 'Requests that took a quota.' },
  keelson_mixer_client_quota_cache_hits_total: {
    key: 'quotaCacheHits',
    help: 'Of these, taken from what was granted before.',
  },
  keelson_mixer_client_calls_total: { key: 'checkCalls', help: "Calls of Mixer's Check." },
  keelson_mixer_client_call_failures_total: { key: 'checkFailures', help: 'Calls that ended without an answer.' },
  keelson_mixer_client_policy_changes_total: {
    key: 'policyChanges',
    help: 'How often what was kept was dropped, because the configuration of Mixer had changed.',
  },
  keelson_mixer_client_reports_total: { key: 'reports', help: 'Requests and connections to be reported.' },
  keelson_mixer_client_reports_sent_total: { key: 'reportsSent', help: 'Of these, taken by Mixer.' },
  keelson_mixer_client_reports_failed_in_part_total: {
    key: 'reportsFailedInPart',
    help: 'Of these, told in calls of which Mixer could not report a part.',
  },
  keelson_mixer_client_reports_dropped_total: { key: 'reportsDropped', help: 'Of these, lost.' },
};
const envoyCounters: Readonly<Record<string, { key: keyof MixerCounters['envoy']; help: string }>> = {
  keelson_mixer_client_malformed_log_entries_total: {
    key: 'malformedEntries',
    help: "Entries of the proxy's access logs that could not be read, and went lost.",
  },
  keelson_mixer_client_ignored_header_operations_total: {
    key: 'ignoredHeaderOperations',
    help: 'Changes of headers that Mixer asked for and the proxy cannot make.',
  },
};

/** What the agent counts of itself, by the names that pilot-agent gives them. */
export class AgentMetrics {
  readonly registry = new Registry();
  readonly scrapes = new Counter({
    name: 'istio_agent_scrapes_total',
    help: 'Requests for the merged metrics.',
    registers: [this.registry],
  });
  readonly scrapeFailures = new Counter({
    name: 'istio_agent_scrape_failures_total',
    help: 'Sources that did not answer when the merged metrics were asked for.',
    labelNames: ['type'],
    registers: [this.registry],
  });
  private readonly certificateEnd = new Gauge({
    name: 'istio_agent_cert_expiry_seconds',
    help: 'Seconds that are left of a certificate; negative when it has ended.',
    labelNames: ['resource_name'],
    registers: [this.registry],
    collect: () => {
      for (const [name, end] of this.ends) this.certificateEnd.set({ resource_name: name }, (end - Date.now()) / 1000);
    },
  });
  readonly startup = new Gauge({
    name: 'istio_agent_startup_duration_seconds',
    help: 'Seconds from the start of the agent to the first readiness of its proxy.',
    registers: [this.registry],
  });
  readonly ready = new Gauge({
    name: 'keelson_agent_ready',
    help: '1 when the proxy has taken its first configuration and serves it.',
    registers: [this.registry],
  });
  readonly registered = new Gauge({
    name: 'keelson_agent_registered',
    help: '1 when Pilot holds a lease of the workload and the last renewal was answered.',
    registers: [this.registry],
  });
  readonly envoyCrashes = new Gauge({
    name: 'keelson_agent_envoy_crashes',
    help: 'How often Envoy ended by itself.',
    registers: [this.registry],
  });
  readonly memory = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the agent.',
    registers: [this.registry],
    collect: () => {
      this.memory.set(process.memoryUsage.rss());
    },
  });
  private readonly ends = new Map<string, number>();

  /** What a client of Mixer counts is told with every scrape, as counters. */
  followMixer({ client, envoy }: MixerCounters): void {
    for (const [name, { key, help }] of Object.entries(mixerCounters)) this.follow(name, help, () => client[key]);
    for (const [name, { key, help }] of Object.entries(envoyCounters)) this.follow(name, help, () => envoy[key]);
  }

  private follow(name: string, help: string, count: () => number): void {
    const counter = new Counter({
      name,
      help,
      registers: [this.registry],
      collect: () => {
        counter.reset();
        counter.inc(count());
      },
    });
  }

  /** A certificate was replaced; `end` is milliseconds since 1970. */
  certificate(name: string, end: number): void {
    this.ends.set(name, end);
  }
}
