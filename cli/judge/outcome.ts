// The core's answer → verdict, what it weighs, and the gaps behind it.
import { stateOf } from '../../domain/reason.ts';
import { badnessOf } from '../../domain/state.ts';
import type { Answer, LeadingGap, PolicyAnswer } from '../../domain/placement/answer.ts';
import type { AdmissionMode, AssetState, State } from '../../domain/types.ts';
import type { CheckGap, CheckResult, NodeCounts } from './result.ts';

type Outcome = Pick<CheckResult, 'verdict' | 'state' | 'nodes' | 'hypothetical' | 'policies' | 'gaps'>;

/** `knowsAgents`: whether it is known at all which agents are installed. */
export const outcomeOf = (answer: Answer, modeOf: (policy: string) => AdmissionMode, knowsAgents: boolean): Outcome => {
  if (answer.kind !== 'Judged') {
    const isExempt = answer.kind === 'Exempt';
    return {
      verdict: isExempt ? 'Exempt' : 'Agent',
      state: isExempt ? 'Exempt' : 'Protected',
      nodes: none,
      hypothetical: false,
      policies: [],
      gaps: [],
    };
  }
  const policies = answer.policies.map((policy) => (knowsAgents ? policy : unlessKnown(policy)));
  const worst = policies.toSorted((a, b) => weigh(b) - weigh(a))[0];
  const gaps = policies.flatMap(gapOf);
  return {
    verdict: worst?.verdict ?? answer.verdict,
    state: worst === undefined ? 'Protected' : stateOfAnswer(worst),
    nodes: worst === undefined ? none : countsOf(worst),
    hypothetical: answer.isHypothetical,
    policies: policies
      .filter(({ policy }) => policy.name !== '')
      .map((each) => ({
        name: each.policy.name,
        verdict: each.verdict,
        admission: modeOf(each.policy.name),
        nodes: countsOf(each),
      })),
    gaps: merged(gaps),
  };
};

const none: NodeCounts = { total: 0, protected: 0, unprotected: 0, unknown: 0 };

/** Nobody named an agent: that none is installed is not known either. */
const unlessKnown = (answer: PolicyAnswer): PolicyAnswer => {
  if (answer.gap?.reason !== 'AgentMissing') return answer;
  const { unprotected, unknown } = answer.nodes;
  return {
    ...answer,
    verdict: answer.verdict === 'Unprotected' ? 'Unknown' : answer.verdict,
    nodes: { ...answer.nodes, unprotected: 0, unknown: unknown + unprotected },
    gap: { ...unknownAgents, nodes: answer.gap.nodes },
  };
};

const unknownAgents: Omit<LeadingGap, 'nodes'> = {
  reason: 'NotYetReported',
  cause: 'no manifest installs an agent, so whether one will be there is not known',
  remedy: "Give the agent's rendered DaemonSet (--agents), or ask the cluster (--context)",
};

/** By verdict first, so that the worst policy's verdict is the workload's, as it is the webhook's. */
const weigh = (answer: PolicyAnswer): number => verdictWeight[answer.verdict] * 10 + badnessOf(stateOfAnswer(answer));

const verdictWeight = { Protected: 0, Partly: 1, Unknown: 2, Unprotected: 3 } as const;

const stateOfAnswer = ({ verdict, isFlagged, nodes, gap }: PolicyAnswer): State => {
  const why = gap === undefined ? 'Incomplete' : stateOf(gap.reason);
  switch (verdict) {
    case 'Protected':
      return 'Protected';
    case 'Unknown':
      return 'Unknown';
    case 'Partly':
      // With AllNodes a policy is content while some node is protected.
      if (!isFlagged) return 'Warning';
      return nodes.unprotected > 0 && badnessOf(why) < badnessOf('Incomplete') ? 'Incomplete' : why;
    case 'Unprotected':
      return why;
  }
};

const gapOf = (answer: PolicyAnswer): readonly CheckGap[] => {
  const { gap, policy } = answer;
  if (gap === undefined) return [];
  const { reason, cause, remedy, nodes } = gap;
  return [
    { state: stateOfAnswer(answer), reason, cause, remedy, policies: policy.name === '' ? [] : [policy.name], nodes },
  ];
};

/** Policies that complain of the same thing do so once. */
const merged = (gaps: readonly CheckGap[]): readonly CheckGap[] => {
  const byCause = new Map<string, CheckGap>();
  for (const gap of gaps) {
    const key = `${gap.state}\n${gap.reason}\n${gap.cause}`;
    const known = byCause.get(key);
    byCause.set(key, known === undefined ? gap : { ...known, policies: [...known.policies, ...gap.policies] });
  }
  return [...byCause.values()].sort((a, b) => weightOf(b.state) - weightOf(a.state));
};

export const weightOf = (state: AssetState): number => (state === 'Exempt' ? -1 : badnessOf(state));

/** An exempt node counts as protected: the policy asks nothing there. */
const countsOf = ({ nodes }: PolicyAnswer): NodeCounts => ({
  total: nodes.total,
  protected: nodes.protected + nodes.free,
  unprotected: nodes.unprotected,
  unknown: nodes.unknown,
});
