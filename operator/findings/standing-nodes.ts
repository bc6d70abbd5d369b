// Behaviours of nodes that no event tells, over the fleet: which nodes stand so, and what that means for the silence of their findings.
import type { CoverageModel } from '../../domain/coverage/model.ts';
import {
  countingStandings,
  nodeStanding,
  nodeStandings,
  whyNotJudged,
  whyNotMended,
  type NodeStanding,
  type StandingCircumstances,
} from '../../domain/findings/node-standing.ts';
import type { Observation } from '../../domain/findings/observe.ts';
import type { Listening } from '../../domain/findings/quiet-clock.ts';
import type { FindingRecord } from '../../domain/findings/record.ts';
import type { FindingSubject, Severity } from '../../domain/findings/types.ts';

export interface StandingNode {
  readonly subject: FindingSubject;
  readonly uid: string;
  readonly standing: NodeStanding;
}

export interface StandingObservation extends Observation {
  /** Undefined: what the finding says. */
  readonly severity: Severity | undefined;
}

type Circumstances = Omit<StandingCircumstances, 'selecting'>;

/** Nodes that stand so now. */
export function* standingNodes(
  { inventory }: Pick<CoverageModel, 'inventory'>,
  circumstances: Circumstances,
): Iterable<StandingNode> {
  const counting = countingStandings(circumstances.named);
  for (const { name, facts, set } of inventory.nodes.values()) {
    if (facts === undefined || set === undefined) continue;
    for (const behaviour of counting) {
      const standing = nodeStanding(behaviour, facts, { ...circumstances, selecting: set.selecting });
      if (standing?.isSo !== true) continue;
      yield {
        subject: { kind: 'Node', namespace: undefined, name, container: undefined },
        uid: facts.uid,
        standing,
      };
    }
  }
}

/** What its node's object, or its kubelet, says of the finding's behaviour; undefined where events tell of it. */
export const observeStanding = (
  { inventory }: Pick<CoverageModel, 'inventory'>,
  { behaviour, subject, evidence: seen }: FindingRecord,
  circumstances: Circumstances,
): StandingObservation | undefined => {
  if (!nodeStandings.includes(behaviour)) return undefined;
  const node = inventory.nodes.get(subject.name);
  const selecting = node?.set?.selecting ?? [];
  const standing = node?.facts && nodeStanding(behaviour, node.facts, { ...circumstances, selecting });
  // The kubelet reports it of its own node, and nobody looks whether it is loaded or delivered.
  const evidence = 'Reporting';
  if (standing === undefined) {
    const message = whyNotJudged(behaviour);
    return {
      listening: { listening: false, reason: 'RuleNotLoaded', message },
      evidence,
      hearing: undefined,
      severity: undefined,
    };
  }
  const { isSo, message, severity } = standing;
  if (isSo === false) {
    const unmended = whyNotMended(standing, seen[0]?.version);
    const listening: Listening =
      unmended === undefined ? { listening: true } : { listening: false, reason: 'RuleNotLoaded', message: unmended };
    return { listening, evidence, hearing: undefined, severity };
  }
  const reason = isSo === true ? 'StillPresent' : 'AgentBlind';
  return { listening: { listening: false, reason, message }, evidence, hearing: undefined, severity };
};
