import { JsonFieldError } from '@keelson/api';
import { nearest, ProblemError, problemError, schemaProblems, type Problem } from '@keelson/core/problems';
import type { ParsedDocument } from './documents';
import { Findings } from './findings';
import { isRecord } from './json-value';
import { defaultNameScope, type KindDefinition, type NameScope } from './kind';
import { kindByName, kindOf, kinds } from './kinds';
import { decodeObject } from './mesh-object';
import { checkMetadata } from './metadata';
import { normalize } from './normalize';
import { objectTitle, type ConfigObject, type MeshObject } from './object';
import { schemaErrors } from './schema';
import { checkServed } from './served';

export interface CheckOptions {
  /** Where an object lives that names no namespace. */
  namespace: string;
  /** Settings of the mesh; defaults as REFERENCE has them. */
  domainSuffix?: string;
  rootNamespace?: string;
}

export interface CheckedObject {
  object: ConfigObject;
  /** With revision '' and created 0, for its caller to fill in. */
  typed: MeshObject;
  /** What is allowed and most likely not meant. */
  warnings: Problem[];
}

const toldProblems = 20;
/** How many values a spec may have for every one of its errors to be told, and not the first alone. */
const smallSpec = 5_000;

/**
 * What a user wrote as an object: its kind known, its JSON as the schema has it, only fields that are served, and
 * sound in itself. Throws ProblemError otherwise. References to other objects are judged by planCommit.
 */
export function checkObject(input: unknown, options: CheckOptions): CheckedObject {
  const scope: NameScope = {
    domainSuffix: options.domainSuffix ?? defaultNameScope.domainSuffix,
    rootNamespace: options.rootNamespace ?? defaultNameScope.rootNamespace,
  };
  const definition = findKind(input);
  const { object, size } = readObject(input as Record<string, unknown>, definition, options, scope);
  const title = titleOf(object);
  const findings = new Findings(title);
  checkMetadata(object, findings);
  findings.problems.push(...schemaProblems(schemaErrors(definition, object.spec, size <= smallSpec), 'spec', title));
  stopAt(findings);
  checkServed(definition.typeName, object.spec, definition.served, findings);
  stopAt(findings);
  const typed = decode(object, title);
  definition.validate(typed, scope, findings);
  stopAt(findings);
  return { object, typed, warnings: findings.warnings };
}

/** checkObject for a parsed document: problems and warnings carry their line in the input. */
export function checkDocument(document: ParsedDocument, options: CheckOptions): CheckedObject {
  const withLine = (problem: Problem): Problem => ({ line: document.lineOf(problem.field ?? ''), ...problem });
  try {
    const checked = checkObject(document.value, options);
    return { ...checked, warnings: checked.warnings.map(withLine) };
  } catch (error) {
    if (error instanceof ProblemError) throw new ProblemError(error.problems.map(withLine));
    throw error;
  }
}

function findKind(input: unknown): KindDefinition {
  if (!isRecord(input))
    throw problemError('malformed', 'an object is expected, with apiVersion, kind, metadata and spec');
  const { apiVersion, kind } = input;
  for (const [field, value] of Object.entries({ apiVersion, kind }))
    if (typeof value !== 'string' || value === '')
      throw problemError('malformed', value === undefined ? 'is missing' : 'must be a string that is not empty', {
        field,
      });
  const [version, name] = [String(apiVersion), String(kind)];
  const definition = kindOf(version, name);
  if (definition) return definition;
  throw problemError('unknown-kind', unknownKind(version, name), { object: `${version} ${name}`.slice(0, 200) });
}

function unknownKind(apiVersion: string, kind: string): string {
  const known = kindByName(kind);
  if (known) return `${kind} is known in ${known.versions.map((version) => `${known.group}/${version}`).join(', ')}`;
  const near = nearest(
    kind,
    kinds.map((definition) => definition.kind),
  );
  return `unknown kind ${kind} of ${apiVersion}${near ? `, did you mean ${near}?` : ''}`.slice(0, 300);
}

/** The parts of an object, without what a server adds to it: `status`, and most of its metadata. */
function readObject(
  input: Record<string, unknown>,
  definition: KindDefinition,
  options: CheckOptions,
  scope: NameScope,
): { object: ConfigObject; size: number } {
  const unknown = Object.keys(input).filter(
    (key) => !['apiVersion', 'kind', 'metadata', 'spec', 'status'].includes(key),
  );
  const metadata = isRecord(input['metadata']) ? input['metadata'] : {};
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const name = text(metadata['name']);
  const home = definition.kind === 'MeshConfig' ? scope.rootNamespace : options.namespace;
  const namespace =
    metadata['namespace'] === undefined || metadata['namespace'] === null ? home : text(metadata['namespace']);
  const title = objectTitle({ kind: definition.kind, namespace, name });
  if (unknown.length > 0)
    throw new ProblemError(
      unknown.slice(0, toldProblems).map((field) => {
        const near = nearest(field, ['metadata', 'spec']);
        return {
          code: 'unknown-field',
          message: `unknown field${near ? `, did you mean ${near}?` : ''}`,
          object: title,
          field,
        };
      }),
    );
  if (!isRecord(input['metadata']))
    throw problemError('malformed', 'must be an object with a name', { object: title, field: 'metadata' });
  if (input['spec'] !== undefined && input['spec'] !== null && !isRecord(input['spec']))
    throw problemError('invalid-value', 'must be an object', { object: title, field: 'spec' });
  const normal = normalize({ metadata, spec: input['spec'] ?? {} }, title);
  const { apiVersion } = input;
  const object = {
    apiVersion,
    kind: definition.kind,
    ...normal.value,
    metadata: { ...(normal.value['metadata'] as object), name, namespace },
  };
  return { object: object as ConfigObject, size: normal.size };
}

function titleOf({ kind, metadata: { namespace, name } }: ConfigObject): string {
  return objectTitle({ kind, namespace, name });
}

function stopAt(findings: Findings): void {
  if (findings.problems.length > 0) throw new ProblemError(findings.problems.slice(0, toldProblems));
}

function decode(object: ConfigObject, title: string): MeshObject {
  try {
    return decodeObject(object, { revision: '', created: 0 });
  } catch (error) {
    if (!(error instanceof JsonFieldError)) throw error;
    const field = error.path === '' ? 'spec' : `spec.${error.path}`;
    throw problemError('invalid-value', error.message, { object: title, field });
  }
}
