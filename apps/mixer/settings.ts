import { commonSettings, settings } from '@keelson/edge/service';

export const mixerSettings = settings({
  ...commonSettings,
  configStoreUrl: {
    type: 'string',
    default: 'mcp://127.0.0.1:9901',
    help: 'Where configuration comes from: mcp://host:port of Galley, or fs:///folder (then neither NATS, Galley nor Citadel is needed).',
  },
  grpcPort: { type: 'number', default: 9091, help: 'Checks and reports; over mutual TLS where Mixer has an identity.' },
  monitoringPort: { type: 'number', default: 15014, help: 'Health and metrics.' },
  prometheusPort: { type: 'number', default: 42422, help: "The Prometheus adapter's metrics; 0 for any free port." },
  maxMessageSize: { type: 'number', default: 1_048_576, help: 'The largest request that is taken in, in bytes.' },
  maxConcurrentStreams: {
    type: 'number',
    default: 1024,
    help: 'Calls that wait for adapters at one time; more are answered UNAVAILABLE.',
  },
});

export type MixerSettings = ReturnType<typeof mixerSettings.read>['values'];
