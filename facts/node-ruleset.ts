// A ruleset of a CoverageSlice → what agents have loaded, by names of policies and rules.
import type { ReportedRuleset } from '../domain/placement/reported-presence.ts';
import { rulesetStatuses, type RulesetPolicy } from '../domain/telemetry/ruleset.ts';
import { policySources, type ObjectReference, type RuleFacts } from '../domain/telemetry/types.ts';
import { list, object, text, textOrNone, texts, type Raw } from './read.ts';

export const rulesetOf = (raw: unknown): ReportedRuleset => {
  const { id, policies, tactics, techniques } = object(raw);
  return {
    id: text(id),
    policies: list(policies).map((policy) => policyOf(object(policy))),
    counts: { tactics: countsOf(object(tactics)), techniques: countsOf(object(techniques)), unmapped: 0 },
  };
};

const policyOf = (policy: Raw): RulesetPolicy => {
  const version = textOrNone(policy.version);
  // Of a policy without a version its slice tells the digest.
  const isDigest = version?.startsWith('sha256:') === true;
  return {
    name: text(policy.name),
    agent: text(policy.agent),
    // A status of a later version of the operator: that it is there is all that is known.
    status: rulesetStatuses.find((status) => status === policy.status) ?? 'Declared',
    version: isDigest ? undefined : version,
    digest: isDigest ? version : undefined,
    source: policySources.find((source) => source === policy.source),
    type: undefined,
    declaredBy: declarerOf(object(policy.declaredBy)),
    message: undefined,
    remedy: undefined,
    rules: rulesOf(policy),
    missing: [],
    pods: undefined,
  };
};

const declarerOf = ({ kind, namespace, name }: Raw): ObjectReference | undefined => {
  if (textOrNone(kind) === undefined || textOrNone(name) === undefined) return undefined;
  const within = textOrNone(namespace);
  return { kind: text(kind), ...(within === undefined ? {} : { namespace: within }), name: text(name) };
};

/** Techniques are counted for all rules together, and stand with none of them. */
const rulesOf = ({ rules, disabledRules, failedRules }: Raw): readonly RuleFacts[] | undefined => {
  if (rules === undefined) return undefined;
  const named = (names: unknown, status: RuleFacts['status']): readonly RuleFacts[] =>
    texts(names).map((name) => ({ name, status, tactics: [], techniques: [] }));
  return [...named(rules, 'Loaded'), ...named(disabledRules, 'Disabled'), ...named(failedRules, 'Failed')];
};

const countsOf = (counts: Raw): ReadonlyMap<string, number> =>
  new Map(Object.entries(counts).flatMap(([id, count]) => (typeof count === 'number' ? [[id, count] as const] : [])));
