// What falco.yaml says of rules: which files in which order, which rules are switched on or off, from which priority on.
import { load } from 'js-yaml';
import { isObject, list, object, text, texts, type Raw } from '../../read.ts';
import { lowestPriority, priorityOf } from './priority.ts';

export interface RuleSettings {
  /** Files and directories, in order. */
  readonly rulesFiles: readonly string[];
  /** In order: the last one that matches a rule holds. */
  readonly switches: readonly RuleSwitch[];
  /** Rules with a higher number are not loaded. */
  readonly priority: number;
  /** Whether a plugin is loaded that may bring another source of events than system calls. */
  readonly hasSourcePlugin: boolean;
}

export interface RuleSwitch {
  readonly turns: 'on' | 'off';
  /** `*` and `?` stand for any text and any character. */
  readonly rule?: string;
  readonly tag?: string;
}

/** As Falco's own falco.yaml has it. */
export const defaultRulesFiles: readonly string[] = [
  '/etc/falco/falco_rules.yaml',
  '/etc/falco/falco_rules.local.yaml',
  '/etc/falco/rules.d',
];

export const defaultSettings: RuleSettings = {
  rulesFiles: defaultRulesFiles,
  switches: [],
  priority: lowestPriority,
  hasSourcePlugin: false,
};

/** Plugins that only add to what system calls tell. */
const enriching: ReadonlySet<string> = new Set(['container', 'json', 'k8smeta', 'anomalydetection', 'krsi']);

/** Undefined where it cannot be read. */
export const parseFalcoConfig = (config: string): Raw | undefined => {
  try {
    const content = load(config, { json: true });
    return isObject(content) ? content : undefined;
  } catch {
    return undefined;
  }
};

/** From the main file and those that Falco merges into it, in order: lists add up, of all else the last holds. */
export const settingsOf = (configs: readonly Raw[], defaults: RuleSettings = defaultSettings): RuleSettings => {
  const files = configs.flatMap((config) => [...entries(config.rules_files), ...entries(config.rules_file)]);
  const priorities = configs.flatMap((config) => priorityOf(text(config.priority)) ?? []);
  return {
    rulesFiles: files.length === 0 ? defaults.rulesFiles : [...new Set(files)],
    switches: configs.flatMap((config) => list(config.rules).flatMap(switchesOf)),
    priority: priorities.at(-1) ?? defaults.priority,
    hasSourcePlugin: defaults.hasSourcePlugin || configs.some(loadsSourcePlugin),
  };
};

const entries = (value: unknown): readonly string[] => (typeof value === 'string' ? [value] : texts(value));

/** `load_plugins` chooses among `plugins`; without it none is loaded, unless it is not set at all. */
const loadsSourcePlugin = ({ load_plugins: chosen, plugins }: Raw): boolean => {
  const names = Array.isArray(chosen) ? texts(chosen) : list(plugins).map((plugin) => text(object(plugin).name));
  return names.some((name) => name !== '' && !enriching.has(name));
};

const switchesOf = (entry: unknown): readonly RuleSwitch[] =>
  (['enable', 'disable'] as const).flatMap((key) => {
    const selection = object(object(entry)[key]);
    const [rule, tag] = [text(selection.rule), text(selection.tag)];
    if (rule === '' && tag === '') return [];
    return [
      {
        turns: key === 'enable' ? ('on' as const) : ('off' as const),
        ...(rule === '' ? {} : { rule }),
        ...(tag === '' ? {} : { tag }),
      },
    ];
  });
