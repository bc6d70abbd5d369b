/**
 * The filters of coverage: the same words everywhere. Values of one filter are alternatives, filters add up, `*` stands for anything,
 * and `!` before a value leaves out what it matches: `--technique '!T1611'` are the assets on which nothing sees it.
 */
import { techniqueIdIn, tacticIdIn } from '../../domain/attack/lookup.ts';
import { isOlder } from '../../domain/version.ts';
import { workloadName, type Asset } from './asset.ts';

export const filterNames = [
  'policy',
  'policy-type',
  'policy-status',
  'rule',
  'rule-status',
  'version',
  'agent',
  'agent-version',
  'state',
  'evidence',
  'reason',
  'tactic',
  'technique',
  'namespace',
  'node',
  'workload',
  'search',
] as const;
export type FilterName = (typeof filterNames)[number];

export type Filters = Readonly<Partial<Record<FilterName, readonly string[]>>>;

export const assetFilter = (filters: Filters): ((asset: Asset) => boolean) => {
  const tests: readonly ((asset: Asset) => boolean)[] = [
    simple(filters.state, ({ profile }) => [profile.state]),
    simple(filters.evidence, ({ profile }) => [profile.evidence ?? 'None']),
    simple(filters.reason, ({ profile }) => profile.reasons.map(({ reason }) => reason)),
    simple(filters.namespace, ({ kind, key }) => (kind === 'Workload' ? [workloadName(key).namespace] : [])),
    simple(filters.node, ({ kind, key }) => (kind === 'Node' ? [key] : [])),
    simple(filters.workload, ({ kind, key }) => (kind === 'Workload' ? spellingsOf(key) : [])),
    agents(filters),
    policies(filters),
    coverage(filters.tactic, ({ ruleset }) => ruleset?.tactics, tacticIdIn),
    coverage(filters.technique, ({ ruleset }) => ruleset?.techniques, techniqueIdIn),
    search(filters.search),
  ];
  return (asset) => tests.every((holds) => holds(asset));
};

/** Whether values of `filter` pass: for lists that are no assets. */
export const passes = (filter: readonly string[] | undefined, values: readonly string[]): boolean => {
  if (filter === undefined || filter.length === 0) return true;
  const { wanted, unwanted } = parted(filter);
  return (
    (wanted.length === 0 || wanted.some((pattern) => values.some((value) => globs(pattern, value)))) &&
    !unwanted.some((pattern) => values.some((value) => globs(pattern, value)))
  );
};

/** Like `passes`, where a value may also be compared: `<0.44`, `>=7.65.0`. */
export const passesVersion = (filter: readonly string[] | undefined, version: string): boolean => {
  if (filter === undefined || filter.length === 0) return true;
  const { wanted, unwanted } = parted(filter);
  return (
    (wanted.length === 0 || wanted.some((pattern) => matchesVersion(pattern, version))) &&
    !unwanted.some((pattern) => matchesVersion(pattern, version))
  );
};

const parted = (filter: readonly string[]) => ({
  wanted: filter.filter((pattern) => !pattern.startsWith('!')),
  unwanted: filter.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1)),
});

const globs = (pattern: string, value: string): boolean => {
  const [first = '', ...rest] = pattern.toLowerCase().split('*');
  const text = value.toLowerCase();
  if (rest.length === 0) return text === first;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() ?? '';
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
};

const matchesVersion = (pattern: string, version: string): boolean => {
  const [, operator, wanted = ''] = /^(<=|>=|<|>)\s*(.+)$/.exec(pattern) ?? [];
  if (operator === undefined) return globs(pattern, version) || globs(pattern, version.replace(/^v/i, ''));
  const [have, limit] = [wholeVersion(version), wholeVersion(wanted)];
  const [older, newer] = [isOlder(have, limit), isOlder(limit, have)];
  // What cannot be read as a version is neither older nor newer.
  if (older === undefined || newer === undefined) return false;
  if (operator === '<') return older;
  if (operator === '>') return newer;
  return operator === '<=' ? !newer : !older;
};

/** `4` is what people write for `4.0`. */
const wholeVersion = (text: string): string => (/^v?\d+$/i.test(text.trim()) ? `${text.trim()}.0` : text);

type Test = (asset: Asset) => boolean;
const always: Test = () => true;

const simple = (filter: readonly string[] | undefined, valuesOf: (asset: Asset) => readonly string[]): Test =>
  filter === undefined || filter.length === 0 ? always : (asset) => passes(filter, valuesOf(asset));

