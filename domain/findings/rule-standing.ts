// Whether the rules that saw a behaviour are loaded on a node, as far as anybody says.
import { isInForce, type Ruleset, type RulesetPolicy } from '../telemetry/ruleset.ts';
import { isStoredRule } from './rule-name.ts';

/** Where one of the rules that saw it is loaded, it would be seen again; where telemetry says of none that it is, somebody must be told. */
export const notLoaded = (
  ruleset: Ruleset | undefined,
  agent: string,
  rules: readonly string[],
  declaredRules: readonly string[],
): string | undefined => {
  if (rules.length === 0) return undefined;
  const answers = rules.map((rule) => standingOf(ruleset, rule) ?? goneFrom(ruleset, rule, declaredRules));
  if (answers.some((answer) => answer === undefined)) return undefined;
  return `${agent}: ${answers.find((answer) => answer !== undefined)}`;
};

/** Of an agent that never says what it has loaded, the object that declared the rule is all that told of it. */
const goneFrom = (ruleset: Ruleset | undefined, rule: string, declaredRules: readonly string[]): string | undefined =>
  declaredRules.includes(rule) && policiesWith(ruleset, rule).length === 0
    ? `no object declares rule ${rule} any more`
    : undefined;

export const isDeclared = (ruleset: Ruleset | undefined, rule: string): boolean =>
  policiesWith(ruleset, rule).some(({ declaredBy }) => declaredBy !== undefined);

const policiesWith = (ruleset: Ruleset | undefined, rule: string): readonly RulesetPolicy[] =>
  (ruleset?.policies ?? []).filter(({ rules }) => rules?.some(({ name }) => isStoredRule(rule, name)));

/** Undefined where the rule is loaded, or nobody says that it is not. */
const standingOf = (ruleset: Ruleset | undefined, rule: string): string | undefined => {
  if (ruleset === undefined) return undefined;
  const { policies, notForPod, proof } = ruleset;
  const holding = policies.flatMap((policy) =>
    (policy.rules ?? []).filter(({ name }) => isStoredRule(rule, name)).map((facts) => ({ policy, facts })),
  );
  // What is only declared nobody denies: most agents never say what they have loaded.
  const isTrusted = (policy: RulesetPolicy): boolean => isInForce(policy) || policy.status === 'Declared';
  if (holding.some(({ policy, facts }) => isTrusted(policy) && facts.status === 'Loaded')) return undefined;
  const [first] = holding;
  if (first !== undefined) {
    return `rule ${rule} of ${first.policy.name} is ${(first.facts.status === 'Loaded' ? first.policy.status : first.facts.status).toLowerCase()}`;
  }
  const elsewhere = notForPod.find(({ rules }) => rules?.some(({ name }) => isStoredRule(rule, name)));
  if (elsewhere !== undefined) return `rule ${rule} of ${elsewhere.name} is for other pods than these`;
  const isKnownWhole = proof === 'Complete' && policies.every((policy) => policy.rules !== undefined);
  if (!isKnownWhole || policies.length === 0) return undefined;
  return `rule ${rule} is in none of the policies that it has loaded`;
};
