// The policies and rules of `ruleset_loaded` and `heartbeat` → what the agent has loaded. Every status that the agent knows is mapped.
import type { LoadedPolicy, PolicySource, PolicyType, RuleFacts } from '../../domain/telemetry/types.ts';
import { attackIdsInTags } from '../attack-ids.ts';
import { boundedByName, boundedVersion } from '../bounded.ts';
import { list, object, text, textMap, textOrNone, texts, type Raw } from '../read.ts';

/** Undefined for what names no policy. */
export const readPolicy = (value: unknown): LoadedPolicy | undefined => {
  const policy = object(value);
  const name = text(policy.name);
  if (name === '') return undefined;
  const version = boundedVersion(textOrNone(policy.version));
  const source = sources.get(text(policy.source));
  const rules = Array.isArray(policy.rules) ? readRules(policy.rules) : undefined;
  const type = typeOf(rules ?? []);
  const { status, words } = policyStatus(text(policy.status));
  const message = clip(text(policy.message)) || words;
  return {
    name,
    ...(version === undefined ? {} : { version }),
    ...(source === undefined ? {} : { source }),
    ...(type === undefined ? {} : { type }),
    status,
    ...(message === undefined ? {} : { message }),
    ...(rules === undefined ? {} : { rules }),
  };
};

/** All of one event, each once and in order; more than a reading may hold leaves their rules out. */
export const readPolicies = (value: unknown): readonly LoadedPolicy[] => {
  const { items } = boundedByName(list(value).flatMap((item) => readPolicy(item) ?? []));
  const size = JSON.stringify(items).length;
  return size <= mostCharacters ? items : items.map(withoutRules);
};

export const withoutRules = (policy: LoadedPolicy): LoadedPolicy => {
  const { name, version, source, type, status, message } = policy;
  return {
    name,
    ...(version === undefined ? {} : { version }),
    ...(source === undefined ? {} : { source }),
    ...(type === undefined ? {} : { type }),
    status,
    ...(message === undefined ? {} : { message }),
  };
};

/** Below what a reading may take, with all that it says besides. */
const mostCharacters = 100 * 1024;

const sources: ReadonlyMap<string, PolicySource> = new Map([
  ['file', 'File'],
  ['remote-config', 'RemoteConfiguration'],
  ['bundled', 'BuiltIn'],
  ['internal', 'BuiltIn'],
]);

const policyStatus = (
  status: string,
): { readonly status: LoadedPolicy['status']; readonly words: string | undefined } => {
  switch (status) {
    // Agents before policies had a status sent none for those that were loaded.
    case '':
    case 'loaded':
      return { status: 'Loaded', words: undefined };
    // Left out on purpose: for other versions of the agent, or by a filter of its own.
    case 'partially_filtered':
      return { status: 'Loaded', words: 'some of its rules are filtered' };
    case 'partially_loaded':
      return { status: 'PartiallyLoaded', words: 'some of its rules were not loaded' };
    case 'fully_rejected':
      return { status: 'Failed', words: 'all of its rules were rejected' };
    case 'fully_filtered':
      return { status: 'Filtered', words: 'all of its rules are filtered' };
    case 'error':
      return { status: 'Failed', words: 'the policy could not be loaded' };
    default:
      return { status: 'PartiallyLoaded', words: `the agent says "${clip(status)}" of it` };
  }
};

const readRules = (values: readonly unknown[]): readonly RuleFacts[] =>
  boundedByName(
    values.flatMap((value): readonly RuleFacts[] => {
      const rule = object(value);
      const name = text(rule.id);
      if (name === '') return [];
      const type = ruleType(rule);
      const { status, words } = ruleStatus(rule);
      const message = status === 'Loaded' ? undefined : clip(text(rule.message)) || words;
      return [
        {
          name,
          status,
          ...(message === undefined ? {} : { message }),
          ...attackIdsInTags(tagsOf(rule)),
          ...(type === undefined ? {} : { type }),
        },
      ];
    }),
  ).items;

const ruleStatus = (rule: Raw): { readonly status: RuleFacts['status']; readonly words: string | undefined } => {
  const status = text(rule.status);
  switch (status) {
    case '':
    case 'loaded':
      return { status: 'Loaded', words: undefined };
    case 'filtered':
      return { status: 'Filtered', words: filterWords(text(rule.filter_type)) };
    case 'agent_version_error':
      return { status: 'Filtered', words: 'it is for another version of the agent' };
    case 'agent_filter_error':
      return { status: 'Filtered', words: "a filter of the rule's leaves this agent out" };
    case 'event_type_disabled':
      return { status: 'Filtered', words: 'the kind of event that it watches is switched off' };
    case 'syntax_error':
      return { status: 'Failed', words: 'its expression cannot be parsed' };
    case 'error':
      return { status: 'Failed', words: 'it could not be loaded' };
    default:
      return { status: 'Failed', words: `the agent says "${clip(status)}" of it` };
  }
};

const filterWords = (type: string): string => {
  switch (type) {
    case 'rule_id':
      return 'filtered by its id';
    case 'agent_version':
      return 'filtered: it is for another version of the agent';
    case 'rule_filter':
      return 'filtered by its own filters';
    default:
      return 'filtered';
  }
};

/** Newer agents list product tags; older ones, and policies of one's own, have a map. */
export const tagsOf = (rule: Raw): readonly string[] => [
  ...texts(rule.product_tags),
  ...Object.entries(textMap(rule.tags)).map(([key, value]) => `${key}:${value}`),
];

const types: ReadonlyMap<string, PolicyType> = new Map([
  ['policy:threat-detection', 'ThreatDetection'],
  ['policy:compliance', 'Compliance'],
  ['policy:best-practice', 'BestPractice'],
]);

/** The first where several are given: threat detection stands before what the rule is good for besides. */
export const ruleType = (rule: Raw): PolicyType | undefined => {
  const tags = tagsOf(rule);
  for (const [tag, type] of types) if (tags.includes(tag)) return type;
  return undefined;
};

/** A policy is of a type where all of its rules are. */
export const typeOf = (rules: readonly RuleFacts[]): PolicyType | undefined => {
  const [first] = rules;
  return rules.every(({ type }) => type === first?.type) ? first?.type : undefined;
};

/** The agent's words, as long as a person reads. */
const clip = (words: string): string => (words.length > 160 ? `${words.slice(0, 159).toWellFormed()}…` : words);
