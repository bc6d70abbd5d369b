// WorkloadPolicy on its way in: refused with every fault named, or accepted with warnings.
import { asWarnings } from '../../domain/placement/wording.ts';
import { object } from '../../facts/read.ts';
import type { Cluster } from '../cluster.ts';
import type { Ruling } from '../review.ts';
import type { Webhook } from '../server.ts';
import { validatePolicy } from './validate.ts';

export const createPolicyWebhook =
  (cluster: Cluster, now: () => number): Webhook =>
  ({ kind, operation, subResource, name, object: raw, oldObject }): Ruling => {
    const isWritten = operation === 'CREATE' || operation === 'UPDATE';
    if (kind.kind !== 'WorkloadPolicy' || !isWritten || (subResource ?? '') !== '')
      return { allowed: true, verdict: 'Skipped' };
    // Finalizers must always be able to go.
    if (typeof object(object(raw).metadata).deletionTimestamp === 'string')
      return { allowed: true, verdict: 'Skipped' };
    const at = now();
    const { errors, warnings } = validatePolicy({
      raw,
      before: operation === 'UPDATE' ? oldObject : undefined,
      catalogue: cluster.picture(at).catalogue,
      now: at,
    });
    if (errors.length === 0) return { allowed: true, warnings: asWarnings(warnings), verdict: 'Accepted' };
    const said = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
    return {
      allowed: false,
      code: 422,
      message: `WorkloadPolicy ${name ?? ''} is not valid: ${said}`,
      causes: errors,
      verdict: 'Refused',
    };
  };
