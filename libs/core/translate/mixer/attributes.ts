import { QuotaSpec } from '@keelson/api/istio/mixer/v1/config/client/quota';
import { serviceName, type InboundPort, type InboundScope, type Service } from '@keelson/core/mesh';

/** What is known beforehand of the requests to a port, by the names of Mixer's attributes. */
export function portAttributes({ client, namespace }: InboundScope, { service }: InboundPort): Record<string, string> {
  // An agent knows more of the workload than its namespace, and says it itself.
  return { ...(!client.mixerClient && { 'destination.namespace': namespace }), ...serviceAttributes(service) };
}

function serviceAttributes(service: Service | undefined): Record<string, string> {
  if (service === undefined) return {};
  return {
    'destination.service.host': service.hostname,
    'destination.service.name': serviceName(service),
    'destination.service.namespace': service.namespace,
    'destination.service.uid': `istio://${service.namespace}/services/${serviceName(service)}`,
  };
}

/** What a check of requests to a port is told beside the request itself. */
export function checkExtensions(inbound: InboundScope, port: InboundPort): Record<string, string> {
  const quotas = port.policy?.quotas;
  return {
    'context.reporter.kind': 'inbound',
    ...portAttributes(inbound, port),
    ...(quotas && { 'istio.quota_specs': Buffer.from(QuotaSpec.encode(quotas).finish()).toString('base64') }),
  };
}
