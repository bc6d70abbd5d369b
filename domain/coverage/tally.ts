// Counts of assets by what was said of them, kept as the fleet changes. Assets with the same verdict under the same policies
// are counted together; a verdict's nodes and workloads are kept by reference for examples and slices.
import type { PolicySet } from '../policy/resolve.ts';
import type { NodeEntry, WorkloadEntry } from './inventory.ts';
import type { Verdict } from './verdict.ts';

/** The assets of one verdict under one set of policies. */
export interface Bucket {
  readonly verdict: Verdict;
  readonly set: PolicySet;
  readonly nodes: Set<NodeEntry>;
  readonly workloads: Set<WorkloadEntry>;
  pods: number;
  containers: number;
  serverless: number;
}

export interface Tally {
  readonly buckets: () => Iterable<Bucket>;
  readonly notRunning: Set<WorkloadEntry>;
  /** The bucket of a verdict under a set, made where there is none. */
  readonly bucket: (verdict: Verdict, set: PolicySet) => Bucket;
  /** Drops the bucket if nothing is left in it. */
  readonly release: (bucket: Bucket) => void;
}

export const createTally = (): Tally => {
  const known = new Map<Verdict, Map<PolicySet, Bucket>>();
  return {
    buckets: function* () {
      for (const bySet of known.values()) yield* bySet.values();
    },
    notRunning: new Set(),
    bucket: (verdict, set) => {
      let bySet = known.get(verdict);
      if (bySet === undefined) known.set(verdict, (bySet = new Map()));
      let found = bySet.get(set);
      if (found === undefined) {
        found = { verdict, set, nodes: new Set(), workloads: new Set(), pods: 0, containers: 0, serverless: 0 };
        bySet.set(set, found);
      }
      return found;
    },
    release: ({ verdict, set, nodes, workloads, pods, serverless }) => {
      if (nodes.size + workloads.size + pods + serverless > 0) return;
      const bySet = known.get(verdict);
      bySet?.delete(set);
      if (bySet?.size === 0) known.delete(verdict);
    },
  };
};
