// How an asset stands and why. Verdicts are interned: assets in the same situation share one object, so that a fleet of
// 150,000 pods holds a few dozen of them, and counting is counting references.
import type { Reason } from '../reason.ts';
import { stateOf } from '../reason.ts';
import { compareText } from '../order.ts';
import { badnessOf, worseOf } from '../state.ts';
import { createCommonRulesets, type CommonRulesets } from '../telemetry/common.ts';
import type { Ruleset } from '../telemetry/ruleset.ts';
import type { AssetState, Evidence, State } from '../types.ts';

export { compareText } from '../order.ts';

export interface Gap {
  readonly reason: Reason;
  readonly cause: string;
  readonly remedy: string;
  readonly agent: string | undefined;
  /** Names of the policies that ask for what is missing, sorted; empty for the baseline. */
  readonly policies: readonly string[];
}

export interface AgentVerdict {
  readonly name: string;
  readonly version: string | undefined;
  readonly state: State;
  readonly evidence: Evidence;
  /** Below the ProtectionAgent's own minVersion. */
  readonly outdated: boolean;
}

export interface GrantedExemption {
  readonly policy: string;
  /** Empty where an annotation grants it. */
  readonly name: string;
  readonly source: 'Policy' | 'BreakGlass';
  readonly reason: string;
  readonly expiresAt: number;
}

export interface Verdict {
  /** Unique among the verdicts of one interner. */
  readonly id: number;
  readonly state: AssetState;
  readonly evidence: Evidence | undefined;
  /** Worst first. */
  readonly gaps: readonly Gap[];
  readonly agents: readonly AgentVerdict[];
  /** What its agents have loaded, all its parts alike; empty where nobody tells. */
  readonly rulesets: readonly Ruleset[];
  readonly exemptions: readonly GrantedExemption[];
  /** Whether any policy selects the asset; false: only the baseline judged it. */
  readonly judged: boolean;
}

export interface VerdictInterner {
  readonly intern: (verdict: Omit<Verdict, 'id'>) => Verdict;
  /** The verdict on a whole of these parts, worked out once: thousands of workloads have pods in the same few situations. */
  readonly whole: (parts: Iterable<Verdict>, make: () => Verdict) => Verdict;
  /** What is loaded on both sides. */
  readonly common: CommonRulesets['of'];
  readonly size: () => number;
}

/** Twice the workloads of a large cluster: each may have pods in other situations than all others. */
const maximumWholes = 20_000;

export const createVerdictInterner = (): VerdictInterner => {
  const known = new Map<string, Verdict>();
  const wholes = new Map<string, Verdict>();
  const common = createCommonRulesets();
  let nextId = 0;
  return {
    intern: (verdict) => {
      const key = JSON.stringify([
        verdict.state,
        verdict.evidence,
        verdict.gaps,
        verdict.agents,
        verdict.rulesets.map(({ id }) => id),
        verdict.exemptions,
        verdict.judged,
      ]);
      const found = known.get(key);
      if (found !== undefined) return found;
      const created: Verdict = { ...verdict, id: nextId++ };
      known.set(key, created);
      return created;
    },
    whole: (parts, make) => {
      const key = Array.from(parts, ({ id }) => id)
        .toSorted((a, b) => a - b)
        .join();
      const found = wholes.get(key);
      if (found !== undefined) return found;
      if (wholes.size >= maximumWholes) wholes.clear();
      const made = make();
      wholes.set(key, made);
      return made;
    },
    common: common.of,
    size: () => known.size,
  };
};

/** The state that a set of gaps amounts to. */
export const stateOfGaps = (gaps: readonly Gap[]): State =>
  gaps.reduce<State>((worst, { reason }) => worseOf(worst, stateOf(reason)), 'Protected');

/** The same reason and cause under several policies is one gap of them all; worst first, then by cause. */
export const mergeGaps = (gaps: readonly Gap[]): readonly Gap[] => {
  if (gaps.length < 2) return gaps;
  const merged = new Map<string, Gap>();
  for (const gap of gaps) {
    const key = `${gap.reason}\n${gap.cause}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? gap : mergeGap(known, gap));
  }
  return [...merged.values()].toSorted(
    (a, b) =>
      badnessOf(stateOf(b.reason)) - badnessOf(stateOf(a.reason)) ||
      compareText(a.reason, b.reason) ||
      compareText(a.cause, b.cause),
  );
};

/** Two gaps with one reason and one cause, told as one whichever came first. */
export const mergeGap = (a: Gap, b: Gap): Gap => {
  const remedy = a.remedy <= b.remedy ? a.remedy : b.remedy;
  const agent = a.agent === b.agent ? a.agent : undefined;
  // A report merges the gaps of hundreds of buckets, nearly all of which add nothing.
  const addsNothing = remedy === a.remedy && agent === a.agent && b.policies.every((each) => a.policies.includes(each));
  if (addsNothing) return a;
  return { ...a, remedy, agent, policies: [...new Set([...a.policies, ...b.policies])].toSorted() };
};
