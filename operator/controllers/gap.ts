// The domain's gaps and counts as the API writes them.
import type { Counts as WrittenCounts, Gap as WrittenGap } from '../../crds/schema/verdict.ts';
import type { Counts } from '../../domain/coverage/counts.ts';
import type { GapGroup } from '../../domain/coverage/gaps.ts';
import { cut } from '../status.ts';

/** The API's limits on sentences and on the number of policies named. */
export const longestSentence = 1024;
export const mostPolicies = 32;

export const writtenGap = (gap: GapGroup): WrittenGap => ({
  reason: gap.reason,
  state: gap.state,
  cause: cut(gap.cause, longestSentence),
  remedy: cut(gap.remedy, longestSentence),
  ...(gap.agent === undefined ? {} : { agent: gap.agent }),
  ...(gap.policies.length === 0 ? {} : { policies: gap.policies.slice(0, mostPolicies) }),
  criticality: gap.criticality,
  ...(gap.risks.length === 0 ? {} : { risks: [...gap.risks] }),
  nodes: gap.nodes,
  workloads: gap.workloads,
  pods: gap.pods,
  examples: [...gap.examples],
});

export const writtenCounts = (counts: Counts): WrittenCounts => counts;
