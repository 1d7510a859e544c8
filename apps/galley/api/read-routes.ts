import { problemError } from '@keelson/core/problems';
import { kinds, objectTitle, parseRevision, type KindDefinition, type StoredObject } from '@keelson/core/config';
import type { HttpResponse } from '@keelson/edge/service';
import type { Configuration } from '../configuration';
import type { HistoryQuery } from '../history';
import type { ReceiptBook } from '../receipts/receipt-book';
import type { OperatorRequest, OperatorRoutes } from './operators';

export interface ReadRoutesOptions {
  configuration: () => Configuration;
  receipts: ReceiptBook;
}

/** The routes that only read. */
export class ReadRoutes {
  constructor(private readonly options: ReadRoutesOptions) {}

  register(routes: OperatorRoutes): void {
    const kind = '/apis/:group/:version';
    routes.route('GET', `${kind}/:plural`, (request) => this.list(request));
    routes.route('GET', `${kind}/namespaces/:namespace/:plural`, (request) => this.list(request));
    routes.route('GET', `${kind}/namespaces/:namespace/:plural/:name`, (request) => this.get(request));
    routes.route('GET', '/v1/revisions', (request) => this.revisions(request));
    routes.route('GET', '/v1/revisions/:revision', (request) => this.revision(request));
    routes.route('GET', '/v1/proxies', () => ({ status: 200, body: this.options.receipts.rows() }));
    routes.route('GET', '/v1/snapshot', () => this.snapshot());
  }

  private list({ params }: OperatorRequest): HttpResponse {
    const kind = kindAt(params);
    const { snapshot } = this.configuration().follower;
    return {
      status: 200,
      body: {
        apiVersion: apiVersionOf(params),
        kind: `${kind.kind}List`,
        metadata: { resourceVersion: snapshot.revision },
        items: snapshot.list(kind.kind, params['namespace']).map((stored) => shown(stored, apiVersionOf(params))),
      },
    };
  }

  private get({ params }: OperatorRequest): HttpResponse {
    const { kind } = kindAt(params);
    const ref = { kind, namespace: params['namespace'] ?? '', name: params['name'] ?? '' };
    const stored = this.configuration().follower.snapshot.get(ref);
    if (!stored) throw problemError('not-found', 'does not exist', { object: objectTitle(ref) });
    return { status: 200, body: shown(stored, apiVersionOf(params)) };
  }

  private revisions({ query }: OperatorRequest): HttpResponse {
    const limit = Number(query.get('limit') ?? 50);
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
      throw problemError('invalid-value', 'must be a number from 1 to 1000', { field: 'limit' });
    const configuration = this.configuration();
    const wanted = { ...beforeIn(query, configuration), ...objectIn(query) };
    return { status: 200, body: configuration.history.newest(limit, wanted) };
  }

  private revision({ params }: OperatorRequest): HttpResponse {
    const name = params['revision'] ?? '';
    const entry = this.configuration().history.find(name);
    if (!entry) throw problemError('not-found', `there is no revision ${name}`);
    return { status: 200, body: { ...entry, receipts: this.options.receipts.receiptsOf(entry.revision) } };
  }

  private snapshot(): HttpResponse {
    const { follower, history } = this.configuration();
    const { revision, epoch, size, hash } = follower.snapshot;
    return { status: 200, body: { revision, epoch, objects: size, hash, history: history.start } };
  }

  private configuration(): Configuration {
    const configuration = this.options.configuration();
    configuration.ensureLoaded();
    return configuration;
  }
}

/** The sequence before which commits are asked for, given by itself or as a revision of this log. */
function beforeIn(query: URLSearchParams, { history, follower }: Configuration): Pick<HistoryQuery, 'before'> {
  const before = query.get('before');
  if (before === null) return {};
  const revision = parseRevision(before);
  const sequence = revision?.seq ?? (/^[1-9]\d{0,14}$/.test(before) ? Number(before) : 0);
  if (sequence === 0)
    throw problemError('invalid-value', 'must be a revision, or the sequence of one', { field: 'before' });
  const { epoch } = follower.snapshot;
  // Commits from before the log was restored keep the epoch in which they were written.
  if (revision && revision.epoch !== epoch && !history.find(before))
    throw problemError('invalid-value', `is not a revision of this log, which is in epoch ${epoch}`, {
      field: 'before',
    });
  return { before: sequence };
}

/** The object whose changes are asked for. */
function objectIn(query: URLSearchParams): Pick<HistoryQuery, 'object'> {
  const [kind, namespace, name] = objectParameters.map((field) => query.get(field));
  if (kind && namespace && name) return { object: { kind, namespace, name } };
  const missing = objectParameters.find((field) => !query.get(field));
  if (objectParameters.some((field) => query.has(field)))
    throw problemError('invalid-value', 'is missing: an object has a kind, a namespace and a name', { field: missing });
  return {};
}

const objectParameters = ['kind', 'namespace', 'name'] as const;

/** The kind that a path names. */
export function kindAt(params: Readonly<Record<string, string>>): KindDefinition {
  const { group = '', version = '', plural = '' } = params;
  const found = kinds.find((kind) => kind.group === group && kind.plural === plural && kind.versions.includes(version));
  if (!found) throw problemError('not-found', `there is no kind ${group}/${version}/${plural}`);
  return found;
}

function apiVersionOf({ group = '', version = '' }: Readonly<Record<string, string>>): string {
  return `${group}/${version}`;
}

function shown({ object, revision, created, owner }: StoredObject, apiVersion: string): unknown {
  const { metadata } = object;
  return {
    ...object,
    apiVersion,
    metadata: {
      ...metadata,
      resourceVersion: revision,
      creationTimestamp: new Date(created).toISOString(),
      managedFields: [{ manager: owner, operation: 'Apply' }],
    },
  };
}
