// DaemonSets on their way out, or to fewer nodes: a warning where it takes an agent's protection along. Never more than a warning, since
// whoever mends an agent must not be kept from it.
import { asWarnings } from '../../domain/placement/wording.ts';
import { projectDaemonSet } from '../../facts/daemon-set.ts';
import { object } from '../../facts/read.ts';
import type { Cluster } from '../cluster.ts';
import type { Webhook } from '../server.ts';
import { warnOfLoss } from './loss.ts';

export const createAgentWebhook =
  (cluster: Cluster, now: () => number): Webhook =>
  ({ kind, operation, subResource, object: raw, oldObject }) => {
    const isChange = operation === 'UPDATE' || operation === 'DELETE';
    const before = projectDaemonSet(oldObject);
    const after = operation === 'UPDATE' ? projectDaemonSet(raw) : undefined;
    if (kind.kind !== 'DaemonSet' || !isChange || (subResource ?? '') !== '' || before === undefined) return skipped;
    // It goes already; whoever asked for it was warned.
    if (isOnItsWayOut(oldObject)) return skipped;
    const isIt = (other: typeof before): boolean => other.namespace === before.namespace && other.name === before.name;
    const others = [...cluster.daemonSets()].filter((daemonSet) => !isIt(daemonSet));
    const name = `DaemonSet ${before.namespace}/${before.name}`;
    const warnings = warnOfLoss(
      cluster,
      { daemonSets: after === undefined ? others : [...others, after] },
      after === undefined ? `deleting ${name}` : `this change of ${name}`,
      now(),
    );
    return { allowed: true, warnings: asWarnings(warnings), verdict: warnings.length > 0 ? 'Loss' : 'NoLoss' };
  };

const skipped = { allowed: true, verdict: 'Skipped' } as const;

const isOnItsWayOut = (raw: unknown): boolean => typeof object(object(raw).metadata).deletionTimestamp === 'string';
