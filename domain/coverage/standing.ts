// How the assets that one policy selects stand as this policy alone judges them.
import type { AssetState } from '../types.ts';
import { countAssets, countable, protectedOf, type Counts } from './counts.ts';
import { groupGaps, type GapGroup } from './gaps.ts';
import { affected } from './report.ts';
import type { Bucket, Tally } from './tally.ts';
import { stateOfGaps } from './verdict.ts';

export interface PolicyStanding {
  readonly nodes: Counts;
  readonly pods: Counts;
  readonly workloads: Counts;
  readonly gaps: readonly GapGroup[];
  readonly satisfied: {
    readonly status: 'True' | 'False' | 'Unknown';
    readonly reason: 'RequirementsMet' | 'RequirementsNotMet' | 'NotYetKnown' | 'NothingSelected';
    readonly message: string;
  };
}

export const standingOf = (tally: Tally, policy: string): PolicyStanding => {
  const buckets = [...tally.buckets()].filter(({ set }) => set.selecting.some(({ name }) => name === policy));
  const stateUnder = ({ verdict, set }: Bucket): AssetState =>
    set.judging.some(({ name }) => name === policy)
      ? stateOfGaps(verdict.gaps.filter(({ policies }) => policies.includes(policy)))
      : 'Exempt';
  const nodes = countAssets(buckets, (bucket) => bucket.nodes.size, 0, stateUnder);
  const pods = countAssets(buckets, (bucket) => bucket.pods, 0, stateUnder);
  const workloads = countAssets(buckets, (bucket) => bucket.workloads.size, 0, stateUnder);
  const gaps = groupGaps(buckets, ({ policies }) => policies.includes(policy));
  return { nodes, pods, workloads, gaps, satisfied: satisfaction(nodes, workloads, gaps) };
};

const satisfaction = (nodes: Counts, workloads: Counts, gaps: readonly GapGroup[]): PolicyStanding['satisfied'] => {
  if (nodes.total + workloads.total === 0) {
    return {
      status: 'True',
      reason: 'NothingSelected',
      message: 'The policy selects no node and no running workload.',
    };
  }
  const parts = [nodes, workloads];
  const open = parts.reduce((sum, part) => sum + countable(part) - protectedOf(part), 0);
  const unknown = parts.reduce((sum, part) => sum + part.unknown, 0);
  const figures = `${protectedOf(nodes)} of ${countable(nodes)} nodes and ${protectedOf(workloads)} of ${countable(workloads)} workloads meet it`;
  const first = gaps[0];
  const leading = first === undefined ? '' : `; ${first.cause} (${affected(first)})`;
  if (open === 0) return { status: 'True', reason: 'RequirementsMet', message: figures };
  return open === unknown
    ? { status: 'Unknown', reason: 'NotYetKnown', message: `${figures}${leading}` }
    : { status: 'False', reason: 'RequirementsNotMet', message: `${figures}${leading}` };
};
