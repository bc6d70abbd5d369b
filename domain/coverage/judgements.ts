// Verdicts for nodes, pods and workloads, each distinct situation judged once and remembered.
import type { PolicySet } from '../policy/resolve.ts';
import { strengthOf, worstAsset } from '../state.ts';
import type { Evidence } from '../types.ts';
import { judge, type Judgement } from './judge.ts';
import type { AgentPresence } from './presence.ts';
import {
  compareText,
  mergeGaps,
  type AgentVerdict,
  type GrantedExemption,
  type Verdict,
  type VerdictInterner,
} from './verdict.ts';

export interface TimedVerdict {
  readonly verdict: Verdict;
  /** When it changes by itself; Infinity if it does not. */
  readonly validUntil: number;
}

/** The verdict on one asset, from the agents that could see it and the policies that select it. */
export const verdictOn = (
  interner: VerdictInterner,
  presences: readonly AgentPresence[],
  set: PolicySet,
  now: number,
): TimedVerdict => {
  const judgement = judge(presences, set.judging, now);
  const verdict = interner.intern(set.isExempt ? exempt(judgement, set) : judged(judgement, set));
  return { verdict, validUntil: judgement.validUntil };
};

/** The verdict on a whole from its parts' verdicts: the worst state, every gap; undefined without parts. */
export const verdictOfParts = (interner: VerdictInterner, parts: ReadonlySet<Verdict>): Verdict | undefined => {
  const [first, ...others] = parts;
  if (first === undefined || others.length === 0) return first;
  return interner.whole(parts, () => wholeOf(interner, [first, ...others]));
};

const wholeOf = (interner: VerdictInterner, all: readonly Verdict[]): Verdict => {
  const state = worstAsset(all.map((part) => part.state)) ?? 'Exempt';
  const counted = all.filter((part) => part.state !== 'Exempt' || state === 'Exempt');
  return interner.intern({
    state,
    evidence: weakestOf(counted),
    gaps: mergeGaps(counted.flatMap(({ gaps }) => gaps)),
    agents: unionOf(counted.flatMap(({ agents }) => agents)),
    rulesets: commonTo(interner, counted),
    exemptions: exemptionsOf(counted),
    judged: all.some((part) => part.judged),
  });
};

const judged = ({ state, evidence, gaps, agents, rulesets }: Judgement, set: PolicySet): Omit<Verdict, 'id'> => ({
  state,
  evidence,
  gaps,
  agents,
  rulesets,
  exemptions: granted(set),
  judged: set.selecting.length > 0,
});

const exempt = ({ evidence, agents, rulesets }: Judgement, set: PolicySet): Omit<Verdict, 'id'> => ({
  state: 'Exempt',
  evidence,
  gaps: [],
  agents,
  rulesets,
  exemptions: granted(set),
  judged: true,
});

const granted = ({ exemptions }: PolicySet): readonly GrantedExemption[] =>
  exemptions.map(({ policy, name, source, reason, expiresAt }) => ({ policy, name, source, reason, expiresAt }));

const exemptionsOf = (verdicts: readonly Verdict[]): readonly GrantedExemption[] => {
  const all = new Map(verdicts.flatMap(({ exemptions }) => exemptions.map((each) => [JSON.stringify(each), each])));
  return [...all].toSorted(([a], [b]) => compareText(a, b)).map(([, each]) => each);
};

const weakestOf = (verdicts: readonly Verdict[]): Evidence | undefined =>
  verdicts.map(({ evidence }) => evidence).reduce((a, b) => (strengthOf(b) < strengthOf(a) ? b : a));

/** In the order of what is loaded: whichever part was seen first, the whole is the same. */
const commonTo = ({ common }: VerdictInterner, parts: readonly Verdict[]): Verdict['rulesets'] => {
  const distinct = new Map(parts.map(({ rulesets }) => [rulesets.map(({ id }) => id).join(), rulesets]));
  return [...distinct]
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([, rulesets]) => rulesets)
    .reduce(common);
};

const unionOf = (agents: readonly AgentVerdict[]): readonly AgentVerdict[] => {
  const union = new Map(agents.map((agent) => [JSON.stringify(agent), agent]));
  return [...union.entries()].toSorted(([a], [b]) => compareText(a, b)).map(([, agent]) => agent);
};
