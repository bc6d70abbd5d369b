// Whether what is about to be created would run protected: the nodes that it may land on, and how each policy that selects it there
// judges their agents.
import type { AgentCatalogue } from '../coverage/agents.ts';
import { presencesForPod } from '../coverage/pod-presence.ts';
import type { AgentPresence } from '../coverage/presence.ts';
import type { Judgement } from '../coverage/judge.ts';
import { compareText } from '../coverage/verdict.ts';
import type { Reason } from '../reason.ts';
import type { PolicyResolver, PolicySet } from '../policy/resolve.ts';
import type { Labels, NodeFacts, OwnerReference, PodFacts, PodShape, Policy, Scheduling } from '../types.ts';
import { expectedPresences, hypotheticalNodes } from './hypothetical.ts';
import { misfit } from './fit.ts';
import { protects, type NodeReport } from './reported-presence.ts';
import type { Standings } from './standings.ts';

/** What is about to be created: a pod, or a controller by its template. */
export interface PlacementQuestion {
  readonly kind: string;
  readonly namespace: string;
  readonly namespaceLabels: Labels;
  readonly shape: PodShape;
  /** With what its RuntimeClass adds. */
  readonly scheduling: Scheduling;
  /** The handler of its RuntimeClass. */
  readonly handler: string | undefined;
  /** Who controls the pod; for a controller, the controller itself. */
  readonly owner: OwnerReference | undefined;
}

/** The cluster as it is known at one moment. */
export interface ClusterPicture {
  readonly nodes: () => Iterable<NodeFacts>;
  readonly reportOf: (node: string) => NodeReport | undefined;
  readonly catalogue: AgentCatalogue;
  readonly resolver: PolicyResolver;
  readonly standings: Standings;
  /** Older than two refresh intervals: then nothing is known of any node. */
  readonly isStale: boolean;
}

/** Over the nodes that it may land on: all protected, some, none, or not known. */
export type PlacementVerdict = 'Protected' | 'Partly' | 'Unknown' | 'Unprotected';

export interface LeadingGap {
  readonly reason: Reason;
  readonly cause: string;
  readonly remedy: string;
  readonly nodes: number;
}

/** How one policy judges the placement. */
export interface PolicyAnswer {
  readonly policy: Policy;
  readonly verdict: PlacementVerdict;
  /** `free`: where the policy does not select the pod, or exempts it. */
  readonly nodes: Readonly<Record<'total' | 'free' | 'protected' | 'unprotected' | 'unknown', number>>;
  /** Whether `spec.admission.when` is met. */
  readonly isFlagged: boolean;
  /** Whether it is met by what is known, whatever the unknown turns out to be. */
  readonly isCertain: boolean;
  /** What most of the nodes at fault have in common. */
  readonly gap: LeadingGap | undefined;
}

export type Answer =
  /** No policy judges it at admission; it is exempt from all that would; it is an agent, which must never wait for itself. */
  | { readonly kind: 'NotSelected' | 'Exempt' | 'Agent' }
  | {
      readonly kind: 'Judged';
      readonly verdict: PlacementVerdict;
      /** By name. */
      readonly policies: readonly PolicyAnswer[];
      /** None of today's nodes fits: judged by what the pod asks for. */
      readonly isHypothetical: boolean;
    };

export const answerPlacement = (question: PlacementQuestion, picture: ClusterPicture, now: number): Answer => {
  if (isAgent(question, picture.catalogue, now)) return { kind: 'Agent' };
  const { groups, total, isHypothetical } = groupNodes(question, picture, now);
  const policies = [...new Set(groups.flatMap(({ set }) => set.judging))].filter((policy) => isAsked(policy, question));
  if (policies.length === 0) {
    const isExempt = groups.some(({ set }) => set.selecting.some((policy) => isAsked(policy, question)));
    return { kind: isExempt ? 'Exempt' : 'NotSelected' };
  }
  const answers = policies
    .map((policy) => answerOf(policy, groups, total, picture, now))
    .toSorted((a, b) => compareText(a.policy.name, b.policy.name));
  return { kind: 'Judged', verdict: worstOf(answers), policies: answers, isHypothetical };
};

const isAsked = ({ admission }: Policy, { kind }: PlacementQuestion): boolean =>
  admission.mode !== 'Off' && admission.kinds.includes(kind);

/** Nodes on which the same policies see the same agents. */
interface Group {
  readonly set: PolicySet;
  /** Undefined where nothing is known. */
  readonly presences: readonly AgentPresence[] | undefined;
  count: number;
}

interface Groups {
  readonly groups: readonly Group[];
  readonly total: number;
  readonly isHypothetical: boolean;
}

