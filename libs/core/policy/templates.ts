import type { Template, TemplateFields } from './template';

const resource: TemplateFields = { monitoredResourceType: 'STRING', monitoredResourceDimensions: 'VALUES' };

/** Every template that is known here, with the fields of Mixer's own. Adding one touches this table. */
export const templates: readonly Template[] = [
  { name: 'checknothing', plural: 'checknothings', variety: 'check', fields: {} },
  { name: 'listentry', plural: 'listentries', variety: 'check', fields: { value: 'VALUE' } },
  {
    name: 'authorization',
    plural: 'authorizations',
    variety: 'check',
    fields: {
      subject: { user: 'STRING', groups: 'STRING', properties: 'VALUES' },
      action: { namespace: 'STRING', service: 'STRING', method: 'STRING', path: 'STRING', properties: 'VALUES' },
    },
  },
  {
    name: 'apikey',
    plural: 'apikeys',
    variety: 'check',
    fields: { api: 'STRING', apiVersion: 'STRING', apiOperation: 'STRING', apiKey: 'STRING', timestamp: 'TIMESTAMP' },
  },
  { name: 'quota', plural: 'quotas', variety: 'quota', fields: { dimensions: 'VALUES' } },
  { name: 'reportnothing', plural: 'reportnothings', variety: 'report', fields: {} },
  {
    name: 'metric',
    plural: 'metrics',
    variety: 'report',
    fields: { value: 'VALUE', dimensions: 'VALUES', ...resource },
  },
  {
    name: 'logentry',
    plural: 'logentries',
    variety: 'report',
    fields: { variables: 'VALUES', timestamp: 'TIMESTAMP', severity: 'STRING', ...resource },
  },
  {
    name: 'tracespan',
    plural: 'tracespans',
    variety: 'report',
    fields: {
      traceId: 'STRING',
      spanId: 'STRING',
      parentSpanId: 'STRING',
      spanName: 'STRING',
      startTime: 'TIMESTAMP',
      endTime: 'TIMESTAMP',
      spanTags: 'VALUES',
      httpStatusCode: 'INT64',
      clientSpan: 'BOOL',
      rewriteClientSpanId: 'BOOL',
      sourceName: 'STRING',
      sourceIp: 'IP_ADDRESS',
      destinationName: 'STRING',
      destinationIp: 'IP_ADDRESS',
      requestSize: 'INT64',
      requestTotalSize: 'INT64',
      responseSize: 'INT64',
      responseTotalSize: 'INT64',
      apiProtocol: 'STRING',
    },
  },
  {
    name: 'edge',
    plural: 'edges',
    variety: 'report',
    fields: {
      timestamp: 'TIMESTAMP',
      sourceWorkloadNamespace: 'STRING',
      sourceWorkloadName: 'STRING',
      sourceOwner: 'STRING',
      sourceUid: 'STRING',
      destinationWorkloadNamespace: 'STRING',
      destinationWorkloadName: 'STRING',
      destinationOwner: 'STRING',
      destinationUid: 'STRING',
      destinationServiceNamespace: 'STRING',
      destinationServiceName: 'STRING',
      contextProtocol: 'STRING',
      apiProtocol: 'STRING',
    },
  },
];

const byName = new Map(templates.map((template) => [template.name, template]));

export function templateByName(name: string): Template | undefined {
  return byName.get(name);
}
