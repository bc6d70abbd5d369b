// What Workload Protection says of itself, event by event. The newest of each kind is kept, by the date that the agent gave it, so that
// late, repeated and reordered events come to the same. A heartbeat tells no rules: of a version of a policy that no ruleset_loaded has
// told, it says only that what is known is not all.
import type { Drops, HealthIssue, LoadedPolicy, Reading } from '../../domain/telemetry/types.ts';
import { boundedVersion, someOf } from '../bounded.ts';
import type { PushAdapter, PushState } from '../push.ts';
import { list, object, text, textOrNone, texts, type Raw } from '../read.ts';
import { originOf, readDatadogEvent, type DatadogEvent } from './event.ts';
import { readPolicies, readPolicy, withoutRules } from './ruleset.ts';

export const datadogPush: PushAdapter = {
  type: 'Datadog',
  speaksOfAgent: (event) => kinds.has(readDatadogEvent(event)?.ruleId ?? ''),
  originOf,
  absorb: (state, event, at) => {
    const read = readDatadogEvent(event);
    return read === undefined || !kinds.has(read.ruleId) ? undefined : absorb(state, read, at);
  },
  readingOf: (state, since = 0) => readingOf(state.ruleset, complaintsSince(factsOf(state), since)),
  seed: ({ at, version, policies, policiesAre }) => ({
    ruleset: policiesAre === 'Complete' ? policies : undefined,
    facts: { at, ...(version === undefined ? {} : { version }) },
  }),
};

const troubles = ['abnormal_path', 'no_process_context', 'broken_process_lineage', 'noisy_process'] as const;
type Trouble = (typeof troubles)[number];
const kinds: ReadonlySet<string> = new Set(['ruleset_loaded', 'heartbeat', 'self_test', 'lost_events', ...troubles]);

interface Beat {
  readonly name: string;
  readonly at: number;
  readonly policy: LoadedPolicy;
}

interface Loss {
  readonly at: number;
  readonly where: string;
  readonly lost: number;
}

/** Only the newest of everything, so that it stays small. */
interface Facts {
  /** The newest date of all. */
  readonly at: number;
  readonly versionAt: number;
  readonly version: string | undefined;
  readonly rulesetAt: number;
  readonly beats: readonly Beat[];
  readonly selfTest: { readonly at: number; readonly failed: readonly string[] } | undefined;
  readonly losses: readonly Loss[];
  readonly troubles: Readonly<Partial<Record<Trouble, number>>>;
}

/** An agent has a handful of policies. */
const mostBeats = 50;
const mostLosses = 50;
const mostFailedTests = 20;
/** Beats come every ten minutes; what is said of the time between two is said of this one. */
const recentMs = 15 * 60_000;
/** Two beats and some: a policy that beat before and misses so many while others beat is loaded no more. */
const silentMs = 25 * 60_000;

const absorb = (state: PushState | undefined, event: DatadogEvent, now: number): PushState => {
  // A clock that is ahead would make the agent look alive for as long as it is.
  const at = Math.min(event.date ?? now, now);
  const known = factsOf(state);
  const version = boundedVersion(textOrNone(event.agent.version));
  const isNewer = version !== undefined && isNewest(at, version, known.versionAt, known.version);
  const facts: Facts = {
    ...known,
    at: Math.max(known.at, at),
    ...(isNewer ? { version, versionAt: at } : {}),
  };
  let ruleset = state?.ruleset;
  let next = facts;
  switch (event.ruleId) {
    case 'ruleset_loaded': {
      const policies = readPolicies(event.body.policies);
      if (isNewest(at, JSON.stringify(policies), known.rulesetAt, ruleset && JSON.stringify(ruleset))) {
        ruleset = policies;
        next = { ...facts, rulesetAt: at };
      }
      break;
    }
    case 'heartbeat':
      next = { ...facts, beats: withBeat(facts.beats, readPolicy(event.body.policy), at) };
      break;
    case 'self_test': {
      const failed = texts(event.body.failed_tests).slice(0, mostFailedTests).toSorted();
      const before = facts.selfTest;
      if (isNewest(at, JSON.stringify(failed), before?.at ?? 0, before && JSON.stringify(before.failed)))
        next = { ...facts, selfTest: { at, failed } };
      break;
    }
    case 'lost_events':
      next = { ...facts, losses: withLoss(facts.losses, event.body, at) };
      break;
    default: {
      const trouble = troubles.find((each) => each === event.ruleId);
      if (trouble !== undefined)
        next = { ...facts, troubles: { ...facts.troubles, [trouble]: Math.max(facts.troubles[trouble] ?? 0, at) } };
    }
  }
  // What is known lies in the state as plain data, whoever kept it in between.
  return { ruleset, facts: { ...next } };
};

