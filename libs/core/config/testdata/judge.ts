import { ProblemError } from '@keelson/core/problems';
import { checkObject, kindByName, parseDocuments } from '..';

/** What checkObject says of a spec written as YAML: one line for each problem, then one for each warning. */
export function judge(kind: string, spec: string, name = 'x', annotations: Record<string, string> = {}): string[] {
  const definition = kindByName(kind);
  const [document] = parseDocuments(spec === '' ? '{}' : spec);
  const object = {
    apiVersion: `${definition?.group ?? ''}/${definition?.versions[0] ?? ''}`,
    kind,
    metadata: { name, annotations },
    spec: document?.value,
  };
  try {
    const { warnings } = checkObject(object, { namespace: 'default' });
    return warnings.map(({ field, message }) => `warning ${field ?? ''}: ${message}`);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return error.problems.map(({ field, message }) => `${field ?? ''}: ${message}`);
  }
}
