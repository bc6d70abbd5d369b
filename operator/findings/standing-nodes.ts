// Behaviours of nodes that no event tells, over the fleet: which nodes stand so, and what that means for the silence of their findings.
import type { CoverageModel } from '../../domain/coverage/model.ts';
import { nodeStanding, nodeStandings, type NodeStanding } from '../../domain/findings/node-standing.ts';
import type { Observation } from '../../domain/findings/observe.ts';
import type { FindingRecord } from '../../domain/findings/record.ts';
import type { FindingSubject } from '../../domain/findings/types.ts';

export interface StandingNode {
  readonly subject: FindingSubject;
  readonly uid: string;
  readonly standing: NodeStanding;
}

/** Nodes that stand so now. */
export function* standingNodes(
  { inventory }: Pick<CoverageModel, 'inventory'>,
  named: ReadonlySet<string>,
): Iterable<StandingNode> {
  const asked = nodeStandings.filter((behaviour) => named.has(behaviour));
  if (asked.length === 0) return;
  for (const { name, facts, set } of inventory.nodes.values()) {
    if (facts === undefined || set === undefined) continue;
    for (const behaviour of asked) {
      const standing = nodeStanding(behaviour, facts, set.selecting);
      if (standing?.isSo !== true) continue;
      yield {
        subject: { kind: 'Node', namespace: undefined, name, container: undefined },
        uid: facts.uid,
        standing,
      };
    }
  }
}

/** What its node's object says of the finding's behaviour; undefined where events tell of it. */
export const observeStanding = (
  { inventory }: Pick<CoverageModel, 'inventory'>,
  { behaviour, subject }: FindingRecord,
): Observation | undefined => {
  if (!nodeStandings.includes(behaviour)) return undefined;
  const node = inventory.nodes.get(subject.name);
  const standing = node?.facts && nodeStanding(behaviour, node.facts, node.set?.selecting ?? []);
  // The kubelet reports it of its own node, and nobody looks whether it is loaded or delivered.
  const evidence = 'Reporting';
  if (standing === undefined) {
    const message = 'no policy that selects the node asks for a version of it any more, so that nobody judges it';
    return { listening: { listening: false, reason: 'RuleNotLoaded', message }, evidence };
  }
  const { isSo, message } = standing;
  if (isSo === false) return { listening: { listening: true }, evidence };
  const reason = isSo === true ? 'StillPresent' : 'AgentBlind';
  return { listening: { listening: false, reason, message }, evidence };
};
