import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { object, text } from '../read.ts';
import { effectiveRules } from './rules/effective.ts';
import { parseRules } from './rules/items.ts';
import { defaultSettings } from './rules/settings.ts';

const sample = readFileSync(new URL('../../config/falco/posture-rules.yaml', import.meta.url), 'utf8');

describe('the sample of posture rules', () => {
  const rules = text(object(object(load(sample)).data)['rules.yaml']);
  const [file] = effectiveRules([{ name: 'rules.yaml', content: parseRules(rules) }], defaultSettings);

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
