// The pods of one workload, counted by all that its standing hangs on. A DaemonSet has a pod on every node, nearly all of them alike in one
// of a few ways: one that changes is one less of one kind and one more of another, and the thousands beside it are not looked at.
import type { PolicySet } from '../policy/resolve.ts';
import type { PodShape } from '../types.ts';
import type { PodEntry, WorkloadEntry } from './inventory.ts';
import type { Verdict } from './verdict.ts';

export interface PodKind {
  readonly verdict: Verdict;
  readonly set: PolicySet | undefined;
  readonly shape: PodShape;
  readonly isOnVirtualNode: boolean;
  pods: number;
}

export type PodKinds = Map<Verdict, readonly PodKind[]>;

/** Up to here they are counted anew each time, which takes a microsecond or two, and no memory in ten thousand workloads. */
const fewPods = 64;

/** Pods that are no assets are of no kind. */
export const kindsOf = (workload: WorkloadEntry): Iterable<readonly PodKind[]> => {
  const known = workload.kinds;
  if (known !== undefined) return known.values();
  const kinds: PodKinds = new Map();
  for (const pod of workload.pods) add(kinds, pod, 1);
  if (workload.pods.size > fewPods) workload.kinds = kinds;
  return kinds.values();
};

/** Counts a pod as it stands, or takes it out again before it stands otherwise. */
export const countKind = (pod: PodEntry, by: 1 | -1): void => {
  if (pod.workload.kinds !== undefined) add(pod.workload.kinds, pod, by);
};

const add = (kinds: PodKinds, { verdict, set, facts: { shape }, node }: PodEntry, by: 1 | -1): void => {
  if (verdict === undefined) return;
  const isOnVirtualNode = node?.facts?.virtual !== undefined;
  const alike = kinds.get(verdict) ?? [];
  for (const kind of alike) {
    if (kind.set !== set || kind.shape !== shape || kind.isOnVirtualNode !== isOnVirtualNode) continue;
    kind.pods += by;
    if (kind.pods > 0) return;
    if (alike.length === 1) kinds.delete(verdict);
    else
      kinds.set(
        verdict,
        alike.filter((other) => other !== kind),
      );
    return;
  }
  kinds.set(verdict, [...alike, { verdict, set, shape, isOnVirtualNode, pods: by }]);
};
