import { problemError } from '@keelson/core/problems';
import { type CheckOptions, type NameScope, type ObjectRef, type RequestedChange } from '@keelson/core/config';
import { refOf, type WriteResult } from '@keelson/edge/config-log';
import type { HttpResponse } from '@keelson/edge/service';
import type { Counter } from 'prom-client';
import type { Configuration } from '../configuration';
import { requestDigest } from '../keyed-commits';
import { checkAll, documentsIn, ensureSame, problemLine, refsIn } from './documents';
import { commitIdOf, type OperatorRequest, type OperatorRoutes } from './operators';
import { kindAt } from './read-routes';

export interface WriteRoutesOptions {
  configuration: () => Configuration;
  scope: NameScope;
  maxApplyBytes: number;
  passed?: Counter;
  failed?: Counter;
}

/** The routes that change configuration. */
export class WriteRoutes {
  constructor(private readonly options: WriteRoutesOptions) {}

  register(routes: OperatorRoutes): void {
    const object = '/apis/:group/:version/namespaces/:namespace/:plural/:name';
    routes.route('POST', '/v1/apply', (request) => this.counted(() => this.apply(request)));
    routes.route('POST', '/v1/delete', (request) => this.counted(() => this.delete(request)));
    routes.route('PUT', object, (request) => this.counted(() => this.put(request)));
    routes.route('DELETE', object, (request) =>
      this.write(request, [{ op: 'delete', ref: refAt(request) }], [], 'delete'),
    );
  }

  private async apply(request: OperatorRequest): Promise<HttpResponse> {
    const documents = documentsIn(await request.body(), this.options.maxApplyBytes);
    const checked = await checkAll(documents, this.checkOptions(request));
    const warnings = checked.flatMap((each) => each.warnings).map(problemLine);
    const changes = checked.map(({ object }): RequestedChange => ({ op: 'put', object }));
    return this.write(request, changes, warnings, 'apply');
  }

  private async delete(request: OperatorRequest): Promise<HttpResponse> {
    const documents = documentsIn(await request.body(), this.options.maxApplyBytes);
    const refs = refsIn(documents, this.checkOptions(request));
    const changes = refs.map((ref): RequestedChange => ({ op: 'delete', ref }));
    return this.write(request, changes, [], 'delete');
  }

  private async put(request: OperatorRequest): Promise<HttpResponse> {
    const documents = documentsIn(await request.body(), this.options.maxApplyBytes);
    if (documents.length !== 1) throw problemError('malformed', 'one object is expected');
    const asked = refAt(request);
    const [checked] = await checkAll(documents, { ...this.checkOptions(request), namespace: asked.namespace });
    if (!checked) throw problemError('malformed', 'one object is expected');
    ensureSame(refOf(checked), asked);
    return this.write(request, [{ op: 'put', object: checked.object }], checked.warnings.map(problemLine), 'put');
  }

  private async write(
    request: OperatorRequest,
    changes: readonly RequestedChange[],
    warnings: readonly string[],
    what: string,
  ): Promise<HttpResponse> {
    const { query, operator, headers } = request;
    const configuration = this.options.configuration();
    const owner = ownerOf(query.get('owner'));
    const traceparent = headers['traceparent'];
    const result = await configuration.writer.write({
      changes: () => changes,
      owner,
      author: operator,
      reason: query.get('reason') ?? what,
      source: 'api',
      id: commitIdOf(request, () => requestDigest(changes, owner)),
      dryRun: query.has('dryRun') && query.get('dryRun') !== 'false',
      traceparent: typeof traceparent === 'string' ? traceparent.slice(0, 100) : undefined,
    });
    return { status: 200, body: bodyOf(result, warnings) };
  }

  private checkOptions({ query }: OperatorRequest): CheckOptions {
    return { namespace: query.get('namespace') ?? 'default', ...this.options.scope };
  }

  private async counted(run: () => Promise<HttpResponse>): Promise<HttpResponse> {
    try {
      const response = await run();
      this.options.passed?.inc();
      return response;
    } catch (error) {
      this.options.failed?.inc();
      throw error;
    }
  }
}

function bodyOf({ revision, committed, results, warnings }: WriteResult, more: readonly string[]): unknown {
  return {
    revision,
    committed,
    results: results.map(({ op, ref: { kind, namespace, name } }) => ({ op, kind, namespace, name })),
    warnings: [...more, ...warnings.map(problemLine)],
  };
}

function refAt({ params }: OperatorRequest): ObjectRef {
  const { namespace = '', name = '' } = params;
  return { kind: kindAt(params).kind, namespace, name };
}

/** Owners that are named after a source belong to that source. */
function ownerOf(owner: string | null): string {
  if (owner === null || owner === '') return 'api';
  if (/^[a-z][a-z0-9._/-]{0,62}$/.test(owner)) return owner;
  throw problemError('invalid-value', 'an owner has up to 63 of a-z, 0-9, ".", "_", "/" and "-"', { field: 'owner' });
}