const spellingsOf = (key: string): readonly string[] => {
  const { namespace, kind, name } = workloadName(key);
  return [key, name, `${namespace}/${name}`, `${kind}/${name}`];
};

/** Both filters are about the same agent: falco in 0.36, not falco, and something else in 0.36. */
const agents = ({ agent, 'agent-version': version }: Filters): Test => {
  if (agent === undefined && version === undefined) return always;
  const isAbsent = agent !== undefined && agent.every((pattern) => pattern.startsWith('!'));
  // `!falco` alone means that falco is not among its agents, however many others there are.
  if (isAbsent && version === undefined) {
    return ({ profile }) =>
      passes(
        agent,
        profile.agents.map(({ name }) => name),
      );
  }
  return ({ profile }) =>
    profile.agents.some((each) => passes(agent, [each.name]) && passesVersion(version, each.version ?? ''));
};

/** All filters on detection policies are about the same one. A WorkloadPolicy is found by its name, too. */
const policies = (filters: Filters): Test => {
  const { policy, 'policy-type': type, 'policy-status': status, rule, 'rule-status': ruleStatus, version } = filters;
  const asked = [policy, type, status, rule, ruleStatus, version];
  if (asked.every((filter) => filter === undefined)) return always;
  const onlyByName = asked.slice(1).every((filter) => filter === undefined);
  if (onlyByName) {
    return ({ profile, ruleset }) =>
      passes(policy, [
        ...(profile.policies ?? []),
        ...(ruleset?.policies ?? []).filter(isThere).map(({ name }) => name),
      ]);
  }
  const isAbsent = policy === undefined && type === undefined && status === undefined && version === undefined;
  if (isAbsent && rule?.every((pattern) => pattern.startsWith('!')) === true) {
    return ({ ruleset }) =>
      passes(
        rule,
        (ruleset?.policies ?? []).flatMap((each) => rulesIn(each, ruleStatus)),
      );
  }
  return ({ ruleset }) =>
    (ruleset?.policies ?? []).some(
      (each) =>
        passes(policy, [each.name]) &&
        passes(type, [each.type ?? 'None']) &&
        (status === undefined ? isThere(each) : passes(status, [each.status])) &&
        passesVersion(version, each.version ?? '') &&
        (rule === undefined && ruleStatus === undefined
          ? true
          : rulesIn(each, ruleStatus).some((name) => passes(rule, [name]))),
    );
};

/** A policy that an object declares and nobody has loaded is found by its status only. */
const isThere = ({ status }: LoadedPolicy): boolean => status !== 'Missing' && status !== 'Declared';

type LoadedPolicy = NonNullable<Asset['ruleset']>['policies'][number];

/** As rules are counted in a ruleset: loaded, disabled (or filtered), failed. */
const rulesIn = (
  { rules = [], disabledRules = [], failedRules = [] }: LoadedPolicy,
  status: readonly string[] | undefined,
): readonly string[] => [
  ...(passes(status, ['Loaded']) ? rules : []),
  ...(passes(status, ['Disabled']) ? disabledRules : []),
  ...(passes(status, ['Failed']) ? failedRules : []),
];

const coverage = (
  filter: readonly string[] | undefined,
  countsOf: (asset: Asset) => Readonly<Record<string, number>> | undefined,
  idIn: (text: string) => string | undefined,
): Test => {
  if (filter === undefined || filter.length === 0) return always;
  const ids = filter.map((pattern) => {
    const not = pattern.startsWith('!') ? '!' : '';
    return not + (idIn(pattern.slice(not.length)) ?? pattern.slice(not.length));
  });
  return (asset) => {
    const covered = Object.entries(countsOf(asset) ?? {}).flatMap(([id, rules]) => (rules > 0 ? [id] : []));
    // A sub-technique covers a part of its technique.
    return passes(ids, [...covered, ...covered.map((id) => id.split('.')[0] ?? id)]);
  };
};

const search = (filter: readonly string[] | undefined): Test => {
  if (filter === undefined || filter.length === 0) return always;
  const words = filter.map((text) => text.toLowerCase());
  return ({ key, profile, ruleset }) => {
    const text = [
      key,
      profile.state,
      ...profile.reasons.flatMap(({ reason, cause, remedy }) => [reason, cause, remedy]),
      ...profile.agents.flatMap(({ name, version = '' }) => [name, version]),
      ...(profile.policies ?? []),
      ...(ruleset?.policies ?? []).map(({ name }) => name),
    ]
      .join('\n')
      .toLowerCase();
    return words.some((word) => text.includes(word));
  };
};
