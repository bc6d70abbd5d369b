// What is to be written onto a node: its condition WorkloadProtected, and whether its startup taint goes. Policies that select the
// same node add up: one that asks for the condition is enough; the longest time limit holds, and Keep over Remove.
import type { Verdict } from '../coverage/verdict.ts';
import { startupTaintKey } from '../placement/fit.ts';
import type { NodeConditionFacts, NodeFacts, Policy } from '../types.ts';

export const nodeConditionType = 'WorkloadProtected';

export interface NodePlan {
  /** As it should stand on the node; undefined where no policy asks for it. */
  readonly condition: NodeConditionFacts | undefined;
  readonly taint: TaintPlan;
}

export type TaintPlan =
  /** There is none, or no policy lets us take it off. */
  | { readonly action: 'none' }
  /** Not protected yet; at `until` the time limit is reached. */
  | { readonly action: 'wait'; readonly until: number }
  | { readonly action: 'remove'; readonly why: 'Protected' | 'TimeLimit'; readonly policies: readonly string[] }
  /** The time limit has been reached, and a policy wants the node to go on waiting. */
  | { readonly action: 'keep'; readonly policies: readonly string[] };

export const planNode = (
  node: NodeFacts,
  verdict: Verdict | undefined,
  selecting: readonly Policy[],
  now: number,
): NodePlan => ({
  condition: selecting.some(({ nodes }) => nodes.condition) ? conditionOf(verdict) : undefined,
  taint: taintPlan(node, verdict, selecting, now),
});

/** The startup taint, whatever its value; one of another effect is somebody else's. */
export const isStartupTaint = ({ key, effect }: Readonly<Record<'key' | 'effect', string>>): boolean =>
  key === startupTaintKey && effect === 'NoSchedule';

const conditionOf = (verdict: Verdict | undefined): NodeConditionFacts => {
  if (verdict === undefined || verdict.state === 'Unknown') {
    return { status: 'Unknown', reason: reasonOf(verdict, 'NotYetReported'), message: messageOf(verdict) };
  }
  const status = isProtected(verdict) ? 'True' : 'False';
  return { status, reason: reasonOf(verdict, verdict.state), message: messageOf(verdict) };
};

const isProtected = ({ state }: Verdict): boolean => state === 'Protected' || state === 'Warning' || state === 'Exempt';

const reasonOf = (verdict: Verdict | undefined, otherwise: string): string => verdict?.gaps[0]?.reason ?? otherwise;

const messageOf = (verdict: Verdict | undefined): string => {
  if (verdict === undefined) return 'Nothing is known of the node yet.';
  const [first, ...more] = verdict.gaps;
  if (first !== undefined) {
    return more.length === 0 ? first.cause : `${first.cause} (and ${more.length} more)`;
  }
  if (verdict.state === 'Exempt') return `Exempt: ${verdict.exemptions[0]?.reason ?? ''}`;
  const agents = verdict.agents.filter(({ state }) => state === 'Protected').map(({ name }) => name);
  return `Protected by ${agents.join(', ')}, on the evidence ${verdict.evidence ?? 'none'}.`;
};

const taintPlan = (
  { taints, createdAt }: NodeFacts,
  verdict: Verdict | undefined,
  selecting: readonly Policy[],
  now: number,
): TaintPlan => {
  const asking = selecting.filter(({ nodes }) => nodes.startupTaint.enabled);
  if (asking.length === 0 || !taints.some(isStartupTaint)) return { action: 'none' };
  const policies = asking.map(({ name }) => name);
  if (verdict !== undefined && isProtected(verdict)) return { action: 'remove', why: 'Protected', policies };
  const until = createdAt + Math.max(...asking.map(({ nodes }) => nodes.startupTaint.timeLimit));
  if (now < until) return { action: 'wait', until };
  const keeping = asking.filter(({ nodes }) => nodes.startupTaint.onTimeLimit === 'Keep').map(({ name }) => name);
  return keeping.length > 0 ? { action: 'keep', policies: keeping } : { action: 'remove', why: 'TimeLimit', policies };
};
