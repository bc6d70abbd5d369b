// Pods of Jobs and CronJobs that have ended well. The model keeps no pod that has ended, and its going alone does not say how it ended.
import type { CoverageModel } from '../../domain/coverage/model.ts';
import { runsAndEnds } from '../../domain/findings/runs.ts';
import type { PodFacts } from '../../domain/types.ts';

export interface EndedPods {
  /** Called while the model still holds it. */
  readonly succeeded: (namespace: string, name: string, createdAt: number) => void;
  /** Those of a workload that have ended lately, as the model last knew them. */
  readonly of: (workload: string) => readonly PodFacts[];
}

/** Many looks long: each finding of the workload must have seen that it ended. */
const keepMs = 5 * 60_000;
/** Of all workloads; past it the oldest are forgotten, and their runs count for nothing. */
const mostKept = 10_000;

interface Ended {
  readonly workload: string;
  readonly facts: PodFacts;
  readonly until: number;
}

export const createEndedPods = (
  { inventory }: Pick<CoverageModel, 'inventory'>,
  monotonic: () => number,
): EndedPods => {
  /** The oldest first. */
  const kept = new Set<Ended>();
  const byWorkload = new Map<string, Set<Ended>>();

  const forgetOld = (): void => {
    const now = monotonic();
    for (const ended of kept) {
      if (ended.until > now && kept.size <= mostKept) return;
      kept.delete(ended);
      const others = byWorkload.get(ended.workload);
      others?.delete(ended);
      if (others?.size === 0) byWorkload.delete(ended.workload);
    }
  };

  return {
    succeeded: (namespace, name, createdAt) => {
      const entry = inventory.pod(namespace, name);
      if (entry === undefined || entry.facts.createdAt !== createdAt || !runsAndEnds(entry.workload.kind)) return;
      const workload = entry.workload.key;
      const ended: Ended = { workload, facts: entry.facts, until: monotonic() + keepMs };
      kept.add(ended);
      const others = byWorkload.get(workload) ?? new Set();
      byWorkload.set(workload, others.add(ended));
      forgetOld();
    },
    of: (workload) => {
      forgetOld();
      return [...(byWorkload.get(workload) ?? [])].map(({ facts }) => facts);
    },
  };
};
