import { describe, expect, test } from 'vitest';
import { isStoredRule, storedRule } from './rule-name.ts';

describe('the name of a rule', () => {
  test.each([
    ['Terminal shell in container'],
    ['Find password=hunter2 in arguments'],
    ['x'.repeat(300)],
    [`${'x'.repeat(250)} token=${'y'.repeat(100)}`],
    ['with\u0000 a control character'],
    ['with\u2028a separator'],
    ['reads\u202ebackwards'],
  ])('%j is known again as it is kept', (name) => {
    const stored = storedRule(name);
    expect(isStoredRule(stored, name)).toBe(true);
    expect(stored.length).toBeLessThanOrEqual(253);
    expect(isStoredRule(stored, `${name} too`)).toBe(name.length > 253);
  });

  test('that holds a secret is not kept as it is', () => {
    expect(storedRule('Find password=hunter2 in arguments')).toBe('Find password=*** in arguments');
  });

  test('is not known by another that is kept otherwise', () => {
    expect(isStoredRule('Find password=*** in arguments', 'Find password=hunter2 in files')).toBe(false);
  });
});
