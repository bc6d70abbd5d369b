// A Falco rules file as a list of what it does, in order: defines rules, changes rules of earlier files, names lists and macros. What
// Falco would refuse ends the list with the reason, as Falco stops at the first error. Conditions are not compiled.
import { loadAll, YAMLException } from 'js-yaml';
import { isObject, type Raw } from '../../read.ts';
import { priorityOf } from './priority.ts';

export type RuleItem =
  | { readonly does: 'define'; readonly rule: RuleDefinition }
  | { readonly does: 'change'; readonly name: string; readonly change: RuleChange }
  | { readonly does: 'name'; readonly what: 'list' | 'macro'; readonly name: string; readonly isAppended: boolean };

export interface RuleDefinition {
  readonly name: string;
  readonly source: string;
  /** 0 is Emergency, 7 is Debug. */
  readonly priority: number;
  readonly isEnabled: boolean;
  readonly tags: readonly string[];
}

/** What a later file may change of a rule, as far as it matters here. */
export interface RuleChange {
  readonly moreTags: readonly string[];
  readonly tags?: readonly string[];
  readonly priority?: number;
  readonly isEnabled?: boolean;
}

export interface RulesContent {
  readonly items: readonly RuleItem[];
  /** What Falco would refuse it for. */
  readonly failure?: string;
}

export const parseRules = (text: string): RulesContent => {
  let documents: unknown[];
  try {
    // Falco's parser takes a key that occurs twice.
    documents = loadAll(text, { json: true });
  } catch (error) {
    return { items: [], failure: `it is not YAML: ${describeYamlError(error)}` };
  }
  return itemsOf(documents);
};

/** For rules that an object holds as a structure instead of as text. */
export const itemsOf = (documents: readonly unknown[]): RulesContent => {
  const items: RuleItem[] = [];
  for (const document of documents) {
    if (document === null || document === undefined) continue;
    if (!Array.isArray(document)) return { items, failure: 'its content is not a list of lists, macros and rules' };
    for (const item of document) {
      if (item === null) continue;
      const read = isObject(item) ? readItem(item) : refuse('an element of its list is not a mapping');
      if (read === undefined) continue;
      if ('failure' in read) return { items, failure: read.failure };
      items.push(read);
    }
  }
  return { items };
};

/** Without the excerpt, which may be as long as the file. */
const describeYamlError = (error: unknown): string =>
  error instanceof YAMLException
    ? `${error.reason}${error.mark === undefined ? '' : ` in line ${error.mark.line + 1}`}`
    : 'it cannot be read';

interface Refusal {
  readonly failure: string;
}

const refuse = (failure: string): Refusal => ({ failure });

/** Undefined for what declares nothing that matters here; Falco passes over unknown items with a warning. */
const readItem = (item: Raw): RuleItem | Refusal | undefined => {
  if (item.required_engine_version !== undefined) return readEngineVersion(item.required_engine_version);
  if (item.required_plugin_versions !== undefined)
    return Array.isArray(item.required_plugin_versions)
      ? undefined
      : refuse('required_plugin_versions must be a sequence');
  if (item.list !== undefined) return readNamed(item, 'list', 'items');
  if (item.macro !== undefined) return readNamed(item, 'macro', 'condition');
  if (item.rule !== undefined) return readRule(item);
  return undefined;
};

/** A number in old files, three numbers in new ones. Whether the engine is new enough is not known here. */
const readEngineVersion = (value: unknown): Refusal | undefined =>
  /^\d+(?:\.\d+){0,2}$/.test(scalar(value) ?? '')
    ? undefined
    : refuse('its required_engine_version is not a version such as 0.57.0');

const readNamed = (item: Raw, what: 'list' | 'macro', content: 'items' | 'condition'): RuleItem | Refusal => {
  const name = scalar(item[what]);
  if (name === undefined) return refuse(`a ${what} has no name`);
  const where = `${what} ${name}`;
  const held = item[content];
  if (content === 'items' ? !Array.isArray(held) : scalar(held) === undefined)
    return refuse(`${where}: there is no mapping for key '${content}'`);
  const override = readOverride(item, where, [content], [content]);
  if ('failure' in override) return override;
  const isAppended = override.isLegacyAppend || override.append.includes(content);
  return { does: 'name', what, name, isAppended };
};

const appendable = ['condition', 'output', 'desc', 'tags', 'exceptions'];
const replaceable = [
  ...appendable,
  'priority',
  'enabled',
  'warn_evttypes',
  'skip-if-unknown-filter',
  'capture',
  'capture_duration',
];

