import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it, test } from 'vitest';
import { object, text } from '../read.ts';
import { effectiveRules } from './rules/effective.ts';
import { parseRules } from './rules/items.ts';
import { defaultSettings } from './rules/settings.ts';

const rulesOf = (file: string): string => {
  const sample = readFileSync(new URL(`../../config/falco/${file}`, import.meta.url), 'utf8');
  return text(object(object(load(sample)).data)['rules.yaml']);
};

const effective = (rules: string) =>
  effectiveRules([{ name: 'rules.yaml', content: parseRules(rules) }], defaultSettings);

test('the rule for the canary is what Falco takes, and looks for what the chart runs', () => {
  const rules = rulesOf('canary-rules.yaml');
  expect(effective(rules)).toMatchObject([{ rules: [{ name: 'Workload Protection Canary', status: 'Loaded' }] }]);
  const daemonSet = readFileSync(
    new URL('../../charts/workload-protection/templates/canary.yaml', import.meta.url),
    'utf8',
  );
  const [, program, args] = /\/bin\/(busybox) (true [\w-]+);/.exec(daemonSet) ?? [];
  expect(rules).toContain(`proc.name = ${program}`);
  expect(rules).toContain(`proc.args = "${args}"`);
});

describe('the sample of posture rules', () => {
  const rules = rulesOf('posture-rules.yaml');
  const [file] = effective(rules);

  it('is what Falco takes, with a technique for each rule', () => {
    expect(file).toEqual({
      name: 'rules.yaml',
      rules: [
        {
          name: 'Compiler Run in Container',
          status: 'Loaded',
          tactics: ['TA0005'],
          techniques: ['T1027.004'],
          type: 'BestPractice',
        },
        {
          name: 'SSH Server Run in Container',
          status: 'Loaded',
          tactics: ['TA0003'],
          techniques: ['T1133'],
          type: 'BestPractice',
        },
      ],
    });
  });

  it('refers only to lists and macros of its own, so that it loads whatever else is loaded', () => {
    const defined = new Set([...rules.matchAll(/^- (?:list|macro): (\w+)$/gm)].map(([, name]) => name));
    const used = new Set(rules.match(/\bposture_\w+/g));
    expect(used).toEqual(defined);
  });
});
