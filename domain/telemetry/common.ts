// What two nodes have loaded both: a workload whose pods run on both is protected by that.
import { isEqual } from '../equal.ts';
import { rulesetOf } from './combine.ts';
import { rulesetStatuses, type Ruleset, type RulesetPolicy } from './ruleset.ts';

export interface CommonRulesets {
  readonly of: (a: readonly Ruleset[], b: readonly Ruleset[]) => readonly Ruleset[];
}

/** Remembers what it worked out, as long as the rulesets live. */
export const createCommonRulesets = (): CommonRulesets => {
  const known = new WeakMap<Ruleset, WeakMap<Ruleset, Ruleset>>();
  const commonOf = (a: Ruleset, b: Ruleset): Ruleset => {
    if (a.id === b.id) return a;
    const others = known.get(a) ?? new WeakMap<Ruleset, Ruleset>();
    known.set(a, others);
    const before = others.get(b);
    if (before !== undefined) return before;
    const common = intersection(a, b);
    others.set(b, common);
    return common;
  };
  return {
    of: (a, b) =>
      a.flatMap((ruleset) => {
        const other = b.find(({ agent }) => agent === ruleset.agent);
        return other === undefined ? [] : [commonOf(ruleset, other)];
      }),
  };
};

const weaker = { None: 0, Partial: 1, Complete: 2 } as const;

const intersection = (a: Ruleset, b: Ruleset): Ruleset => {
  const policies = a.policies.flatMap((policy) => {
    const other = b.policies.find(({ name, pods }) => name === policy.name && isEqual(pods, policy.pods));
    return other === undefined ? [] : [isEqual(policy, other) ? policy : common(policy, other)];
  });
  return rulesetOf(a.agent, policies, weaker[a.proof] <= weaker[b.proof] ? a.proof : b.proof);
};

const common = (a: RulesetPolicy, b: RulesetPolicy): RulesetPolicy => {
  const worse = rulesetStatuses.indexOf(a.status) >= rulesetStatuses.indexOf(b.status) ? a : b;
  const loaded = new Set((b.rules ?? []).flatMap(({ name, status }) => (status === 'Loaded' ? [name] : [])));
  return {
    ...worse,
    version: a.version === b.version ? a.version : undefined,
    digest: a.digest === b.digest ? a.digest : undefined,
    source: a.source === b.source ? a.source : undefined,
    rules:
      a.rules === undefined || b.rules === undefined
        ? undefined
        : a.rules.filter(({ name, status }) => status !== 'Loaded' || loaded.has(name)),
  };
};