/** Of two of one date the greater text holds, so that their order does not matter. */
const isNewest = (at: number, text: string, knownAt: number, known: string | undefined): boolean =>
  known === undefined || at > knownAt || (at === knownAt && text > known);

const withBeat = (beats: readonly Beat[], policy: LoadedPolicy | undefined, at: number): readonly Beat[] => {
  if (policy === undefined) return beats;
  const stripped = withoutRules(policy);
  const before = beats.find(({ name }) => name === policy.name);
  if (before !== undefined && !isNewest(at, JSON.stringify(stripped), before.at, JSON.stringify(before.policy)))
    return beats;
  return [...beats.filter((beat) => beat !== before), { name: policy.name, at, policy: stripped }]
    .sort((a, b) => b.at - a.at || (a.name < b.name ? -1 : 1))
    .slice(0, mostBeats);
};

/** An event that comes twice is one loss. */
const withLoss = (losses: readonly Loss[], body: Raw, at: number): readonly Loss[] => {
  const perEvent = Object.values(object(body.per_event));
  const lost = [body.lost, ...perEvent].reduce<number>((sum, count) => sum + countOf(count), 0);
  const loss: Loss = {
    at,
    where: `${perEvent.length > 0 ? 'write' : 'read'} ${text(body.map).slice(0, 64) || 'buffer'}`,
    lost,
  };
  if (lost === 0 || losses.some((other) => other.at === at && other.where === loss.where && other.lost === lost))
    return losses;
  return [...losses, loss]
    .sort((a, b) => b.at - a.at || (a.where < b.where ? -1 : a.where > b.where ? 1 : a.lost - b.lost))
    .slice(0, mostLosses);
};

const countOf = (value: unknown): number =>
  typeof value === 'number' && value > 0 && value < 1e12 ? Math.floor(value) : 0;

/** A restart is the remedy for most of them: it must show, and not only once they are old. */
const complaintsSince = (facts: Facts, since: number): Facts => ({
  ...facts,
  selfTest: facts.selfTest !== undefined && facts.selfTest.at < since ? undefined : facts.selfTest,
  losses: facts.losses.filter(({ at }) => at >= since),
  troubles: Object.fromEntries(Object.entries(facts.troubles).filter(([, at]) => at >= since)),
});

const readingOf = (ruleset: readonly LoadedPolicy[] | undefined, facts: Facts): Reading => {
  const { at, version, rulesetAt, beats } = facts;
  const newestBeat = beats[0]?.at ?? 0;
  const told = new Map((ruleset ?? []).map((policy) => [policy.name, policy]));
  let isComplete = ruleset !== undefined;
  for (const beat of beats) {
    if (ruleset !== undefined && beat.at < rulesetAt) continue;
    const policy = told.get(beat.name);
    if (policy !== undefined && policy.version === beat.policy.version) {
      // Of the same version, the beat is the newer word on its status.
      if (policy.status !== beat.policy.status) told.set(beat.name, withStatusOf(policy, beat.policy));
      if (newestBeat - beat.at > silentMs) isComplete = false;
      continue;
    }
    isComplete = false;
    if (newestBeat - beat.at <= silentMs) told.set(beat.name, beat.policy);
  }
  const policies = [...told.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    at,
    ...(version === undefined ? {} : { version }),
    ...(policies.length === 0 && ruleset === undefined
      ? {}
      : { policies, policiesAre: isComplete ? ('Complete' as const) : ('Partial' as const) }),
    drops: dropsOf(facts),
    issues: issuesOf(facts),
  };
};