const groupNodes = (question: PlacementQuestion, picture: ClusterPicture, now: number): Groups => {
  const { scheduling } = question;
  const fitting: NodeFacts[] = [];
  for (const node of picture.nodes()) if (misfit(scheduling, node) === undefined) fitting.push(node);
  const isHypothetical = fitting.length === 0;
  const nodes = isHypothetical ? hypotheticalNodes(scheduling, now) : fitting;
  const asPod = podOf(question, now);
  const sidecars = picture.catalogue.sidecarsIn(question.shape);
  const presencesOn = (node: NodeFacts): readonly AgentPresence[] | undefined => {
    if (isHypothetical) return expectedPresences(node, picture.catalogue);
    return picture.isStale ? undefined : picture.standings.presencesOn(node, picture.reportOf(node.name), now);
  };
  const bySet = new Map<PolicySet, Map<string | readonly AgentPresence[] | undefined, Group>>();
  for (const node of nodes) {
    const set = picture.resolver.forPod(question.namespaceLabels, question.shape.labels, node.labels);
    const onNode = presencesOn(node);
    let groups = bySet.get(set);
    if (groups === undefined) bySet.set(set, (groups = new Map()));
    // A virtual node is told apart, since a pod sees other agents there.
    const key = node.virtual ?? onNode;
    const group = groups.get(key);
    if (group !== undefined) {
      group.count += 1;
      continue;
    }
    const presences =
      onNode && presencesForPod(onNode, picture.catalogue.agents, asPod, question.handler, sidecars, node.virtual);
    groups.set(key, { set, presences, count: 1 });
  }
  return {
    groups: [...bySet.values()].flatMap((groups) => Array.from(groups.values())),
    total: nodes.length,
    isHypothetical,
  };
};

const answerOf = (
  policy: Policy,
  groups: readonly Group[],
  total: number,
  picture: ClusterPicture,
  now: number,
): PolicyAnswer => {
  const nodes = { total, free: 0, protected: 0, unprotected: 0, unknown: 0 };
  const gaps = new Map<string, LeadingGap>();
  for (const { set, presences, count } of groups) {
    if (!set.judging.includes(policy)) {
      nodes.free += count;
      continue;
    }
    const judgement = presences && picture.standings.judgementOn(presences, policy, now);
    const standing = standingOf(judgement);
    nodes[standing] += count;
    if (standing === 'protected') continue;
    const gap = judgement?.gaps[0] ?? (picture.isStale ? staleGap : unreportedGap);
    const { reason, cause, remedy } = gap;
    gaps.set(cause, { reason, cause, remedy, nodes: (gaps.get(cause)?.nodes ?? 0) + count });
  }
  const { isFlagged, isCertain } = whetherFlagged(policy, nodes);
  return {
    policy,
    verdict: verdictOf(nodes),
    nodes,
    isFlagged,
    isCertain: isCertain && !picture.isStale,
    gap: leading([...gaps.values()]),
  };
};

const standingOf = (judgement: Judgement | undefined): 'protected' | 'unprotected' | 'unknown' => {
  if (judgement === undefined || judgement.state === 'Unknown') return 'unknown';
  return protects(judgement.state) ? 'protected' : 'unprotected';
};

const whetherFlagged = (
  { admission }: Policy,
  { free, protected: safe, unprotected, unknown }: PolicyAnswer['nodes'],
): Pick<PolicyAnswer, 'isFlagged' | 'isCertain'> =>
  admission.when === 'AnyNode'
    ? { isFlagged: unprotected + unknown > 0, isCertain: unprotected > 0 }
    : { isFlagged: free + safe === 0, isCertain: free + safe + unknown === 0 };

const verdictOf = ({ free, protected: safe, unprotected, unknown }: PolicyAnswer['nodes']): PlacementVerdict => {
  if (unprotected + unknown === 0) return 'Protected';
  if (free + safe > 0) return 'Partly';
  return unknown === 0 ? 'Unprotected' : 'Unknown';
};

const verdictsByBadness = ['Unprotected', 'Unknown', 'Partly', 'Protected'] as const;

const worstOf = (answers: readonly PolicyAnswer[]): PlacementVerdict =>
  verdictsByBadness.find((verdict) => answers.some((answer) => answer.verdict === verdict)) ?? 'Protected';

const leading = (gaps: readonly LeadingGap[]): LeadingGap | undefined =>
  gaps.toSorted((a, b) => b.nodes - a.nodes || compareText(a.cause, b.cause))[0];

const staleGap: Omit<LeadingGap, 'nodes'> = {
  reason: 'TelemetryUnavailable',
  cause: 'CoverageReport cluster is missing, or has not been refreshed for two intervals',
  remedy: 'See whether the operator runs: kubectl describe cov cluster',
};

const unreportedGap: Omit<LeadingGap, 'nodes'> = {
  reason: 'NotYetReported',
  cause: 'the operator has not reported on the node yet',
  remedy: 'Wait for it, or see whether the operator runs: kubectl describe cov cluster',
};

const isAgent = (question: PlacementQuestion, catalogue: AgentCatalogue, now: number): boolean =>
  catalogue.isAgentPod(podOf(question, now));

/** As the pod will be once it runs. */
const podOf = ({ namespace, shape, owner }: PlacementQuestion, now: number): PodFacts => ({
  namespace,
  name: '',
  node: undefined,
  pinnedNode: undefined,
  shape,
  owner,
  phase: 'Running',
  ready: true,
  deleting: false,
  createdAt: now,
  trouble: undefined,
});
