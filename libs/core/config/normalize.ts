import type { JsonObject, JsonValue } from '@keelson/api';
import { problemError } from '@keelson/core/problems';

const deepest = 100;

/**
 * A copy as canonical JSON has it: keys in order, fields that are null left out as if they were not there. Throws
 * ProblemError for what is no JSON, or too deep.
 */
export function normalize(value: Record<string, unknown>, object: string): { value: JsonObject; size: number } {
  let size = 0;
  const copy = (node: unknown, depth: number): JsonValue => {
    size++;
    if (depth > deepest) throw problemError('too-large', 'nested too deeply', { object });
    if (Array.isArray(node)) return node.map((item: unknown) => copy(item, depth + 1));
    if (typeof node === 'object' && node !== null) return copyObject(node, depth);
    if (typeof node === 'number' && !Number.isFinite(node))
      throw problemError('malformed', `${String(node)} is not a number of JSON`, { object });
    if (node === null || typeof node === 'string' || typeof node === 'number' || typeof node === 'boolean') return node;
    throw problemError('malformed', `a ${typeof node} is not JSON`, { object });
  };
  const copyObject = (node: object, depth: number): JsonObject => {
    const result: JsonObject = {};
    for (const key of Object.keys(node).sort()) {
      const member = (node as Record<string, unknown>)[key];
      if (key === '__proto__') throw problemError('unknown-field', 'no field is named __proto__', { object });
      if (member !== null && member !== undefined) result[key] = copy(member, depth + 1);
    }
    return result;
  };
  return { value: copyObject(value, 1), size };
}