const readRule = (item: Raw): RuleItem | Refusal => {
  const name = scalar(item.rule);
  if (name === undefined) return refuse('a rule has no name');
  const where = `rule "${name}"`;
  const override = readOverride(item, where, appendable, replaceable);
  if ('failure' in override) return override;
  const { append, replace, isLegacyAppend } = override;
  if (append.length + replace.length > 0) return readOverridden(item, name, where, override);
  if (isLegacyAppend)
    return item.condition === undefined && item.exceptions === undefined
      ? refuse(`${where}: what is appended must have a condition or exceptions`)
      : { does: 'change', name, change: { moreTags: [] } };
  if (['condition', 'output', 'desc', 'priority'].every((key) => item[key] === undefined)) {
    const isEnabled = boolean(item.enabled);
    return isEnabled === undefined
      ? refuse(`${where}: there is no mapping for key 'condition'`)
      : { does: 'change', name, change: { moreTags: [], isEnabled } };
  }
  return readDefinition(item, name, where);
};

const readDefinition = (item: Raw, name: string, where: string): RuleItem | Refusal => {
  const missing = ['condition', 'output', 'desc', 'priority'].find((key) => scalar(item[key]) === undefined);
  if (missing !== undefined) return refuse(`${where}: there is no mapping for key '${missing}'`);
  const priority = priorityOf(scalar(item.priority));
  if (priority === undefined) return refuse(invalidPriority(where, item.priority));
  const isEnabled = item.enabled === undefined ? true : boolean(item.enabled);
  if (isEnabled === undefined) return refuse(`${where}: enabled is neither true nor false`);
  const tags = readTags(item.tags);
  if (tags === undefined) return refuse(`${where}: tags must be a sequence`);
  return {
    does: 'define',
    rule: { name, source: scalar(item.source) ?? 'syscall', priority, isEnabled, tags },
  };
};

const readOverridden = (item: Raw, name: string, where: string, override: Override): RuleItem | Refusal => {
  const keys = [...override.append, ...override.replace];
  const missing = keys.find((key) => item[key] === undefined);
  if (missing !== undefined) return refuse(`${where}: an override for '${missing}' is given, but no '${missing}'`);
  const unexpected = replaceable.find((key) => item[key] !== undefined && !keys.includes(key));
  if (unexpected !== undefined) return refuse(`${where}: unexpected key '${unexpected}', override has no entry for it`);
  const tags = readTags(item.tags);
  if (tags === undefined) return refuse(`${where}: tags must be a sequence`);
  const replaces = (key: string): boolean => override.replace.includes(key);
  const priority = priorityOf(scalar(item.priority));
  if (replaces('priority') && priority === undefined) return refuse(invalidPriority(where, item.priority));
  const isEnabled = boolean(item.enabled);
  if (replaces('enabled') && isEnabled === undefined) return refuse(`${where}: enabled is neither true nor false`);
  return {
    does: 'change',
    name,
    change: {
      moreTags: override.append.includes('tags') ? tags : [],
      ...(replaces('tags') ? { tags } : {}),
      ...(replaces('priority') && priority !== undefined ? { priority } : {}),
      ...(replaces('enabled') && isEnabled !== undefined ? { isEnabled } : {}),
    },
  };
};

const invalidPriority = (where: string, priority: unknown): string =>
  `${where}: invalid priority ${JSON.stringify(priority)?.slice(0, 40)}`;

interface Override {
  readonly append: readonly string[];
  readonly replace: readonly string[];
  /** `append: true`, as before there was `override`. */
  readonly isLegacyAppend: boolean;
}

const readOverride = (
  item: Raw,
  where: string,
  mayAppend: readonly string[],
  mayReplace: readonly string[],
): Override | Refusal => {
  const isLegacyAppend = boolean(item.append ?? false);
  if (isLegacyAppend === undefined) return refuse(`${where}: append is neither true nor false`);
  const { override } = item;
  if (override === undefined) return { append: [], replace: [], isLegacyAppend };
  if (!isObject(override)) return refuse(`${where}: override must be a mapping`);
  const entries = Object.entries(override);
  const wrong = entries.find(
    ([key, how]) =>
      (how !== 'append' && how !== 'replace') || !(how === 'append' ? mayAppend : mayReplace).includes(key),
  );
  if (wrong !== undefined) return refuse(`${where}: '${wrong[0]}' cannot be overridden in this way`);
  if (isLegacyAppend) return refuse(`${where}: 'override' and 'append: true' cannot be used together`);
  const keysOf = (wanted: string): readonly string[] => entries.flatMap(([key, how]) => (how === wanted ? [key] : []));
  return { append: keysOf('append'), replace: keysOf('replace'), isLegacyAppend };
};

/** Undefined where it is not a list. */
const readTags = (value: unknown): readonly string[] | undefined => {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.flatMap((tag) => scalar(tag) ?? []) : undefined;
};

/** As text; undefined for nothing, an empty text, and what is no scalar. */
const scalar = (value: unknown): string | undefined =>
  (typeof value === 'string' && value !== '') || typeof value === 'number' || typeof value === 'boolean'
    ? `${value}`
    : undefined;

/** With the words of YAML 1.1, which Falco's parser takes. */
const boolean = (value: unknown): boolean | undefined => {
  const word = scalar(value)?.toLowerCase() ?? '';
  if (['true', 'yes', 'on', 'y'].includes(word)) return true;
  return ['false', 'no', 'off', 'n'].includes(word) ? false : undefined;
};
