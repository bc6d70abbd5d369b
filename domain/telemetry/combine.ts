// What is declared for an agent and what it says that it has loaded, put together for one node.
import { countAttack } from '../attack/count.ts';
import { shortHash } from '../hash.ts';
import { compareText } from '../order.ts';
import { isOlderContent } from '../version.ts';
import type { Loaded } from './book.ts';
import { isInForce, type Ruleset, type RulesetPolicy } from './ruleset.ts';
import type { DeclaredPolicy, KnownContent, LoadedPolicy, RuleFacts } from './types.ts';

export interface CombineInput {
  readonly agent: string;
  /** Undefined where the agent has not said what it has loaded. */
  readonly loaded: Loaded | undefined;
  /** What is declared for the agent on this node. */
  readonly declared: readonly DeclaredPolicy[];
  readonly contents: ReadonlyMap<string, KnownContent>;
}

/** Undefined where nothing is loaded and nothing declared, or nobody can tell. */
export const combineRuleset = ({ agent, loaded, declared, contents }: CombineInput): Ruleset | undefined => {
  if (loaded === undefined && declared.length === 0) return undefined;
  const groups = groupByPolicy(declared);
  const names = new Set(declared.map(({ name }) => name));
  const named = Map.groupBy(loaded?.policies ?? [], ({ name }) => name);
  const policies = [
    ...groups.flatMap((alternatives) => declaredPolicy(alternatives, named, loaded?.are, contents)),
    ...(loaded?.policies ?? [])
      .filter(({ name }) => !names.has(name))
      .map((policy) => onlyLoaded(agent, policy, contents)),
  ];
  return rulesetOf(agent, policies, loaded?.are ?? 'None');
};

/** A ruleset of these policies, with its counts and its identity. */
export const rulesetOf = (
  agent: string,
  unordered: readonly RulesetPolicy[],
  proof: Ruleset['proof'],
  notForPod: readonly RulesetPolicy[] = [],
): Ruleset => {
  const policies = unordered.toSorted(
    (a, b) => compareText(a.name, b.name) || compareText(JSON.stringify(a), JSON.stringify(b)),
  );
  const text = JSON.stringify([agent, proof, policies, notForPod]);
  return {
    // Two halves, since 32 bits over thousands of versions would one day collide.
    id: `${shortHash(text)}${shortHash(`${text.length}${text}`)}`,
    agent,
    policies,
    notForPod,
    proof,
    counts: countAttack(policies.filter(isInForce).map(({ name, rules = [] }) => ({ agent, policy: name, rules }))),
  };
};

/** One at least. */
type Alternatives = readonly DeclaredPolicy[];

/** Objects that declare a policy of one name for the same pods, such as the rules file of two DaemonSets, are alternatives. */
const groupByPolicy = (declared: readonly DeclaredPolicy[]): readonly Alternatives[] => {
  const groups = Map.groupBy(declared, ({ name, pods }) => JSON.stringify([name, pods ?? null]));
  return [...groups.values()].map((alternatives) => alternatives.toSorted(byDeclarer));
};

const byDeclarer = (a: DeclaredPolicy, b: DeclaredPolicy): number =>
  compareText(JSON.stringify(a.declaredBy), JSON.stringify(b.declaredBy));

type Contents = ReadonlyMap<string, KnownContent>;

const declaredPolicy = (
  alternatives: Alternatives,
  named: ReadonlyMap<string, readonly LoadedPolicy[]>,
  are: Loaded['are'] | undefined,
  contents: Contents,
): readonly RulesetPolicy[] => {
  const candidates = named.get(alternatives[0]?.name ?? '') ?? [];
  // The pair that agrees, where any does: then nothing has drifted.
  for (const declared of alternatives) {
    const found = candidates.find((loaded) => agreement(loaded, declared).status === 'Loaded');
    if (found !== undefined) return [loadedAsDeclared(found, declared, contents)];
  }
  const [loaded] = candidates;
  return alternatives
    .slice(0, 1)
    .map((declared) =>
      loaded === undefined ? notLoaded(declared, are) : loadedAsDeclared(loaded, declared, contents),
    );
};

