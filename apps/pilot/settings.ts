import { commonSettings, settings } from '@keelson/edge/service';

export const pilotSettings = settings({
  ...commonSettings,
  pilotId: {
    type: 'string',
    default: '',
    help: 'Name of this replica in receipts; made from the host name and port if empty.',
  },
  configSource: {
    type: 'string',
    default: 'mcp://127.0.0.1:9901',
    help: 'Where configuration comes from: mcp://host:port of Galley, or fs:///folder (then neither NATS, Galley nor Citadel is needed).',
  },
  grpcPort: { type: 'number', default: 15010, help: 'Plaintext discovery; 0 for none.' },
  grpcAddress: { type: 'string', default: '127.0.0.1', help: 'The address of plaintext discovery.' },
  secureGrpcPort: { type: 'number', default: 15012, help: 'Discovery and registration over mutual TLS; 0 for none.' },
  monitoringPort: { type: 'number', default: 15014, help: 'Health, metrics and debug.' },
  httpPort: { type: 'number', default: 8080, help: 'Debug pages, as istiod has them there too; 0 for none.' },
  leaseTtl: { type: 'duration', default: '30s', help: 'How long a workload stays registered without a renewal.' },
});

export type PilotSettings = ReturnType<typeof pilotSettings.read>['values'];
