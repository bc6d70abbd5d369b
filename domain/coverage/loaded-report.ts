// What a report says of detection policies and rules: which are loaded where, and which are not loaded everywhere.
import { rulesetStatuses, type Ruleset, type RulesetPolicy, type RulesetStatus } from '../telemetry/ruleset.ts';
import { isInForce } from '../telemetry/ruleset.ts';
import type { ObjectReference, PolicyType, RuleFacts } from '../telemetry/types.ts';
import type { Bucket } from './tally.ts';
import { compareText } from './verdict.ts';

export interface RuleCounts {
  readonly loaded: number;
  readonly filtered: number;
  readonly disabled: number;
  readonly failed: number;
  readonly missing: number;
}

/** A detection policy in one version, status and source. */
export interface PolicyUse {
  readonly name: string;
  readonly agent: string;
  /** Or, where there is none, the digest of its content. */
  readonly version: string | undefined;
  readonly source: string | undefined;
  readonly status: RulesetStatus;
  readonly type: PolicyType | undefined;
  readonly declaredBy: ObjectReference | undefined;
  readonly nodes: number;
  /** Undefined where nobody knows what is in it. */
  readonly rules: RuleCounts | undefined;
}

/** A rule that is not loaded, in one status. */
export interface RuleUse {
  readonly name: string;
  readonly policy: string;
  readonly agent: string;
  readonly status: Exclude<RuleFacts['status'], 'Loaded'> | 'Missing';
  readonly message: string | undefined;
  readonly nodes: number;
}

export interface LoadedReport {
  /** The least well first. */
  readonly policies: readonly PolicyUse[];
  readonly rules: readonly RuleUse[];
}

/** What was said last, and of what: most changes in a fleet change nothing of it. */
export interface RememberedLoaded {
  readonly of: string;
  readonly report: LoadedReport;
  /** What each ruleset of then comes to: hundreds of rules, of which nothing changes where only the number of nodes does. */
  readonly told: ReadonlyMap<Ruleset, Told>;
}

/** One ruleset as the report tells it, but for the nodes; `key`: the same for the same line. */
interface Told {
  readonly policies: readonly { readonly key: string; readonly use: PolicyUse }[];
  readonly rules: readonly { readonly key: string; readonly use: RuleUse }[];
}

export const reportLoaded = (buckets: Iterable<Bucket>, before: RememberedLoaded | undefined): RememberedLoaded => {
  const uses = nodesByRuleset(buckets);
  const of = uses.map(({ ruleset, nodes }) => `${ruleset.id} ${nodes}`).join();
  if (before?.of === of) return before;
  const told = new Map(uses.map(({ ruleset }) => [ruleset, before?.told.get(ruleset) ?? tell(ruleset)]));
  return { of, report: listed(uses, told), told };
};

interface RulesetUse {
  readonly ruleset: Ruleset;
  readonly nodes: number;
}

const tell = ({ policies }: Ruleset): Told => ({
  policies: policies.map((policy) => {
    const use = policyUse(policy);
    // Whoever has other rules in it has another one.
    return { key: JSON.stringify(use), use };
  }),
  rules: policies
    .flatMap(rulesNotLoaded)
    .map((use) => ({ key: JSON.stringify([use.name, use.policy, use.agent, use.status, use.message]), use })),
});

const listed = (uses: readonly RulesetUse[], told: RememberedLoaded['told']): LoadedReport => {
  const policies = new Map<string, { use: PolicyUse; nodes: number }>();
  const rules = new Map<string, { use: RuleUse; nodes: number }>();
  for (const { ruleset, nodes } of uses) {
    const known = told.get(ruleset);
    for (const { key, use } of known?.policies ?? []) count(policies, key, nodes, use);
    for (const { key, use } of known?.rules ?? []) count(rules, key, nodes, use);
  }
  return {
    policies: [...policies.values()].map(({ use, nodes }) => ({ ...use, nodes })).toSorted(byPolicyStatus),
    rules: [...rules.values()].map(({ use, nodes }) => ({ ...use, nodes })).toSorted(byRuleStatus),
  };
};

/** Each distinct ruleset once, with the nodes that have it. */
const nodesByRuleset = (buckets: Iterable<Bucket>): readonly RulesetUse[] => {
  const found = new Map<string, { ruleset: Ruleset; nodes: number }>();
  for (const { verdict, nodes } of buckets) {
    if (nodes.size === 0) continue;
    for (const ruleset of verdict.rulesets) {
      const known = found.get(ruleset.id) ?? { ruleset, nodes: 0 };
      known.nodes += nodes.size;
      found.set(ruleset.id, known);
    }
  }
  return [...found.values()].toSorted((a, b) => compareText(a.ruleset.id, b.ruleset.id));
};

const count = <T>(into: Map<string, { use: T; nodes: number }>, key: string, nodes: number, use: T): void => {
  const known = into.get(key);
  if (known === undefined) into.set(key, { use, nodes });
  else known.nodes += nodes;
};

const policyUse = (policy: RulesetPolicy): PolicyUse => {
  const { name, agent, version, digest, source, status, type, declaredBy } = policy;
  return {
    name,
    agent,
    version: version ?? digest,
    source,
    status,
    type,
    declaredBy,
    nodes: 0,
    rules: countRules(policy),
  };
};

const countRules = (policy: RulesetPolicy): RuleCounts | undefined => {
  const { rules, status, missing } = policy;
  if (rules === undefined || status === 'Declared') return undefined;
  const of = (wanted: RuleFacts['status']): number => rules.filter((rule) => rule.status === wanted).length;
  // The rules of a policy that is not there are those that it would bring.
  if (!isThere(policy)) return { loaded: 0, filtered: 0, disabled: 0, failed: 0, missing: rules.length };
  return {
    loaded: of('Loaded'),
    filtered: of('Filtered'),
    disabled: of('Disabled'),
    failed: of('Failed'),
    missing: missing.length,
  };
};

const isThere = (policy: RulesetPolicy): boolean =>
  isInForce(policy) || policy.status === 'Filtered' || policy.status === 'Disabled' || policy.status === 'Failed';

const rulesNotLoaded = (policy: RulesetPolicy): readonly RuleUse[] => {
  const { name, agent, rules = [], missing, status } = policy;
  if (status === 'Declared') return [];
  const use = (rule: string, how: RuleUse['status'], message: string | undefined): RuleUse => ({
    name: rule,
    policy: name,
    agent,
    status: how,
    message,
    nodes: 0,
  });
  if (!isThere(policy)) return rules.map((rule) => use(rule.name, 'Missing', undefined));
  return [
    ...missing.map((rule) => use(rule, 'Missing', undefined)),
    ...rules.flatMap((rule) => (rule.status === 'Loaded' ? [] : [use(rule.name, rule.status, rule.message)])),
  ];
};

const byPolicyStatus = (a: PolicyUse, b: PolicyUse): number =>
  rulesetStatuses.indexOf(b.status) - rulesetStatuses.indexOf(a.status) ||
  b.nodes - a.nodes ||
  compareText(a.name, b.name) ||
  compareText(JSON.stringify(a), JSON.stringify(b));

const ruleStatuses: readonly RuleUse['status'][] = ['Filtered', 'Disabled', 'Missing', 'Failed'];

const byRuleStatus = (a: RuleUse, b: RuleUse): number =>
  ruleStatuses.indexOf(b.status) - ruleStatuses.indexOf(a.status) ||
  b.nodes - a.nodes ||
  compareText(a.policy, b.policy) ||
  compareText(a.name, b.name) ||
  compareText(JSON.stringify(a), JSON.stringify(b));
