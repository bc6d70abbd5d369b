// Which findings an event makes on its subject. A behaviour that no policy names counts everywhere with its own defaults; one that a
// policy names counts where a policy which names it selects the subject. Everything else is a signal and left alone.
import { strengthOfQuiet } from './quiet-evidence.ts';
import { criticalityRank } from '../state.ts';
import type { Policy } from '../types.ts';
import { behaviours, type Behaviour } from './behaviours.ts';
import { matchesAny, type MatchContext } from './match.ts';
import { recognise } from './recognise.ts';
import type { PostureRule, QuietEvidence, SecurityEvent, Severity } from './types.ts';

/** What must be observed before a finding is resolved. */
export interface QuietTerms {
  /** Milliseconds. */
  readonly period: number;
  /** Undefined: the most that the agent as installed can show. */
  readonly evidence: QuietEvidence | undefined;
  /** Share of the nodes that run the workload, from 0 to 1. */
  readonly nodes: number;
  /** Of Jobs and CronJobs. */
  readonly runs: number;
}

export interface Behaving {
  readonly behaviour: string;
  readonly severity: Severity;
  /** That name the behaviour; empty where its defaults hold. */
  readonly policies: readonly string[];
  readonly quiet: QuietTerms;
  readonly tactics: readonly string[];
  readonly techniques: readonly string[];
}

type Terms = Pick<Behaving, 'policies' | 'quiet' | 'severity'>;

export interface ClassifyContext extends MatchContext {
  /** Undefined where it is not known, as of a pod that has gone. */
  readonly podAge: number | undefined;
  /** Policies that select the subject. */
  readonly selecting: readonly Policy[];
  /** Behaviours that any policy of the cluster names. */
  readonly named: ReadonlySet<string>;
  /** Of whoever asks again and again, so that what policies ask is put together once. */
  readonly memory?: TermsMemory;
}

/** By policies that select a subject and behaviour: what they ask, where no event makes a difference. */
export type TermsMemory = WeakMap<readonly Policy[], Map<string, Behaving>>;

export const defaultQuiet: QuietTerms = { period: 24 * 3_600_000, evidence: undefined, nodes: 1, runs: 3 };
const customSeverity: Severity = 'Medium';

export const behavioursNamedBy = (policies: readonly Policy[]): ReadonlySet<string> =>
  new Set(policies.flatMap(({ posture }) => posture.map(({ behaviour }) => behaviour)));

/** A built-in behaviour that no policy names is everybody's. */
export const countsAnywhere = (behaviour: string, named: ReadonlySet<string>): boolean =>
  !named.has(behaviour) && behaviours.some(({ name, match }) => name === behaviour && match.length > 0);

export const classify = (event: SecurityEvent, context: ClassifyContext): readonly Behaving[] => {
  if (event.isInternal === true) return [];
  const own = custom(event, context);
  const known = builtIn(event, context);
  return own.length === 0 ? known : [...known, ...own];
};

/** Where no policy names it. */
export const ownTerms = ({ severity }: Behaviour): Terms => ({ severity, policies: [], quiet: defaultQuiet });

/** What several policies ask of one behaviour: all of it. Undefined where none of them names it. */
export const termsOf = (
  behaviour: string,
  selecting: readonly Policy[],
  counts: (rule: PostureRule) => boolean = () => true,
): Terms | undefined => {
  const asking = selecting.flatMap(({ name, posture }) =>
    posture.filter((rule) => rule.behaviour === behaviour && counts(rule)).map((rule) => ({ name, rule })),
  );
  if (asking.length === 0) return undefined;
  const rules = asking.map(({ rule }) => rule);
  const ownSeverity = behaviours.find(({ name }) => name === behaviour)?.severity ?? customSeverity;
  return {
    policies: [...new Set(asking.map(({ name }) => name))].toSorted(),
    severity: rules.map(({ severity }) => severity ?? ownSeverity).reduce(worse),
    quiet: {
      period: Math.max(...rules.map(({ quietPeriod }) => quietPeriod)),
      evidence: rules.map(({ quietEvidence }) => quietEvidence).reduce(stronger),
      nodes: Math.max(...rules.map(({ quietNodes }) => quietNodes)),
      runs: Math.max(...rules.map(({ quietRuns }) => quietRuns)),
    },
  };
};

const nothing: readonly Behaving[] = [];

const builtIn = (event: SecurityEvent, context: ClassifyContext): readonly Behaving[] => {
  const recognised = recognise(event);
  return recognised.length === 0 ? nothing : recognised.flatMap((behaviour) => behaving(behaviour, event, context));
};

const behaving = (behaviour: Behaviour, event: SecurityEvent, context: ClassifyContext): readonly Behaving[] => {
  const { name, tactics, techniques } = behaviour;
  const common = { behaviour: name, tactics, techniques };
  if (!context.named.has(name)) {
    return isTooYoung(behaviour, undefined, context.podAge) ? nothing : [{ ...common, ...ownTerms(behaviour) }];
  }
  const { selecting, memory } = context;
  const known = memory?.get(selecting)?.get(name);
  if (known !== undefined) return [known];
  let isAlwaysSo = true;
  const terms = termsOf(name, selecting, (rule) => {
    isAlwaysSo &&= rule.exclude.length === 0 && minimumAge(behaviour, rule) === 0;
    return doesCount(behaviour, rule, event, context);
  });
  if (terms === undefined) return nothing;
  const found = { ...common, ...terms };
  if (isAlwaysSo && memory !== undefined) {
    const ofThese = memory.get(selecting) ?? new Map<string, Behaving>();
    memory.set(selecting, ofThese.set(name, found));
  }
  return [found];
};

const custom = (event: SecurityEvent, context: ClassifyContext): readonly Behaving[] => {
  const names = new Set<string>();
  for (const { posture } of context.selecting) {
    for (const { match, behaviour } of posture) if (match.length > 0) names.add(behaviour);
  }
  if (names.size === 0) return nothing;
  return [...names].flatMap((behaviour) => {
    const terms = termsOf(
      behaviour,
      context.selecting,
      (rule) => matchesAny(rule.match, event, context) && doesCount(undefined, rule, event, context),
    );
    // What the rule that saw it says of itself is all that is known of a behaviour of somebody's own.
    return terms === undefined ? [] : [{ behaviour, tactics: event.tactics, techniques: event.techniques, ...terms }];
  });
};

const doesCount = (
  behaviour: Behaviour | undefined,
  rule: PostureRule,
  event: SecurityEvent,
  context: ClassifyContext,
): boolean => !isTooYoung(behaviour, rule, context.podAge) && !matchesAny(rule.exclude, event, context);

/** Whether events of a pod of that age are left alone. */
export const isTooYoung = (
  behaviour: Behaviour | undefined,
  rule: PostureRule | undefined,
  podAge: number | undefined,
): boolean => {
  const minimum = minimumAge(behaviour, rule);
  // The clocks of API server and operator may differ: a pod can seem to be made in the future.
  return minimum > 0 && podAge !== undefined && podAge < minimum;
};

export const minimumAge = (behaviour: Behaviour | undefined, rule: PostureRule | undefined): number =>
  rule?.minimumPodAge ?? behaviour?.minimumPodAge ?? 0;

const worse = (a: Severity, b: Severity): Severity => (criticalityRank(a) >= criticalityRank(b) ? a : b);

const stronger = (a: QuietEvidence | undefined, b: QuietEvidence | undefined): QuietEvidence | undefined =>
  strengthOfQuiet(a) >= strengthOfQuiet(b) ? a : b;
