// As much of JSON patch (RFC 6902) as our writers use: add, replace and remove of members, and tests.
import { isDeepStrictEqual } from 'node:util';
import type { JsonPatch } from '../apply.ts';

/** The object after the patch; undefined where a test fails, or what it is to be put into is not there. */
export const applyJsonPatch = (before: object, patch: JsonPatch): object | undefined => {
  const after = structuredClone(before);
  for (const operation of patch) {
    const keys = operation.path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop() ?? '';
    const parent = keys.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], after) as
      | Record<string, unknown>
      | undefined;
    if (parent === undefined) return undefined;
    if (operation.op === 'test') {
      if (!isDeepStrictEqual(parent[last], operation.value)) return undefined;
    } else if (operation.op === 'remove') delete parent[last];
    else if (last === '-' && Array.isArray(parent)) parent.push(operation.value);
    else parent[last] = operation.value;
  }
  return after;
};
