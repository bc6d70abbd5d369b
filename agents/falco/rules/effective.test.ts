import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectiveRules, type EffectiveFile } from './effective.ts';
import { parseRules } from './items.ts';
import { defaultSettings, parseFalcoConfig, settingsOf, type RuleSettings } from './settings.ts';

const shell = `
- rule: Shell
  desc: A shell in a container
  condition: spawned_process and container and shell_procs
  output: a shell ran (command=%proc.cmdline)
  priority: NOTICE
  tags: [maturity_stable, container, mitre_execution, T1059]
`;

const drift = `
- rule: Drift
  desc: A new binary
  condition: spawned_process and container
  output: drift
  priority: ERROR
  enabled: false
  tags: [mitre_persistence, TA0003]
`;

const files = (...texts: readonly (string | undefined)[]): readonly EffectiveFile[] =>
  effective(defaultSettings, ...texts);

const effective = (settings: RuleSettings, ...texts: readonly (string | undefined)[]): readonly EffectiveFile[] =>
  effectiveRules(
    texts.map((text, index) => ({ name: `${index}.yaml`, content: text === undefined ? text : parseRules(text) })),
    settings,
  );

const settings = (config: string): RuleSettings => settingsOf([parseFalcoConfig(config) ?? {}]);

const standing = (read: readonly EffectiveFile[], name: string): readonly [string, string | undefined] => {
  const found = read.flatMap(({ rules }) => rules).find((rule) => rule.name === name);
  return [found?.status ?? 'none', found?.message];
};

describe('the rules of a file', () => {
  it('are loaded unless something says otherwise, with the ids in their tags', () => {
    expect(files(shell)).toEqual([
      {
        name: '0.yaml',
        rules: [{ name: 'Shell', status: 'Loaded', tactics: ['TA0002'], techniques: ['T1059'] }],
      },
    ]);
  });

  it('are disabled where the file says so', () => {
    expect(standing(files(drift), 'Drift')).toEqual(['Disabled', 'a rules file disables it']);
  });

  it('are of a type where a tag says so', () => {
    const posture = shell.replace('maturity_stable', 'best_practice');
    expect(files(posture)[0]?.rules[0]?.type).toBe('BestPractice');
  });

  it('stand in each file that defines them, as they are in the end', () => {
    const [first, second] = files(shell, shell.replace('T1059', 'T1609').replace('NOTICE', 'INFO'));
    expect(first?.rules).toEqual(second?.rules);
    expect(first?.rules[0]?.techniques).toEqual(['T1609']);
  });

  it('may be spread over several documents', () => {
    expect(files(`${shell}\n---\n${drift}\n---\n`)[0]?.rules.map(({ name }) => name)).toEqual(['Shell', 'Drift']);
  });

  it('may carry keys twice, which Falco takes', () => {
    expect(files(`${shell}  priority: WARNING\n`)[0]?.failure).toBeUndefined();
  });
});

describe('a later file', () => {
  const changes: readonly [says: string, text: string, rule: string, status: string][] = [
    ['disables a rule by enabled alone', '- rule: Shell\n  enabled: false', 'Shell', 'Disabled'],
    ['enables a rule by enabled alone', '- rule: Drift\n  enabled: yes', 'Drift', 'Loaded'],
    ['enables a rule by override', '- rule: Drift\n  enabled: true\n  override: {enabled: replace}', 'Drift', 'Loaded'],
    ['appends to a condition as of old', '- rule: Shell\n  append: true\n  condition: and not x', 'Shell', 'Loaded'],
    [
      'appends exceptions, which do not matter here',
      '- rule: Shell\n  exceptions: [{name: a, values: [[b]]}]\n  override: {exceptions: append}',
      'Shell',
      'Loaded',
    ],
  ];
  it.each(changes)('%s', (_, text, rule, status) => {
    const read = files(shell, drift, text);
    expect(read.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined]);
    expect(standing(read, rule)[0]).toBe(status);
  });

  it('adds tags', () => {
    const read = files(shell, '- rule: Shell\n  tags: [T1609]\n  override: {tags: append}');
    expect(read[0]?.rules[0]?.techniques).toEqual(['T1059', 'T1609']);
  });

  it('replaces tags', () => {
    const read = files(shell, '- rule: Shell\n  tags: [T1609]\n  override: {tags: replace}');
    expect(read[0]?.rules[0]).toMatchObject({ tactics: [], techniques: ['T1609'] });
  });

  it('replaces a priority, which then falls under the floor', () => {
    const read = effective(
      settings('priority: notice'),
      shell,
      '- rule: Shell\n  priority: DEBUG\n  override: {priority: replace}',
    );
    expect(standing(read, 'Shell')[0]).toBe('Filtered');
  });

  it('may change what a file defines that nobody holds', () => {
    const read = files(undefined, '- rule: Unseen\n  enabled: false\n- macro: m\n  append: true\n  condition: or x');
    expect(read).toEqual([{ name: '1.yaml', rules: [] }]);
  });
});

