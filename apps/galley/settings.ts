import { commonSettings, settings } from '@keelson/edge/service';

export const galleySettings = settings({
  ...commonSettings,
  apiPort: { type: 'number', default: 15443, help: 'The API for operators, HTTPS with client certificates.' },
  mcpPort: { type: 'number', default: 9901, help: 'The source of configuration for Pilot and Mixer.' },
  mcpReaders: {
    type: 'list',
    default: ['pilot', 'mixer'],
    help: 'Service accounts of the root namespace that may read all configuration over MCP.',
  },
  monitoringPort: { type: 'number', default: 15014, help: 'Health and metrics.' },
  configLog: {
    type: 'string',
    default: 'nats',
    help: 'Where the log of commits lives: nats, or memory (one process, nothing is kept).',
  },
  configReplicas: { type: 'number', default: 1, help: 'Copies of the log in NATS: 1, or 3 in a cluster of three.' },
  configDir: {
    type: 'string',
    default: '',
    help: 'A folder of YAML and JSON that is watched and committed as its own owner; empty for none. Found empty at the start, it deletes nothing until a file is in it.',
  },
  configDirId: {
    type: 'string',
    default: '',
    help: 'Name of that folder as owner of its objects, the same on each replica that watches it; its absolute path if empty.',
  },
  maxApplyBytes: { type: 'number', default: 4 * 1024 * 1024, help: 'The largest request body that the API takes.' },
});

export type GalleySettings = ReturnType<typeof galleySettings.read>['values'];
