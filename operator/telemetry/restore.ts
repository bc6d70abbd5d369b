// What an earlier leader knew of agents, read back from what it wrote: the CoverageSlices of the report `cluster`. A leader that has
// not asked an agent yet goes on from there, so that nothing is "not yet reported" only because the operator was restarted. Less is
// written than was known (no counters, no techniques of single rules), which is enough until the agent answers; see docs/adr/0007.
import { lostAfterStale } from '../../domain/coverage/heard.ts';
import type { HealthIssue, InstanceTelemetry, LoadedPolicy, Reading } from '../../domain/telemetry/types.ts';
import { policySources, type PolicySource } from '../../domain/telemetry/types.ts';
import { list, object, text, textOrNone, texts, type Raw } from '../../facts/read.ts';
import type { Target } from './targets.ts';

/** Undefined where nothing is known of the target's pod. */
export type Restored = (target: Target) => InstanceTelemetry | undefined;

/** A reading is older than evaluatedAt by no more than staleAfter, or it would be called stale there. */
export const restoredFrom = (slices: readonly unknown[], evaluatedAt: number): Restored => {
  const known = new Map<string, (agent: string) => Knowledge | undefined>();
  for (const slice of slices) {
    const { profiles, rulesets } = object(slice);
    const policies = new Map(list(rulesets).map((item) => [text(object(item).id), createPoliciesOf(object(item))]));
    for (const item of list(profiles)) {
      const profile = object(item);
      const of = rememberEach((agent) => knowledgeOf(profile, agent, policies.get(text(profile.ruleset))));
      for (const node of texts(profile.names)) known.set(node, of);
    }
  }
  return ({ node, settings, createdAt }) => {
    // What was known is of another pod.
    if (createdAt > evaluatedAt) return undefined;
    const knowledge = known.get(node)?.(settings.agent);
    if (knowledge === undefined) return undefined;
    const { said, staleTimes, failure } = knowledge;
    const at = evaluatedAt - staleTimes * settings.staleAfterMs;
    return { reading: said && { ...said, at }, askedSince: createdAt, failure };
  };
};

interface Knowledge {
  readonly said: Omit<Reading, 'at'> | undefined;
  /** How many times staleAfter had passed since. */
  readonly staleTimes: number;
  readonly failure: string | undefined;
}

type PoliciesOf = (agent: string) => readonly LoadedPolicy[];

const knowledgeOf = (profile: Raw, name: string, policiesOf: PoliciesOf | undefined): Knowledge | undefined => {
  const agent = list(profile.agents)
    .map(object)
    .find((item) => text(item.name) === name);
  if (agent === undefined) return undefined;
  const reasons = list(profile.reasons)
    .map(object)
    .filter((item) => text(item.agent) === name);
  const has = (reason: string): boolean => reasons.some((item) => text(item.reason) === reason);
  const version = textOrNone(agent.version);
  const unavailable = reasons.find((item) => text(item.reason) === 'TelemetryUnavailable');
  // It has been silent for long, and counts as silent until it answers.
  if (unavailable !== undefined) {
    const hadAnswered = lostWords.test(text(unavailable.cause));
    const said = { ...(version === undefined ? {} : { version }), issues: [] };
    return { said: hadAnswered ? said : undefined, staleTimes: lostAfterStale, failure: silent };
  }
  const evidence = text(agent.evidence);
  const isStale = has('TelemetryStale');
  if (evidence !== 'Reporting' && evidence !== 'Loaded' && !isStale) return undefined;
  const policies = policiesOf?.(name) ?? [];
  return {
    said: {
      ...(version === undefined ? {} : { version }),
      ...(policies.length === 0
        ? {}
        : { policies, policiesAre: evidence === 'Loaded' ? ('Complete' as const) : ('Partial' as const) }),
      issues: reasons.flatMap(issueOf),
    },
    staleTimes: isStale ? 1 : 0,
    failure: isStale ? silent : undefined,
  };
};

/** How the cause says that an agent has answered once; a test holds it against the words of the verdict. */
const lostWords = /last report is older than/;

const silent = 'it did not answer the operator that led before';

const issueReasons = [
  'PolicyLoadFailed',
  'RuleLoadFailed',
  'SelfTestFailed',
  'ProtectionDisabled',
  'AgentHealth',
] as const satisfies readonly HealthIssue['reason'][];

const issueOf = (item: Raw): readonly HealthIssue[] => {
  const reason = issueReasons.find((known) => known === item.reason);
  return reason === undefined ? [] : [{ reason, cause: text(item.cause), remedy: text(item.remedy) }];
};

/** One array for all nodes that share the ruleset. */
const createPoliciesOf = (ruleset: Raw): PoliciesOf => {
  const all = list(ruleset.policies).map(object);
  return rememberEach((agent) => all.filter((item) => text(item.agent) === agent).flatMap(policyOf));
};

/** What is written of a policy → what the agent said of it. Declared and Missing it has not said. */
const statuses: Readonly<Record<string, LoadedPolicy['status']>> = {
  Loaded: 'Loaded',
  Outdated: 'Loaded',
  Drifted: 'Loaded',
  PartiallyLoaded: 'PartiallyLoaded',
  Filtered: 'Filtered',
  Disabled: 'Disabled',
  Failed: 'Failed',
};

const policyOf = (item: Raw): readonly LoadedPolicy[] => {
  const status = statuses[text(item.status)];
  if (status === undefined) return [];
  const version = textOrNone(item.version);
  const source: PolicySource | undefined = policySources.find((known) => known === item.source);
  const rules = [
    ...texts(item.rules).map((name) => ruleOf(name, 'Loaded')),
    ...texts(item.disabledRules).map((name) => ruleOf(name, 'Disabled')),
    ...texts(item.failedRules).map((name) => ruleOf(name, 'Failed')),
  ];
  return [
    {
      name: text(item.name),
      // Where there is no version, the digest stands in its place.
      ...(version === undefined ? {} : version.startsWith('sha256:') ? { digest: version } : { version }),
      ...(source === undefined ? {} : { source }),
      status,
      ...(rules.length === 0 ? {} : { rules }),
    },
  ];
};

const ruleOf = (name: string, status: 'Loaded' | 'Disabled' | 'Failed') => ({
  name,
  status,
  tactics: [],
  techniques: [],
});

const rememberEach = <T>(make: (key: string) => T): ((key: string) => T) => {
  const made = new Map<string, T>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined || made.has(key)) return known as T;
    const value = make(key);
    made.set(key, value);
    return value;
  };
};
