import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Discovery } from './discovery';

/** Pilot's own metrics, under the names that istiod has for them. */
export class PilotMetrics {
  private readonly rejects: Counter<'type'>;
  private readonly convergence: Histogram;
  private readonly changes: Counter<'type'>;

  constructor(registry: Registry, discovery: () => Discovery) {
    const registers = [registry];
    new Gauge({
      name: 'pilot_xds',
      help: 'Proxies connected to this Pilot.',
      registers,
      collect() {
        this.set(discovery().proxies.size);
      },
    });
    new Gauge({
      name: 'pilot_services',
      help: 'Hosts that are known.',
      registers,
      collect() {
        this.set(discovery().model.services.hostnames().length);
      },
    });
    this.rejects = new Counter({
      name: 'pilot_total_xds_rejects',
      help: 'Responses that proxies refused, by type.',
      labelNames: ['type'],
      registers,
    });
    this.convergence = new Histogram({
      name: 'pilot_proxy_convergence_time',
      help: 'Seconds from a change until a proxy that it concerns has acknowledged it.',
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 3, 5, 10, 20, 30],
      registers,
    });
    this.changes = new Counter({
      name: 'pilot_inbound_updates',
      help: 'Changes that were folded, by what changed.',
      labelNames: ['type'],
      registers,
    });
  }

  rejected(typeUrl: string): void {
    this.rejects.inc({ type: typeUrl.slice(typeUrl.lastIndexOf('.') + 1) });
  }

  converged(seconds: number): void {
    this.convergence.observe(seconds);
  }

  changed(type: 'config' | 'workloads'): void {
    this.changes.inc({ type });
  }
}
