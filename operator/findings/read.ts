// A Finding as it came from the API server. Its status is our own word from before a restart: where another version has written it in
// another way, what can be read of it is, since to begin anew would lose its counts.
import { findingSchema, type Finding, type FindingStatus } from '../../crds/schema/finding.ts';
import { parseSpec, type Result } from '../../facts/parse.ts';
import type { RawObject } from '../watches.ts';

export const readFinding = (object: RawObject): Result<Finding> => {
  const whole = findingSchema.safeParse(object);
  if (whole.success) return { ok: true, value: whole.data };
  const parsed = parseSpec<Finding>(findingSchema, object);
  if (!parsed.ok) return parsed;
  const { status } = object as RawObject & { readonly status?: FindingStatus };
  const isOurs = typeof status?.subject?.kind === 'string' && typeof status.behaviour === 'string';
  return { ok: true, value: { ...parsed.value, ...(isOurs ? { status } : {}) } };
};
