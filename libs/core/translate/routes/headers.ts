import type { Headers, Headers_HeaderOperations } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import {
  HeaderValueOption_HeaderAppendAction as Append,
  type HeaderValueOption,
} from '@keelson/api/envoy/config/core/v3/base';
import { sortedEntries } from '../order';
import { safeFormat } from './header-format';

/** What Envoy's routes and weighted clusters alike can do to headers. */
export interface HeaderChanges {
  requestHeadersToAdd?: HeaderValueOption[];
  requestHeadersToRemove?: string[];
  responseHeadersToAdd?: HeaderValueOption[];
  responseHeadersToRemove?: string[];
}

/** Header operations in Envoy's form. A new Host is not among them: see `authorityOf`. */
export function headerChanges(headers: Headers | undefined): HeaderChanges {
  const requestAdds = additions(headers?.request);
  const responseAdds = additions(headers?.response);
  const requestRemoves = headers?.request?.remove ?? [];
  const responseRemoves = headers?.response?.remove ?? [];
  return {
    ...(requestAdds.length === 0 ? {} : { requestHeadersToAdd: requestAdds }),
    ...(requestRemoves.length === 0 ? {} : { requestHeadersToRemove: requestRemoves }),
    ...(responseAdds.length === 0 ? {} : { responseHeadersToAdd: responseAdds }),
    ...(responseRemoves.length === 0 ? {} : { responseHeadersToRemove: responseRemoves }),
  };
}

/** The Host that header operations set or add, of which there is but one; Envoy takes it as a rewrite only. */
export function authorityOf(headers: Headers | undefined): string | undefined {
  const { set, add } = headers?.request ?? {};
  return [...sortedEntries(set), ...sortedEntries(add)].find(([name]) => isAuthority(name))?.[1];
}

function additions(operations: Headers_HeaderOperations | undefined): HeaderValueOption[] {
  const option =
    (append: Append) =>
    ([key, value]: [string, string]) => ({
      header: { key, value: safeFormat(value) },
      appendAction: append,
    });
  return [
    ...sortedEntries(operations?.set)
      .filter(([name]) => !isAuthority(name))
      .map(option(Append.OVERWRITE_IF_EXISTS_OR_ADD)),
    ...sortedEntries(operations?.add)
      .filter(([name]) => !isAuthority(name))
      .map(option(Append.APPEND_IF_EXISTS_OR_ADD)),
  ];
}

function isAuthority(name: string): boolean {
  const lower = name.toLowerCase();
  return lower === 'host' || lower === ':authority';
}
