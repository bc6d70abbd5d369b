// How nodes stand for the pods that may land on them, each distinct situation worked out once: nodes in the same plight share one
// list of presences, and a policy judges each list once.
import type { AgentCatalogue } from '../coverage/agents.ts';
import { judge, type Judgement } from '../coverage/judge.ts';
import type { AgentPresence } from '../coverage/presence.ts';
import { textOf } from '../coverage/situations.ts';
import type { LabelExpression, LabelSelector, NodeFacts, Policy } from '../types.ts';
import { reportedPresences, type NodeReport } from './reported-presence.ts';

export interface Standings {
  readonly situationOn: (node: NodeFacts, report: NodeReport | undefined, now: number) => Situation;
  readonly judgementOn: (presences: readonly AgentPresence[], policy: Policy, now: number) => Judgement;
  /** What the policies and their exemptions ask of the labels of nodes. */
  readonly nodeExpressions: readonly LabelExpression[];
}

export interface Situation {
  /** Undefined where nothing has been said of the node yet. Equal lists are the same list. */
  readonly presences: readonly AgentPresence[] | undefined;
  /** When a grace period ends that the list still holds; Infinity where none does. */
  readonly validUntil: number;
}

/** A fleet has a few dozen situations at a time; thousands are what nodes have left behind. */
const maximumKnown = 20_000;

/** To be made anew where agents, DaemonSets or policies change. */
export const createStandings = (catalogue: AgentCatalogue, policies: readonly Policy[]): Standings => {
  const maximumGrace = Math.max(0, ...policies.map(({ gracePeriod }) => gracePeriod));
  const signatureOf = createSignature(catalogue, maximumGrace);
  const known = new Map<string, Situation>();
  const lists = new Map<string, readonly AgentPresence[]>();
  const judgements = new WeakMap<readonly AgentPresence[], Map<Policy, Judgement>>();

  const learn = (node: NodeFacts, report: NodeReport | undefined, now: number): Situation => {
    const found = reportedPresences(node, report, catalogue)?.map((presence) =>
      withoutSpentGrace(presence, maximumGrace, now),
    );
    const key = found === undefined ? '' : textOf(found);
    const presences = found && (lists.get(key) ?? found);
    if (presences !== undefined) lists.set(key, presences);
    const ends = (found ?? []).flatMap(({ expectedSince }) =>
      expectedSince === undefined ? [] : [expectedSince + maximumGrace],
    );
    return { presences, validUntil: Math.min(...ends) };
  };

  return {
    nodeExpressions: policies.flatMap(nodeExpressionsOf),
    situationOn: (node, report, now) => {
      const signature = signatureOf(node, report, now);
      const before = known.get(signature);
      if (before !== undefined && now < before.validUntil) return before;
      if (known.size >= maximumKnown) known.clear();
      if (lists.size >= maximumKnown) lists.clear();
      const learned = learn(node, report, now);
      known.set(signature, learned);
      return learned;
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

/** All of a node that decides what is said of agents on it: what their DaemonSets ask about, and no more. */
const createSignature = (
  catalogue: AgentCatalogue,
  maximumGrace: number,
): ((node: NodeFacts, report: NodeReport | undefined, now: number) => string) => {
  const asked = catalogue.agents.flatMap((agent) =>
    catalogue.installationsOf(agent).map(({ daemonSet }) => daemonSet.scheduling),
  );
  const terms = asked.flatMap(({ affinity = [] }) => affinity);
  const keys = [
    ...new Set([
      ...asked.flatMap(({ nodeSelector }) => Object.keys(nodeSelector)),
      ...terms.flatMap(({ expressions }) => expressions.map(({ key }) => key)),
    ]),
  ];
  const isNamed = asked.some(({ nodeName }) => nodeName !== undefined) || terms.some(({ fields }) => fields.length > 0);
  const reports = new WeakMap<NodeReport, number>();
  let lastReport = 0;
  const idOf = (report: NodeReport | undefined): number => {
    if (report === undefined) return 0;
    let id = reports.get(report);
    if (id === undefined) reports.set(report, (id = ++lastReport));
    return id;
  };
  return (node, report, now) => {
    const { name, labels, taints, unschedulable, operatingSystem, extendedResources, virtual, createdAt } = node;
    return JSON.stringify([
      idOf(report),
      keys.map((key) => labels[key] ?? null),
      taints,
      unschedulable,
      operatingSystem,
      extendedResources,
      virtual ?? null,
      isNamed ? name : null,
      // Past every grace period, how old a node is makes no difference.
      createdAt + maximumGrace > now ? createdAt : null,
    ]);
  };
};

const nodeExpressionsOf = ({ selector, exemptions }: Policy): readonly LabelExpression[] =>
  [selector, ...exemptions.map((exemption) => exemption.selector)].flatMap(({ node }) => expressionsOf(node));

const expressionsOf = (selector: LabelSelector | undefined): readonly LabelExpression[] =>
  selector === undefined
    ? []
    : [
        ...Object.entries(selector.matchLabels).map(([key, value]): LabelExpression => ({
          key,
          operator: 'In',
          values: [value],
        })),
        ...selector.matchExpressions,
      ];

/** Once every grace period is over, nodes that wait since different times are in the same situation. */
const withoutSpentGrace = (presence: AgentPresence, maximumGrace: number, now: number): AgentPresence =>
  presence.expectedSince !== undefined && presence.expectedSince + maximumGrace <= now
    ? { ...presence, expectedSince: undefined }
    : presence;
