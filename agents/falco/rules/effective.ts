// Which rules Falco has in the end, file by file: later files change rules of earlier ones, falco.yaml switches them on and off and
// sets the lowest priority. Files that nobody holds may define rules that are not seen here, so that a change of such a rule is no fault.
import type { RuleFacts } from '../../../domain/telemetry/types.ts';
import { attackIdsInTags } from '../../attack-ids.ts';
import type { RuleChange, RuleDefinition, RuleItem, RulesContent } from './items.ts';
import { priorityName } from './priority.ts';
import type { RuleSettings, RuleSwitch } from './settings.ts';

export interface RulesFile {
  readonly name: string;
  /** Undefined where no object holds it. */
  readonly content: RulesContent | undefined;
}

export interface EffectiveFile {
  readonly name: string;
  /**
   * The rules that it defines, as they are after all files, if Falco takes it; a rule that two files define stands in both. What
   * Falco tells of itself outweighs what is thought of its files here.
   */
  readonly rules: readonly RuleFacts[];
  /** Why Falco would refuse it. */
  readonly failure?: string;
}

type Rule = { -readonly [Key in keyof RuleDefinition]: RuleDefinition[Key] };

/** In the order in which Falco reads them. Files without content are left out of the answer. */
export const effectiveRules = (files: readonly RulesFile[], settings: RuleSettings): readonly EffectiveFile[] => {
  const loading = startLoading();
  const read = files.flatMap(({ name, content }) => {
    if (content === undefined) {
      loading.hasUnseen = true;
      return [];
    }
    const defined = new Set<string>();
    let failure: string | undefined;
    for (const item of content.items) {
      const refused = apply(item, loading);
      failure ??= refused;
      if (refused === undefined && item.does === 'define') defined.add(item.rule.name);
    }
    return [{ name, defined, failure: failure ?? content.failure }];
  });
  return read.map(({ name, defined, failure }) => ({
    name,
    rules: [...defined].flatMap((rule) => {
      const found = loading.rules.get(rule);
      return found === undefined ? [] : [factsOf(found, settings)];
    }),
    ...(failure === undefined ? {} : { failure }),
  }));
};

interface Loading {
  readonly rules: Map<string, Rule>;
  readonly named: Set<string>;
  hasUnseen: boolean;
}

const startLoading = (): Loading => ({ rules: new Map(), named: new Set(), hasUnseen: false });

/** The reason why Falco would refuse the item. */
const apply = (item: RuleItem, loading: Loading): string | undefined => {
  switch (item.does) {
    case 'define': {
      const before = loading.rules.get(item.rule.name);
      if (before !== undefined && before.source !== item.rule.source)
        return `rule "${item.rule.name}" is defined anew with another source`;
      loading.rules.set(item.rule.name, { ...item.rule });
      return undefined;
    }
    case 'change': {
      const rule = loading.rules.get(item.name);
      if (rule === undefined)
        return loading.hasUnseen ? undefined : `rule "${item.name}" is changed, but no rule by that name comes before`;
      change(rule, item.change);
      return undefined;
    }
    case 'name': {
      const key = `${item.what} ${item.name}`;
      if (item.isAppended && !loading.named.has(key) && !loading.hasUnseen)
        return `${key} is appended to, but no ${item.what} by that name comes before`;
      loading.named.add(key);
      return undefined;
    }
  }
};

const change = (rule: Rule, { moreTags, tags, priority, isEnabled }: RuleChange): void => {
  if (moreTags.length > 0) rule.tags = [...rule.tags, ...moreTags];
  if (tags !== undefined) rule.tags = tags;
  if (priority !== undefined) rule.priority = priority;
  if (isEnabled !== undefined) rule.isEnabled = isEnabled;
};

const factsOf = (rule: Rule, settings: RuleSettings): RuleFacts => {
  const type = typeOf(rule.tags);
  return {
    name: rule.name,
    ...standingOf(rule, settings),
    ...attackIdsInTags(rule.tags),
    ...(type === undefined ? {} : { type }),
  };
};

const standingOf = (
  rule: Rule,
  { priority, switches, hasSourcePlugin }: RuleSettings,
): Pick<RuleFacts, 'status' | 'message'> => {
  if (rule.source !== 'syscall' && !hasSourcePlugin)
    return { status: 'Filtered', message: `no plugin is loaded that brings events of the source ${rule.source}` };
  if (rule.priority > priority)
    return {
      status: 'Filtered',
      message: `its priority ${priorityName(rule.priority)} is below the lowest that falco.yaml loads, ${priorityName(priority)}`,
    };
  const last = switches.findLast((entry) => selects(entry, rule));
  if (last === undefined ? rule.isEnabled : last.turns === 'on') return { status: 'Loaded' };
  return {
    status: 'Disabled',
    message: last === undefined ? 'a rules file disables it' : `falco.yaml disables ${describe(last)}`,
  };
};

const selects = ({ rule, tag }: RuleSwitch, { name, tags }: Rule): boolean =>
  (rule !== undefined && matchesWildcard(rule, name)) || (tag !== undefined && tags.includes(tag));

const describe = ({ rule, tag }: RuleSwitch): string =>
  [...(rule === undefined ? [] : [`the rule ${rule}`]), ...(tag === undefined ? [] : [`the tag ${tag}`])].join(' and ');

/** Goes back only to the last star, so that no pattern takes longer than the product of the lengths. */
const matchesWildcard = (pattern: string, name: string): boolean => {
  let [p, n, star, mark] = [0, 0, -1, 0];
  while (n < name.length) {
    if (pattern[p] === '*') {
      [star, mark] = [p, n];
      p++;
    } else if (pattern[p] === '?' || pattern[p] === name[n]) {
      p++;
      n++;
    } else if (star === -1) {
      return false;
    } else {
      mark++;
      [p, n] = [star + 1, mark];
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
};

/** Tags of our own convention; Falco has none for this. */
const typeOf = (tags: readonly string[]): RuleFacts['type'] => {
  const words = new Set(tags.map((tag) => tag.toLowerCase().replace(/[^a-z]/g, '')));
  if (words.has('bestpractice')) return 'BestPractice';
  return words.has('compliance') ? 'Compliance' : undefined;
};