/** With the beat's message or none: the old one was of the old status. */
const withStatusOf = (policy: LoadedPolicy, newer: LoadedPolicy): LoadedPolicy => ({
  ...newer,
  ...(policy.type === undefined ? {} : { type: policy.type }),
  ...(policy.rules === undefined ? {} : { rules: policy.rules }),
});

const dropsOf = ({ losses, at }: Facts): readonly Drops[] => {
  const byPlace = new Map<string, number>();
  for (const loss of losses) {
    if (at - loss.at <= recentMs) byPlace.set(loss.where, (byPlace.get(loss.where) ?? 0) + loss.lost);
  }
  return [...byPlace].sort(([a], [b]) => (a < b ? -1 : 1)).map(([where, lost]) => ({ where, lost }));
};

const issuesOf = ({ at, selfTest, troubles: seen }: Facts): readonly HealthIssue[] => [
  ...(selfTest === undefined || selfTest.failed.length === 0
    ? []
    : [
        {
          reason: 'SelfTestFailed' as const,
          cause: `Workload Protection's self-tests failed: ${someOf(selfTest.failed)}`,
          remedy:
            'Run `system-probe runtime self-test` in the container system-probe; a kernel that the agent does not support, or one that is locked down, is the usual cause',
        },
      ]),
  ...troubles.flatMap((trouble) => {
    const seenAt = seen[trouble];
    return seenAt !== undefined && at - seenAt <= recentMs
      ? [{ reason: 'AgentHealth' as const, ...words[trouble] }]
      : [];
  }),
];

const words: Readonly<Record<Trouble, { readonly cause: string; readonly remedy: string }>> = {
  abnormal_path: {
    cause: 'the agent could not resolve paths of files (abnormal_path): rules on paths may miss events',
    remedy:
      'Restart the agent on the node; if it comes back, raise the memory limit of system-probe or update the agent',
  },
  no_process_context: {
    cause:
      'the agent saw events of processes that it does not know (no_process_context): rules on processes may miss events',
    remedy:
      'Restart the agent on the node; if it comes back, raise the memory limit of system-probe or update the agent',
  },
  broken_process_lineage: {
    cause:
      "the agent lost the ancestors of processes (broken_process_lineage): rules on a process's ancestors may miss events",
    remedy:
      'Restart the agent on the node; if it comes back, raise the memory limit of system-probe or update the agent',
  },
  noisy_process: {
    cause:
      'the agent set a process that makes very many events aside for a while (noisy_process): its events were not looked at',
    remedy:
      'Find the process in the event, and filter it in the policy, or update the agent, whose newer versions do not do this',
  },
};

/** From plain data that this very file made, or an earlier version of it: what does not fit is as if it had not come. */
const factsOf = (state: PushState | undefined): Facts => {
  const facts = object(state?.facts);
  const selfTest = object(facts.selfTest);
  return {
    at: timeOf(facts.at),
    versionAt: timeOf(facts.versionAt),
    version: textOrNone(facts.version),
    rulesetAt: timeOf(facts.rulesetAt),
    beats: list(facts.beats) as readonly Beat[],
    selfTest: facts.selfTest === undefined ? undefined : { at: timeOf(selfTest.at), failed: texts(selfTest.failed) },
    losses: list(facts.losses) as readonly Loss[],
    troubles: object(facts.troubles),
  };
};

const timeOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
