// How nodes stand for the pods that may land on them, each distinct situation worked out once: nodes in the same plight share one
// list of presences, and a policy judges each list once.
import type { AgentCatalogue } from '../coverage/agents.ts';
import { judge, type Judgement } from '../coverage/judge.ts';
import type { AgentPresence } from '../coverage/presence.ts';
import type { NodeFacts, Policy } from '../types.ts';
import { reportedPresences, type NodeReport } from './reported-presence.ts';

export interface Standings {
  /** Undefined where nothing has been said of the node yet. Equal lists are the same list. */
  readonly presencesOn: (
    node: NodeFacts,
    report: NodeReport | undefined,
    now: number,
  ) => readonly AgentPresence[] | undefined;
  readonly judgementOn: (presences: readonly AgentPresence[], policy: Policy, now: number) => Judgement;
}

interface Known {
  readonly report: NodeReport | undefined;
  readonly presences: readonly AgentPresence[] | undefined;
  /** When a grace period ends that the list still holds. */
  readonly validUntil: number;
}

/** To be made anew where agents, DaemonSets or policies change. */
export const createStandings = (catalogue: AgentCatalogue, policies: readonly Policy[]): Standings => {
  const maximumGrace = Math.max(0, ...policies.map(({ gracePeriod }) => gracePeriod));
  const known = new WeakMap<NodeFacts, Known>();
  const lists = new Map<string, readonly AgentPresence[]>();
  const judgements = new WeakMap<readonly AgentPresence[], Map<Policy, Judgement>>();

  const learn = (node: NodeFacts, report: NodeReport | undefined, now: number): Known => {
    const found = reportedPresences(node, report, catalogue)?.map((presence) =>
      withoutSpentGrace(presence, maximumGrace, now),
    );
    const key = JSON.stringify(found ?? null);
    const presences = found && (lists.get(key) ?? found);
    if (presences !== undefined) lists.set(key, presences);
    const ends = (found ?? []).flatMap(({ expectedSince }) =>
      expectedSince === undefined ? [] : [expectedSince + maximumGrace],
    );
    return { report, presences, validUntil: Math.min(...ends) };
  };

  return {
    presencesOn: (node, report, now) => {
      const before = known.get(node);
      if (before !== undefined && before.report === report && now < before.validUntil) return before.presences;
      const learned = learn(node, report, now);
      known.set(node, learned);
      return learned.presences;
    },
    judgementOn: (presences, policy, now) => {
      let byPolicy = judgements.get(presences);
      if (byPolicy === undefined) judgements.set(presences, (byPolicy = new Map()));
      const before = byPolicy.get(policy);
      if (before !== undefined && now < before.validUntil) return before;
      const judgement = judge(presences, [policy], now);
      byPolicy.set(policy, judgement);
      return judgement;
    },
  };
};

/** Once every grace period is over, nodes that wait since different times are in the same situation. */
const withoutSpentGrace = (presence: AgentPresence, maximumGrace: number, now: number): AgentPresence =>
  presence.expectedSince !== undefined && presence.expectedSince + maximumGrace <= now
    ? { ...presence, expectedSince: undefined }
    : presence;
