// Whether what is about to be created would run protected: the nodes that it may land on, and how each policy that selects it there
// judges their agents.
import type { AgentCatalogue } from '../coverage/agents.ts';
import type { Judgement } from '../coverage/judge.ts';
import { compareText } from '../coverage/verdict.ts';
import type { Reason } from '../reason.ts';
import type { PolicyResolver } from '../policy/resolve.ts';
import type { Labels, NodeFacts, OwnerReference, PodShape, Policy, Scheduling } from '../types.ts';
import { findLanding, podOf, type Group } from './landing.ts';
import type { NodeClasses } from './node-classes.ts';
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
  /** The nodes, with what is reported of them, by what tells them apart. */
  readonly classes: NodeClasses;
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

export const answerPlacement = (question: PlacementQuestion, picture: ClusterPicture, now: number): Answer =>
  answerForNow(question, picture, now).answer;

export interface AnswerForNow {
  readonly answer: Answer;
  /** When it changes by itself because a grace period ends; Infinity if it does not. */
  readonly validUntil: number;
}

export const answerForNow = (question: PlacementQuestion, picture: ClusterPicture, now: number): AnswerForNow => {
  if (isAgent(question, picture.catalogue, now)) return lasting({ kind: 'Agent' });
  const { groups, total, isHypothetical } = findLanding(question, picture, now);
  const policies = [...new Set(groups.flatMap(({ set }) => set.judging))].filter((policy) => isAsked(policy, question));
  if (policies.length === 0) {
    const isExempt = groups.some(({ set }) => set.selecting.some((policy) => isAsked(policy, question)));
    return lasting({ kind: isExempt ? 'Exempt' : 'NotSelected' });
  }
  const judged = policies
    .toSorted((a, b) => compareText(a.name, b.name))
    .map((policy) => judgeGroups(policy, groups, picture, now));
  const answers = judged.map((each) => answerOf(each, total, picture));
  return {
    answer: { kind: 'Judged', verdict: worstOf(answers), policies: answers, isHypothetical },
    validUntil: Math.min(...judged.map(({ validUntil }) => validUntil)),
  };
};

const lasting = (answer: Answer): AnswerForNow => ({ answer, validUntil: Number.POSITIVE_INFINITY });

const isAsked = ({ admission }: Policy, { kind }: PlacementQuestion): boolean =>
  admission.mode !== 'Off' && admission.kinds.includes(kind);

interface JudgedGroups {
  readonly policy: Policy;
  readonly counts: Readonly<Record<'free' | Standing, number>>;
  readonly gaps: readonly LeadingGap[];
  readonly validUntil: number;
}

type Standing = 'protected' | 'unprotected' | 'unknown';

const judgeGroups = (
  policy: Policy,
  groups: readonly Group[],
  { standings, isStale }: ClusterPicture,
  now: number,
): JudgedGroups => {
  const counts = { free: 0, protected: 0, unprotected: 0, unknown: 0 };
  const gaps = new Map<string, LeadingGap>();
  let validUntil = Number.POSITIVE_INFINITY;
  for (const { set, presences, count } of groups) {
    if (!set.judging.includes(policy)) {
      counts.free += count;
      continue;
    }
    const judgement = presences && standings.judgementOn(presences, policy, now);
    validUntil = Math.min(validUntil, judgement?.validUntil ?? validUntil);
    const standing = standingOf(judgement);
    counts[standing] += count;
    if (standing === 'protected') continue;
    const gap = judgement?.gaps[0] ?? (isStale ? staleGap : unreportedGap);
    gaps.set(gap.cause, joined(gaps.get(gap.cause), gap, count));
  }
  return { policy, counts, gaps: [...gaps.values()], validUntil };
};

/** Of two remedies for one cause the same is taken in whichever order the nodes come, so that warnings do not flap. */
const joined = (before: LeadingGap | undefined, gap: Omit<LeadingGap, 'nodes'>, count: number): LeadingGap => {
  const { reason, cause, remedy } = before !== undefined && compareText(before.remedy, gap.remedy) <= 0 ? before : gap;
  return { reason, cause, remedy, nodes: (before?.nodes ?? 0) + count };
};

const answerOf = ({ policy, counts, gaps }: JudgedGroups, total: number, { isStale }: ClusterPicture): PolicyAnswer => {
  const nodes = { total, ...counts };
  const { isFlagged, isCertain } = whetherFlagged(policy, nodes);
  return {
    policy,
    verdict: verdictOf(nodes),
    nodes,
    isFlagged,
    isCertain: isCertain && !isStale,
    gap: leading(gaps),
  };
};

const standingOf = (judgement: Judgement | undefined): Standing => {
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
