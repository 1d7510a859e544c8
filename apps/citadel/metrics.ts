import { Counter, Gauge, type Registry } from 'prom-client';

/** Citadel's metrics, under the names that dashboards know. */
export class CitadelMetrics {
  readonly requests: Counter;
  readonly issued: Counter<'event'>;
  readonly refused: Counter<'reason'>;

  constructor(registry: Registry, rootNotAfter: number) {
    const registers = [registry];
    this.requests = new Counter({
      name: 'citadel_server_csr_count',
      help: 'Certificate requests that came in.',
      registers,
    });
    this.issued = new Counter({
      name: 'citadel_server_success_cert_issuance_count',
      help: 'Certificates that were given out, by event.',
      labelNames: ['event'],
      registers,
    });
    this.refused = new Counter({
      name: 'citadel_server_refused_count',
      help: 'Certificate requests that were refused, by reason.',
      labelNames: ['reason'],
      registers,
    });
    new Gauge({
      name: 'citadel_server_root_cert_expiry_timestamp',
      help: 'When the root expires, in seconds since 1970.',
      registers,
    }).set(Math.floor(rootNotAfter / 1000));
  }
}
