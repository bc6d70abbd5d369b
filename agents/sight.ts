// Which behaviours nobody in a cluster can see, and what would make them seen: told to whoever names them in a policy, who would wait for
// findings that never come. Where anything is unknown, nothing is said.
import { behaviourNamed } from '../domain/findings/behaviours.ts';
import { matchesAny } from '../domain/findings/match.ts';
import { nodeStandings } from '../domain/findings/node-standing.ts';
import { isStoredRule } from '../domain/findings/rule-name.ts';
import type { EventMatcher, PostureRule, SecurityEvent } from '../domain/findings/types.ts';
import { isInForce, type Ruleset, type RulesetPolicy } from '../domain/telemetry/ruleset.ts';
import type { AssetSelector } from '../domain/types.ts';
import { sightOf } from './sights.ts';

/** An agent that is installed. */
export interface InstalledAgent {
  readonly name: string;
  /** Of the ProtectionAgent: Falco, Tetragon, … */
  readonly type: string;
  /** Each that any of its nodes has; undefined among them where nobody knows what is loaded there. */
  readonly rulesets: readonly (Ruleset | undefined)[];
}

export interface SightInput {
  readonly posture: readonly PostureRule[];
  readonly selector: Pick<AssetSelector, 'namespace' | 'pod'>;
  /** Undefined where it is not known which there are. */
  readonly agents: readonly InstalledAgent[] | undefined;
  /** Undefined where it is not known. */
  readonly asksKubelets: boolean | undefined;
}

export interface Unseen {
  /** Of the posture. */
  readonly index: number;
  readonly behaviour: string;
  /** Why nobody can see it, and what would change that. */
  readonly why: string;
}

export const unseenBehaviours = ({ posture, selector, agents, asksKubelets }: SightInput): readonly Unseen[] =>
  posture.flatMap((rule, index) => {
    const why = nodeStandings.includes(rule.behaviour)
      ? whyNoNode(rule.behaviour, selector, asksKubelets)
      : agents && whyNoAgent(rule, agents);
    return why === undefined ? [] : [{ index, behaviour: rule.behaviour, why }];
  });

const whyNoNode = (
  behaviour: string,
  { namespace, pod }: SightInput['selector'],
  asksKubelets: boolean | undefined,
): string | undefined => {
  if (namespace !== undefined || pod !== undefined) {
    return 'it is of nodes, and a policy that selects by namespace or by pod selects none: name it in one that does neither';
  }
  return behaviour === 'OutdatedCgroups' && asksKubelets === false
    ? "only kubelets know, and they are not asked: set operator.kubeletMetrics.enabled to true in the chart's values (--kubelet-metrics)"
    : undefined;
};

const whyNoAgent = (rule: PostureRule, agents: readonly InstalledAgent[]): string | undefined => {
  if (agents.length === 0) return 'no agent is installed that could tell of it: install one';
  const answers = agents.map((agent) => whyUnseenBy(rule, agent));
  return answers.includes(undefined) ? undefined : answers.join('; ');
};

/** Undefined where it sees it, or may. */
const whyUnseenBy = (rule: PostureRule, { name, type, rulesets }: InstalledAgent): string | undefined => {
  const known = behaviourNamed(rule.behaviour);
  if (known === undefined) return whyNotMatched(rule, { name, type, rulesets });
  const sight = sightOf(type, rule.behaviour);
  if (sight === undefined || rulesets.some((ruleset) => hasRuleFor(ruleset, known.match, type))) return undefined;
  switch (sight.by) {
    case 'nothing':
      return `${name} has no rule for it: ${sight.remedy}`;
    case 'rules':
      return rulesets.every(isKnownWhole)
        ? `${name} has loaded no rule that is known to be for it (${sight.rules.join(', ')}): ${sight.remedy}`
        : undefined;
    case 'policies':
      return rulesets.every((ruleset) => ruleset?.proof === 'Complete' && !policiesOf(ruleset).some(isTrusted))
        ? `${name} has loaded no policy at all: ${sight.remedy}`
        : undefined;
  }
};

/** Of agents that tell nothing but what a rule has told them, and call the rule as it is called where they load it. */
const namesItsRules: ReadonlySet<string> = new Set(['Falco', 'Datadog']);

/** Of a behaviour of the user's own: where every description of it names a rule, one of those must be loaded. */
const whyNotMatched = ({ match }: PostureRule, { name, type, rulesets }: InstalledAgent): string | undefined => {
  const namesRules = match.every(({ allOf }) => allOf.some(({ field }) => field === 'Rule'));
  if (!namesRules || !namesItsRules.has(type) || !rulesets.every(isKnownWhole)) return undefined;
  return rulesets.some((ruleset) => hasRuleFor(ruleset, match, type))
    ? undefined
    : `${name} has loaded no rule that match describes: load it, or mend match`;
};

/** Whether one of the rules that have told something is at work still, or may be. */
export const mayStillTell = ({ rulesets }: InstalledAgent, rules: readonly string[]): boolean =>
  rules.length === 0 ||
  !rulesets.every(isKnownWhole) ||
  rulesets.some((ruleset) =>
    loadedRules(ruleset).some((loaded) => rules.some((stored) => isStoredRule(stored, loaded))),
  );

/** What nobody denies counts, as it does for a quiet clock. */
const isTrusted = (policy: RulesetPolicy): boolean => isInForce(policy) || policy.status === 'Declared';

const isKnownWhole = (ruleset: Ruleset | undefined): boolean =>
  ruleset?.proof === 'Complete' && policiesOf(ruleset).every(({ rules }) => rules !== undefined);

/** What a rule is called says whether its events could match; what else they would say nobody knows before they come. */
const hasRuleFor = (ruleset: Ruleset | undefined, matchers: readonly EventMatcher[], agentType: string): boolean => {
  const byRule = matchers
    .map(({ allOf }) => ({ allOf: allOf.filter(({ field }) => field === 'Rule' || field === 'Agent') }))
    .filter(({ allOf }) => allOf.some(({ field }) => field === 'Rule'));
  return loadedRules(ruleset).some((rule) => matchesAny(byRule, { ...noEvent, agentType, rule }));
};

/** For whichever pods. */
const loadedRules = (ruleset: Ruleset | undefined): readonly string[] =>
  policiesOf(ruleset)
    .filter(isTrusted)
    .flatMap(({ rules = [] }) => rules.flatMap(({ name, status }) => (status === 'Loaded' ? [name] : [])));

const policiesOf = (ruleset: Ruleset | undefined): readonly RulesetPolicy[] =>
  ruleset === undefined ? [] : [...ruleset.policies, ...ruleset.notForPod];

const noEvent: SecurityEvent = { at: 0, agentType: '', tags: [], tactics: [], techniques: [], origin: {} };
