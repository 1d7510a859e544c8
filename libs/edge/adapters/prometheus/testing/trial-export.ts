import type { Adapter, Handler, InstanceDescription } from '@keelson/core/policy';
import { openAdapter, TestClock } from '../../testing/open-adapter';
import { prometheusAdapter } from '../prometheus';
import { MetricRegistry } from '../registry';
import { parseText, type Sample } from './parse-text';

/** The adapter without a socket, and its export. */
export class TrialExport {
  readonly clock = new TestClock();
  readonly registry = new MetricRegistry();
  /** How many handlers want a server. */
  users = 0;
  readonly adapter: Adapter = prometheusAdapter(this.registry, {
    failure: undefined,
    acquire: () => this.users++,
    release: () => {
      this.users--;
      return Promise.resolve();
    },
  });

  open(params: object, instances: readonly InstanceDescription[]): Handler {
    return openAdapter(this.adapter, params, { instances, clock: this.clock });
  }

  text(): string {
    return [...this.registry.text()].join('');
  }

  samples(): Sample[] {
    return parseText(this.text()).flatMap(({ samples }) => samples);
  }
}