describe('falco.yaml', () => {
  const switches: readonly [says: string, config: string, shell: string, drift: string][] = [
    ['disables by a wildcard', 'rules: [{disable: {rule: "Sh*"}}]', 'Disabled', 'Disabled'],
    ['enables by a name', 'rules: [{enable: {rule: Drift}}]', 'Loaded', 'Loaded'],
    ['goes in order', 'rules: [{disable: {rule: "*"}}, {enable: {tag: T1059}}]', 'Loaded', 'Disabled'],
    ['lets the last hold', 'rules: [{enable: {tag: T1059}}, {disable: {rule: "S??ll"}}]', 'Disabled', 'Disabled'],
    ['does not match a part of a name', 'rules: [{disable: {rule: "hell"}}]', 'Loaded', 'Disabled'],
    ['takes brackets as they are', 'rules: [{disable: {rule: "[S]hell"}}]', 'Loaded', 'Disabled'],
    ['leaves out what is less urgent', 'priority: error', 'Filtered', 'Disabled'],
    ['may say nonsense', 'rules: [1, {disable: x}, {}]\npriority: [1]', 'Loaded', 'Disabled'],
  ];
  it.each(switches)('%s', (_, config, forShell, forDrift) => {
    const read = effective(settings(config), shell, drift);
    expect([standing(read, 'Shell')[0], standing(read, 'Drift')[0]]).toEqual([forShell, forDrift]);
  });

  it('says by which entry a rule is off', () => {
    expect(standing(effective(settings('rules: [{disable: {tag: container}}]'), shell), 'Shell')).toEqual([
      'Disabled',
      'falco.yaml disables the tag container',
    ]);
  });

  it('says which priority is too low', () => {
    expect(standing(effective(settings('priority: warning'), shell), 'Shell')[1]).toBe(
      'its priority Notice is below the lowest that falco.yaml loads, Warning',
    );
  });

  it('decides whether rules for other sources than system calls are loaded', () => {
    const audit = `${shell}  source: k8s_audit\n`;
    expect(standing(files(audit), 'Shell')).toEqual([
      'Filtered',
      'no plugin is loaded that brings events of the source k8s_audit',
    ]);
    const plugins = 'plugins: [{name: container}, {name: k8saudit}]';
    expect(standing(effective(settings(`load_plugins: [k8saudit]\n${plugins}`), audit), 'Shell')[0]).toBe('Loaded');
    expect(standing(effective(settings(`load_plugins: [container]\n${plugins}`), audit), 'Shell')[0]).toBe('Filtered');
  });

  it('adds up lists over several files and lets the last say the rest', () => {
    const merged = settingsOf([
      { rules_files: ['/a'], priority: 'debug', rules: [{ disable: { rule: 'x' } }] },
      { rules_files: ['/b', '/a'], priority: 'error', rules: [{ enable: { rule: 'x' } }] },
    ]);
    expect(merged).toMatchObject({ rulesFiles: ['/a', '/b'], priority: 3 });
    expect(merged.switches).toHaveLength(2);
  });

  it('is undefined where it is no YAML', () => {
    expect(parseFalcoConfig('a: [')).toBeUndefined();
    expect(parseFalcoConfig('')).toBeUndefined();
  });
});

