import { commonSettings, settings, type SettingValues } from '@keelson/edge/service';

export const citadelSettings = settings({
  ...commonSettings,
  grpcPort: { type: 'number', default: 8060, help: 'Where certificates are signed.' },
  adminPort: { type: 'number', default: 8061, help: 'Where operators make join tokens.' },
  monitoringPort: { type: 'number', default: 15014, help: 'Health and metrics.' },
  workloadCertTtl: { type: 'duration', default: '24h', help: 'Lifetime of a certificate when none is asked for.' },
  maxWorkloadCertTtl: { type: 'duration', default: '90d', help: 'The longest lifetime that is granted.' },
  serverNames: {
    type: 'list',
    default: [],
    help: 'Further DNS names and IP addresses that components may ask for in their certificates, beside their default ones.',
  },
});

export type CitadelSettings = SettingValues<typeof citadelSettings.declarations>;
