// What a change to an agent's DaemonSet, or to how agents are recognised, would cost, in words for whoever makes it.
import { createAgentCatalogue } from '../../domain/coverage/agents.ts';
import { lossOf, type Loss } from '../../domain/placement/loss.ts';
import type { AgentDefinition, DaemonSetFacts } from '../../domain/types.ts';
import type { Cluster } from '../cluster.ts';

export interface ChangedWorld {
  readonly agents?: readonly AgentDefinition[];
  readonly daemonSets?: readonly DaemonSetFacts[];
}

/** `change`: the beginning of a sentence that goes on with "leaves". */
export const warnOfLoss = (cluster: Cluster, changed: ChangedWorld, change: string, now: number): readonly string[] => {
  const picture = cluster.picture(now);
  const after = createAgentCatalogue(
    changed.agents ?? picture.catalogue.agents,
    changed.daemonSets ?? cluster.daemonSets(),
  );
  return wordLoss(lossOf(picture, after, now), change, cluster.protectedWorkloads());
};

/** As many as fit beside the cause. */
const shownNodes = 3;
const longestName = 30;

const wordLoss = (
  { protected: all, lost, cause = '' }: Loss,
  change: string,
  workloads: number | undefined,
): readonly string[] => {
  if (lost.length === 0) return [];
  const names = lost
    .slice(0, shownNodes)
    .map((name) => (name.length > longestName ? `${name.slice(0, longestName)}…` : name));
  const more = lost.length > names.length ? ', …' : '';
  const figures = `${lost.length} of ${all} protected node${all === 1 ? '' : 's'} (${names.join(', ')}${more})`;
  // Which workloads run on which nodes is not known here; where every node is lost, nobody has to know.
  const along =
    lost.length === all && workloads
      ? ` and ${all === 1 ? 'its' : 'their'} ${workloads} workload${workloads === 1 ? '' : 's'}`
      : '';
  return [`${change} leaves ${figures}${along} without protection: ${cause}`];
};
