// Gaps over a fleet: what shares a reason and a cause is one gap, in the order in which it should be worked.
import { criticalityRank, mostCritical } from '../state.ts';
import { stateOf, type Reason } from '../reason.ts';
import type { Criticality, State } from '../types.ts';
import { assetsShown, derivedOf, keepSmallest } from './examples.ts';
import { risksIn, type Risk } from './risk.ts';
import type { Bucket } from './tally.ts';
import { compareText, mergeGap, type Gap } from './verdict.ts';

export interface GapGroup {
  readonly reason: Reason;
  readonly state: State;
  readonly cause: string;
  readonly remedy: string;
  readonly agent: string | undefined;
  readonly policies: readonly string[];
  readonly criticality: Criticality;
  /** What makes some of the workloads more pressing than others. */
  readonly risks: readonly Risk[];
  readonly nodes: number;
  readonly workloads: number;
  readonly pods: number;
  /** `node/NAME` and `workload/NAMESPACE/KIND/NAME`, the first few by name. */
  readonly examples: readonly string[];
}

interface Growing {
  gap: Gap;
  criticality: Criticality;
  risk: number;
  nodes: number;
  workloads: number;
  pods: number;
  readonly nodeNames: string[];
  readonly workloadKeys: string[];
}

const nodesShown = 3;

/** Most pressing first: criticality, then privileged, hostPID, hostNetwork, hostPath, exposed, open findings, then how many. */
export const groupGaps = (
  buckets: Iterable<Bucket>,
  isWanted: (gap: Gap) => boolean = () => true,
): readonly GapGroup[] => {
  const groups: Groups = new Map();
  for (const bucket of buckets) {
    for (const [index, gap] of bucket.verdict.gaps.entries())
      if (isWanted(gap)) add(groups, gap, bucket, worthOf(bucket)[index] ?? 'Low');
  }
  return [...groups.values()]
    .flatMap((byReason) => [...byReason.values()])
    .toSorted(byPressure)
    .map(finish);
};

/** By cause, then by reason: a key made of both would be made anew for each gap of each bucket, at every report. */
type Groups = Map<string, Map<Reason, Growing>>;

const add = (groups: Groups, gap: Gap, bucket: Bucket, worth: Criticality): void => {
  let byReason = groups.get(gap.cause);
  if (byReason === undefined) groups.set(gap.cause, (byReason = new Map()));
  let group = byReason.get(gap.reason);
  if (group === undefined) {
    group = {
      gap,
      criticality: 'Low',
      risk: 0,
      nodes: 0,
      workloads: 0,
      pods: 0,
      nodeNames: [],
      workloadKeys: [],
    };
    byReason.set(gap.reason, group);
  }
  if (group.gap !== gap) group.gap = mergeGap(group.gap, gap);
  group.criticality = mostCritical(group.criticality, worth);
  group.nodes += bucket.nodes.size;
  group.workloads += bucket.workloads.size;
  group.pods += bucket.pods;
  const { risk, nodeNames, workloadKeys } = derivedOf(bucket);
  group.risk |= risk;
  for (const name of nodeNames) keepSmallest(group.nodeNames, name, assetsShown);
  for (const key of workloadKeys) keepSmallest(group.workloadKeys, key, assetsShown);
};

/** What each gap is worth is said by those who ask for what is missing; nobody but the baseline: nothing. It never changes. */
const worthOf = (bucket: Bucket): readonly Criticality[] =>
  (bucket.worth ??= bucket.verdict.gaps.map(({ policies }) =>
    bucket.set.judging
      .filter(({ name }) => policies.includes(name))
      .reduce<Criticality>((most, { criticality }) => mostCritical(most, criticality), 'Low'),
  ));

const byPressure = (a: Growing, b: Growing): number =>
  criticalityRank(b.criticality) - criticalityRank(a.criticality) ||
  b.risk - a.risk ||
  b.nodes + b.workloads - (a.nodes + a.workloads) ||
  compareText(a.gap.reason, b.gap.reason) ||
  compareText(a.gap.cause, b.gap.cause);

const finish = ({ gap, criticality, risk, nodes, workloads, pods, nodeNames, workloadKeys }: Growing): GapGroup => {
  const room = assetsShown - Math.min(workloadKeys.length, assetsShown - nodesShown);
  const shown = nodeNames.slice(0, room);
  return {
    reason: gap.reason,
    state: stateOf(gap.reason),
    cause: gap.cause,
    remedy: gap.remedy,
    agent: gap.agent,
    policies: gap.policies,
    criticality,
    risks: risksIn(risk),
    nodes,
    workloads,
    pods,
    examples: [
      ...shown.map((name) => `node/${name}`),
      ...workloadKeys.slice(0, assetsShown - shown.length).map((key) => `workload/${key}`),
    ],
  };
};
