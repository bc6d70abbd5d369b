// One workload: the worst of its pods, and what makes a gap in it worse.
import type { PolicySet } from '../policy/resolve.ts';
import type { PodShape } from '../types.ts';
import type { Context } from './context.ts';
import { isExposed } from './exposure.ts';
import type { WorkloadEntry } from './inventory.ts';
import { verdictOfParts } from './judgements.ts';
import { kindsOf } from './pod-kinds.ts';
import { riskOf } from './risk.ts';
import type { Verdict } from './verdict.ts';

export const evaluateWorkload = (context: Context, workload: WorkloadEntry): void => {
  const { inventory, tally, dirty } = context;
  const next = standingOf(context, workload);
  const isChanged =
    workload.verdict !== next.verdict ||
    workload.set !== next.set ||
    workload.isServerless !== next.isServerless ||
    workload.risk !== next.risk;
  tally.removeWorkload(workload);
  Object.assign(workload, next);
  const isGone = inventory.prune(workload);
  if (!isGone) tally.addWorkload(workload);
  if (isGone || isChanged) dirty.changedWorkloads.add(workload.key);
};

type Standing = Pick<WorkloadEntry, 'verdict' | 'set' | 'isServerless' | 'risk'>;

const standingOf = ({ interner, resolver, exposure, openFindings }: Context, workload: WorkloadEntry): Standing => {
  const verdicts = new Set<Verdict>();
  const shapes = new Set<PodShape>();
  let isServerless = false;
  let set: PolicySet | undefined;
  for (const alike of kindsOf(workload)) {
    for (const { verdict, set: selected, shape, isOnVirtualNode } of alike) {
      if (isOnVirtualNode) isServerless = true;
      verdicts.add(verdict);
      shapes.add(shape);
      if (selected !== undefined) set = set === undefined ? selected : resolver.union(set, selected);
    }
  }
  return {
    verdict: verdictOfParts(interner, verdicts),
    set,
    isServerless,
    risk: riskOf(shapes, (labels) => isExposed(exposure, workload.namespace, labels), openFindings.has(workload.key)),
  };
};
