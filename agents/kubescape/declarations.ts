// Rules objects and the bindings that put their rules to work on pods → what Kubescape is to load. A policy is a Rules object as one
// binding binds it: two bindings make two policies of the same name, each for its own pods.
import type { Declarations, DeclaredPolicy, PodScope } from '../../domain/telemetry/types.ts';
import type { DeclareInput } from '../agent.ts';
import { annotatedAttackIds } from '../attack-annotation.ts';
import { someOf } from '../bounded.ts';
import { readDeclaringObjects, type DeclaringObject } from '../declaring-object.ts';
import { isInstalled } from '../installed.ts';
import { readLabelSelector } from '../label-selector.ts';
import { list, object, textOrNone } from '../read.ts';
import { agentVersions } from './agent-versions.ts';
import { boundBy, describeEntry, readRules, type KubescapeRule } from './rules.ts';

export const declareKubescape = (input: DeclareInput): Declarations => {
  const versions = agentVersions(input.daemonSets);
  const ruleObjects: readonly RuleObject[] = readDeclaringObjects(input, 'rules', 'Rules').map((found) => ({
    found,
    rules: readRules(found.spec, annotatedAttackIds(found.raw), versions),
  }));
  const bindings: readonly Binding[] = readDeclaringObjects(
    input,
    'runtimerulealertbindings',
    'RuntimeRuleAlertBinding',
  ).map((found) => ({ found, scope: scopeOf(found), entries: list(found.spec.rules) }));
  const { agent } = input;
  return {
    policies:
      ruleObjects.length === 0
        ? bindings.map((binding) => builtIn(agent, binding))
        : ruleObjects.flatMap((ruleObject) => bound(agent, ruleObject, bindings)),
    contents: [],
    exclusions: [],
    notes: [
      ...(ruleObjects.length + bindings.length === 0 && isInstalled(input)
        ? ['No Rules and no RuntimeRuleAlertBinding are there: Kubescape then detects nothing at runtime.']
        : []),
      ...(ruleObjects.length === 0 ? [] : danglingNotes(ruleObjects, bindings)),
    ],
  };
};

interface RuleObject {
  readonly found: DeclaringObject;
  readonly rules: readonly KubescapeRule[];
}

interface Binding {
  readonly found: DeclaringObject;
  readonly scope: PodScope;
  readonly entries: readonly unknown[];
}

const scopeOf = ({ spec }: DeclaringObject): PodScope => {
  const namespaceSelector = readLabelSelector(spec.namespaceSelector);
  const podSelector = readLabelSelector(spec.podSelector);
  return {
    ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
    ...(podSelector === undefined ? {} : { podSelector }),
  };
};

const bound = (
  agent: string,
  { found, rules }: RuleObject,
  bindings: readonly Binding[],
): readonly DeclaredPolicy[] => {
  const { name, version, declaredBy } = found;
  const common = {
    agent,
    name,
    ...(version === undefined ? {} : { version }),
    source: 'CustomResource',
    declaredBy,
  } as const;
  const taken = bindings
    .map(({ scope, entries }) => ({ scope, rules: new Set(entries.flatMap((entry) => boundBy(entry, rules))) }))
    .filter((binding) => binding.rules.size > 0);
  if (taken.length === 0) {
    // A spare object is no trouble; that there is no binding at all is.
    const trouble = {
      cause: 'no RuntimeRuleAlertBinding binds any of its rules to pods',
      remedy: 'Create a RuntimeRuleAlertBinding that names its rules, such as all-rules-all-pods of the Helm chart',
    };
    return [{ ...common, rules: rules.map(unbound), ...(bindings.length === 0 ? { trouble } : {}) }];
  }
  const nowhere = rules.filter((rule) => !taken.some((binding) => binding.rules.has(rule)));
  return taken.map((binding) => ({
    ...common,
    rules: [...[...binding.rules].map(({ facts }) => facts), ...nowhere.map(unbound)],
    ...(Object.keys(binding.scope).length === 0 ? {} : { pods: binding.scope }),
  }));
};

const unbound = ({ facts }: KubescapeRule): KubescapeRule['facts'] =>
  facts.status === 'Disabled'
    ? facts
    : { ...facts, status: 'Filtered', message: 'no RuntimeRuleAlertBinding binds it to pods' };

/** Before there were Rules objects the rules were part of the agent, and a binding named them. */
const builtIn = (agent: string, { found, scope, entries }: Binding): DeclaredPolicy => {
  const { name, version, declaredBy, raw } = found;
  const names = entries.map(describeEntry).filter((entry) => entry !== '');
  return {
    agent,
    name,
    ...(version === undefined ? {} : { version }),
    source: 'CustomResource',
    declaredBy,
    rules: [...new Set(names)].map((rule) => ({ name: rule, status: 'Loaded', ...annotatedAttackIds(raw) })),
    ...(Object.keys(scope).length === 0 ? {} : { pods: scope }),
  };
};

/** What bindings name and no Rules object has, which Kubescape passes over in silence. */
const danglingNotes = (ruleObjects: readonly RuleObject[], bindings: readonly Binding[]): readonly string[] => {
  const all = ruleObjects.flatMap(({ rules }) => rules);
  return bindings.flatMap(({ found, entries }) => {
    const dangling = entries.filter((entry) => isNamed(entry) && boundBy(entry, all).length === 0).map(describeEntry);
    return dangling.length === 0
      ? []
      : [`RuntimeRuleAlertBinding ${found.name} names rules that no Rules object has: ${someOf(dangling)}.`];
  });
};

/** Tags that no rule has are no mistake. */
const isNamed = (entry: unknown): boolean => {
  const { ruleID, ruleName } = object(entry);
  return textOrNone(ruleID) !== undefined || textOrNone(ruleName) !== undefined;
};