describe('Falco refuses', () => {
  const rule = (more: string): string => `- rule: R\n  desc: d\n  condition: c\n  output: o\n  ${more}`;
  const refused: readonly [what: string, text: string, words: string][] = [
    ['what is no YAML', '- rule: [', 'it is not YAML: unexpected end of the stream within a flow collection in line 1'],
    ['a mapping', 'rule: x', 'its content is not a list of lists, macros and rules'],
    ['a list of texts', '- x', 'an element of its list is not a mapping'],
    [
      'a rule without output',
      '- rule: R\n  desc: d\n  condition: c\n  priority: INFO',
      `rule "R": there is no mapping for key 'output'`,
    ],
    ['a rule with nothing', '- rule: R', `rule "R": there is no mapping for key 'condition'`],
    ['a rule without name', '- rule: ""', 'a rule has no name'],
    ['a priority that is none', rule('priority: HIGH'), 'rule "R": invalid priority "HIGH"'],
    [
      'enabled that is no word for yes or no',
      rule('priority: INFO\n  enabled: maybe'),
      'rule "R": enabled is neither true nor false',
    ],
    ['tags that are no list', rule('priority: INFO\n  tags: a'), 'rule "R": tags must be a sequence'],
    [
      'a change of an unknown rule',
      '- rule: R\n  enabled: true',
      'rule "R" is changed, but no rule by that name comes before',
    ],
    [
      'an append to an unknown list',
      '- list: l\n  items: [a]\n  append: true',
      'list l is appended to, but no list by that name comes before',
    ],
    ['a list without items', '- list: l', `list l: there is no mapping for key 'items'`],
    ['a macro without condition', '- macro: m', `macro m: there is no mapping for key 'condition'`],
    [
      'append and override at once',
      `${rule('append: true')}\n  override: {condition: append}`,
      `rule "R": 'override' and 'append: true' cannot be used together`,
    ],
    [
      'an override of what cannot be appended',
      `${rule('enabled: true')}\n  override: {enabled: append}`,
      `rule "R": 'enabled' cannot be overridden in this way`,
    ],
    [
      'an override without its value',
      '- rule: R\n  override: {tags: append}',
      `rule "R": an override for 'tags' is given, but no 'tags'`,
    ],
    [
      'a value without its override',
      '- rule: R\n  tags: []\n  desc: d\n  override: {tags: append}',
      `rule "R": unexpected key 'desc', override has no entry for it`,
    ],
    [
      'an engine version that is none',
      '- required_engine_version: new',
      'its required_engine_version is not a version such as 0.57.0',
    ],
    [
      'plugin versions that are no list',
      '- required_plugin_versions: x',
      'required_plugin_versions must be a sequence',
    ],
    [
      'a rule that changes its source',
      `${rule('priority: INFO')}\n${rule('priority: INFO\n  source: aws')}`,
      'rule "R" is defined anew with another source',
    ],
  ];
  it.each(refused)('%s', (_, text, words) => {
    expect(files(text)[0]?.failure).toBe(words);
  });

  const taken: readonly [what: string, text: string][] = [
    ['nothing at all', ''],
    ['only a comment', '# none'],
    ['an unknown item, which it warns of', '- other: x'],
    ['an empty element', '-\n'],
    ['engine versions old and new', '- required_engine_version: 15\n- required_engine_version: 0.57.0'],
    [
      'lists and macros that are appended to later',
      '- list: l\n  items: []\n- list: l\n  items: [b]\n  override: {items: append}',
    ],
  ];
  it.each(taken)('but not %s', (_, text) => {
    expect(files(text)).toEqual([{ name: '0.yaml', rules: [] }]);
  });

  it('the whole file, of which the rules are known all the same', () => {
    const [file] = files(`- rule: Unknown\n  enabled: true\n${shell}`);
    expect(file?.failure).toContain('rule "Unknown" is changed');
    expect(file?.rules.map(({ name, status }) => [name, status])).toEqual([['Shell', 'Loaded']]);
  });
});

describe('whatever the files hold', () => {
  const word = fc.constantFrom(
    'rule',
    'list',
    'macro',
    'desc',
    'priority',
    'override',
    'tags',
    'append',
    'Shell',
    'INFO',
  );
  const item = fc.dictionary(
    word,
    fc.oneof(word, fc.boolean(), fc.array(word), fc.dictionary(word, word), fc.jsonValue()),
  );

  it('nothing is thrown', () => {
    const text = fc.oneof(
      fc.string(),
      fc.array(item).map((items) => JSON.stringify(items)),
      fc.nat(shell.length).map((end) => shell.slice(0, end)),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), fc.string(), (texts, config) => {
        for (const { rules } of effective(settings(config), ...texts))
          expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
      }),
    );
  });

  it('a rule that one file defines does not depend on the order of other files', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[A-Z][a-z]{2,8}$/), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(names, (unique) => {
        const texts = unique.map((name) => shell.replace('Shell', name));
        const flat = (order: readonly string[]): readonly unknown[] =>
          files(...order)
            .flatMap(({ rules }) => rules)
            .toSorted((a, b) => (a.name < b.name ? -1 : 1));
        expect(flat(texts)).toEqual(flat(texts.toReversed()));
      }),
    );
  });
});
