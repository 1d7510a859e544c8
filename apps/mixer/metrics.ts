import { Counter, Gauge, type Registry } from 'prom-client';
import type { PolicyPlan } from '@keelson/core/policy';
import type { EnvoyPolicies } from './envoy-policies';

/** Mixer's own metrics: about its configuration under the names that Mixer has for them, and about proxies without an agent. */
export class MixerMetrics {
  private readonly attributes: Gauge;
  private readonly handlers: Gauge;
  private readonly rules: Gauge;
  private readonly problems: Gauge;

  constructor(private readonly registry: Registry) {
    const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers: [registry] });
    this.attributes = gauge('mixer_config_attributes_total', 'Attributes that the manifests declare.');
    this.handlers = gauge('mixer_config_handler_configs_total', 'Handlers that rules use.');
    this.rules = gauge('mixer_config_rule_configs_total', 'Rules at work.');
    this.problems = gauge('mixer_config_errors_total', 'What is wrong in the configuration and left out.');
  }

  /** What is counted of proxies without an agent is told with every scrape. */
  follow({ envoy, local }: EnvoyPolicies['counters']): void {
    const counter = (name: string, help: string, count: () => number): Counter => {
      const made = new Counter({
        name,
        help,
        registers: [this.registry],
        collect: () => {
          made.reset();
          made.inc(count());
        },
      });
      return made;
    };
    counter(
      'keelson_mixer_failed_checks_total',
      'Requests of proxies on which nobody could decide.',
      () => local.failedChecks,
    );
    counter(
      'keelson_mixer_malformed_log_entries_total',
      'Entries of access logs that could not be read, and went lost.',
      () => envoy.malformedEntries,
    );
    counter(
      'keelson_mixer_ignored_header_operations_total',
      'Changes of headers that Envoy cannot make, and were left out.',
      () => envoy.ignoredHeaderOperations,
    );
  }

  configured({ vocabulary, handlers, rules, problems }: PolicyPlan): void {
    this.attributes.set(vocabulary.size);
    this.handlers.set(handlers.size);
    this.rules.set(rules.length);
    this.problems.set(problems.length);
  }
}
