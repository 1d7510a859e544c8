import { settings, type SettingValues } from '@keelson/edge/service';

/** What `npm start -- …` can be told. */
export const flags = settings({
  dataDir: { type: 'string', default: '.keelson', help: 'Where all state and all logs are kept.' },
  httpPort: { type: 'number', default: 8080, help: 'Port of the product page by HTTP.' },
  httpsPort: { type: 'number', default: 8443, help: 'Port of the product page by HTTPS.' },
  loopback: {
    type: 'string',
    default: '127.1.0',
    help: 'The first three numbers of the addresses that the workloads own.',
  },
  applicationPort: { type: 'number', default: 9180, help: 'First of 16 ports of the applications on 127.0.0.1.' },
  galleyPort: { type: 'number', default: 15443, help: "Port of Galley's API." },
  mcpPort: { type: 'number', default: 9901, help: 'Port by which Galley distributes configuration.' },
  pilotPort: { type: 'number', default: 15012, help: 'Port of Pilot for proxies and agents.' },
  citadelPort: { type: 'number', default: 8060, help: 'Port on which Citadel signs certificates.' },
  citadelAdminPort: { type: 'number', default: 8061, help: "Port of Citadel's administration." },
  natsPort: { type: 'number', default: 4222, help: 'Port of the NATS server.' },
  mixerPort: { type: 'number', default: 9091, help: 'Port of Mixer for agents.' },
  prometheusPort: {
    type: 'number',
    default: 42422,
    help: "Port of the mesh's metrics, by Mixer's Prometheus adapter.",
  },
  pilotMonitoringPort: { type: 'number', default: 15014, help: 'Port of health, metrics and debug pages of Pilot.' },
  galleyMonitoringPort: { type: 'number', default: 15024, help: 'Port of health and metrics of Galley.' },
  citadelMonitoringPort: { type: 'number', default: 15034, help: 'Port of health and metrics of Citadel.' },
  mixerMonitoringPort: { type: 'number', default: 15044, help: 'Port of health and metrics of Mixer itself.' },
  logLevel: { type: 'string', default: 'info', help: 'Level of the components: debug, info, warn or error.' },
});

export type Flags = SettingValues<(typeof flags)['declarations']>;
