// JSON merge patch (RFC 7396): null takes away, objects are merged, all else replaces.

export const mergePatch = (before: unknown, patch: unknown): unknown => {
  if (!isObject(patch)) return patch;
  const after: Record<string, unknown> = isObject(before) ? { ...before } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete after[key];
    else after[key] = mergePatch(after[key], value);
  }
  return after;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
