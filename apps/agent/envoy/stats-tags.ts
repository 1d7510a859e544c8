/** An address or a port in the name of a listener's or connection manager's statistics. */
const address = '(?:[_.[:digit:]]*|[_\\[\\]aAbBcCdDeEfF[:digit:]]*)';

/**
 * What Envoy takes out of the names of its statistics as labels, by the names that dashboards for Istio expect. A cluster
 * of a service keeps its whole host: `outbound|9080||reviews.default.svc.cluster.local`.
 */
export function statsTags(domainSuffix: string): { tag_name: string; regex: string }[] {
  const suffix = domainSuffix.replaceAll('.', '\\.');
  return [
    { tag_name: 'cluster_name', regex: `^cluster\\.((.+?(\\..+?\\.svc\\.${suffix})?)\\.)` },
    { tag_name: 'tcp_prefix', regex: '^tcp\\.((.*?)\\.)\\w+?$' },
    { tag_name: 'response_code', regex: '_rq(_(\\d{3}))$' },
    { tag_name: 'response_code_class', regex: '_rq(_(\\dxx))$' },
    { tag_name: 'http_conn_manager_listener_prefix', regex: `^listener(?=\\.).*?\\.http\\.((${address})\\.)` },
    { tag_name: 'http_conn_manager_prefix', regex: `^http\\.((${address})\\.)` },
    { tag_name: 'listener_address', regex: `^listener\\.((${address})\\.)` },
    { tag_name: 'mongo_prefix', regex: '^mongo\\.(.+?)\\.(collection|cmd|cx_|op_|delays_|decoding_)(.*?)$' },
  ];
}