const loadedAsDeclared = (loaded: LoadedPolicy, declared: DeclaredPolicy, contents: Contents): RulesetPolicy => {
  const said = agreement(loaded, declared);
  const isWorking = loaded.status === 'Loaded' || loaded.status === 'PartiallyLoaded';
  // An agent that refuses a policy says more of it than that its content is another.
  const { status, message } =
    isWorking && said.status !== 'Loaded' ? said : { status: loaded.status, message: loaded.message };
  const rules = rulesOf(loaded, said.status === 'Loaded' ? declared : undefined, contents);
  return {
    name: declared.name,
    agent: declared.agent,
    status,
    version: loaded.version ?? (said.status === 'Loaded' ? declared.version : undefined),
    digest: loaded.digest,
    source: loaded.source ?? declared.source,
    type: loaded.type ?? declared.type,
    declaredBy: declared.declaredBy,
    message,
    remedy: declared.trouble?.remedy,
    rules,
    missing: missingOf(declared, rules),
    pods: declared.pods,
  };
};

/** Digests prove it; without both of them versions tell it; without those nothing speaks against it. */
const agreement = (
  loaded: LoadedPolicy,
  declared: DeclaredPolicy,
): { readonly status: 'Loaded' | 'Outdated' | 'Drifted'; readonly message: string | undefined } => {
  const same = { status: 'Loaded', message: undefined } as const;
  const haveDigests = loaded.digest !== undefined && declared.digest !== undefined;
  if (haveDigests && loaded.digest === declared.digest) return same;
  const [is, wanted] = [loaded.version, declared.version];
  const differs = is !== undefined && wanted !== undefined && is !== wanted;
  if (differs && isOlderContent(is, wanted) === true) {
    return { status: 'Outdated', message: `version ${is} is loaded, version ${wanted} is declared` };
  }
  if (haveDigests) {
    return {
      status: 'Drifted',
      message: `the loaded content has the digest ${shortDigest(loaded.digest)}, the declared one ${shortDigest(declared.digest)}`,
    };
  }
  return differs ? { status: 'Drifted', message: `version ${is} is loaded, version ${wanted} is declared` } : same;
};

/** Enough to find it by; the whole of it would make every sentence unreadable. */
export const shortDigest = (digest: string | undefined): string =>
  digest === undefined ? '' : digest.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]+$/, '$1…');

const notLoaded = (declared: DeclaredPolicy, are: Loaded['are'] | undefined): RulesetPolicy => ({
  name: declared.name,
  agent: declared.agent,
  status: declared.trouble === undefined ? (are === 'Complete' ? 'Missing' : 'Declared') : 'Failed',
  version: declared.version,
  digest: declared.digest,
  source: declared.source,
  type: declared.type,
  declaredBy: declared.declaredBy,
  message: declared.trouble?.cause,
  remedy: declared.trouble?.remedy,
  rules: declared.rules,
  missing: [],
  pods: declared.pods,
});

const onlyLoaded = (agent: string, loaded: LoadedPolicy, contents: Contents): RulesetPolicy => ({
  name: loaded.name,
  agent,
  status: loaded.status,
  version: loaded.version ?? (loaded.digest && contents.get(loaded.digest)?.version),
  digest: loaded.digest,
  source: loaded.source,
  type: loaded.type,
  declaredBy: undefined,
  message: loaded.message,
  remedy: undefined,
  rules: rulesOf(loaded, undefined, contents),
  missing: [],
  pods: undefined,
});

const missingOf = (declared: DeclaredPolicy, rules: readonly RuleFacts[] | undefined): readonly string[] => {
  if (rules === undefined || declared.rules === undefined) return [];
  const there = new Set(rules.map(({ name }) => name));
  return declared.rules.flatMap(({ name }) => (there.has(name) ? [] : [name]));
};

/** What the agent lists, else what the content of this digest holds, else what the object that agrees with it declares. */
const rulesOf = (
  { rules, digest, status }: LoadedPolicy,
  declared: DeclaredPolicy | undefined,
  contents: Contents,
): readonly RuleFacts[] | undefined => {
  if (rules !== undefined) return rules;
  const known = (digest === undefined ? undefined : contents.get(digest)?.rules) ?? declared?.rules;
  // Of one that is loaded in part, who knows which.
  if (status === 'Loaded') return known;
  return status === 'PartiallyLoaded' ? undefined : known?.map((rule) => ({ ...rule, status }));
};
