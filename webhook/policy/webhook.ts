// WorkloadPolicy on its way in: refused with every fault named, or accepted with warnings.
import { asWarnings } from '../../domain/placement/wording.ts';
import { toPolicy } from '../../facts/policy.ts';
import { object } from '../../facts/read.ts';
import type { Cluster } from '../cluster.ts';
import { refusalOf } from '../refusal.ts';
import type { AdmissionRequest, Ruling } from '../review.ts';
import { warnOfLoosened } from './loosened.ts';
import { validatePolicy } from './validate.ts';

/** Of requests for WorkloadPolicies that are neither on their way out nor about a subresource. */
export const createPolicyWebhook =
  (cluster: Cluster, now: () => number) =>
  ({ operation, name, object: raw, oldObject }: AdmissionRequest): Ruling => {
    const at = now();
    const loosened = operation === 'CREATE' ? [] : loosenedBy(raw, oldObject, cluster, at);
    if (operation === 'DELETE') return { allowed: true, warnings: asWarnings(loosened), verdict: 'Accepted' };
    const { errors, warnings } = validatePolicy({
      raw,
      before: operation === 'UPDATE' ? oldObject : undefined,
      catalogue: cluster.picture(at).catalogue,
      now: at,
    });
    return errors.length === 0
      ? { allowed: true, warnings: asWarnings([...warnings, ...loosened]), verdict: 'Accepted' }
      : refusalOf(`WorkloadPolicy ${name ?? ''}`, errors);
  };

/** Of what cannot be read nothing is said. */
const loosenedBy = (raw: unknown, oldObject: unknown, cluster: Cluster, now: number): readonly string[] => {
  const before = toPolicy(oldObject);
  const after = raw === undefined || raw === null ? undefined : toPolicy(raw);
  if (!before.ok || after?.ok === false) return [];
  const { status } = object(oldObject);
  return warnOfLoosened({
    before: before.value,
    after: after?.value,
    status,
    nodes: cluster.picture(now).nodes(),
    now,
  });
};
