import { describe, expect, test } from 'vitest';
import { describeSelector, isEverything, matchesLabels } from './selector.ts';
import type { LabelExpression, LabelSelector } from './types.ts';

const where = (...matchExpressions: readonly LabelExpression[]): LabelSelector => ({
  matchLabels: {},
  matchExpressions,
});
const labels = { env: 'production', tier: 'web' };

describe('a selector', () => {
  test.each<[string, LabelSelector, boolean]>([
    ['without conditions selects everything', where(), true],
    ['selects by an equal label', { matchLabels: { env: 'production' }, matchExpressions: [] }, true],
    ['refuses another value', { matchLabels: { env: 'test' }, matchExpressions: [] }, false],
    ['wants all of its labels', { matchLabels: { env: 'production', team: 'a' }, matchExpressions: [] }, false],
    ['In takes any of its values', where({ key: 'env', operator: 'In', values: ['test', 'production'] }), true],
    ['In refuses a label that is absent', where({ key: 'team', operator: 'In', values: ['a'] }), false],
    ['NotIn refuses its values', where({ key: 'env', operator: 'NotIn', values: ['production'] }), false],
    ['NotIn takes a label that is absent', where({ key: 'team', operator: 'NotIn', values: ['a'] }), true],
    ['Exists wants the label', where({ key: 'team', operator: 'Exists', values: [] }), false],
    ['DoesNotExist refuses the label', where({ key: 'env', operator: 'DoesNotExist', values: [] }), false],
    [
      'does not take what every object inherits for a label',
      where({ key: 'constructor', operator: 'Exists', values: [] }),
      false,
    ],
    [
      'wants all of its expressions',
      where({ key: 'env', operator: 'Exists', values: [] }, { key: 'team', operator: 'Exists', values: [] }),
      false,
    ],
  ])('%s', (_, selector, expected) => {
    expect(matchesLabels(selector, labels)).toBe(expected);
  });
});

test('a selector reads as kubectl writes it', () => {
  const selector = {
    matchLabels: { env: 'production' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['web', 'api'] },
      { key: 'zone', operator: 'NotIn', values: ['c'] },
      { key: 'team', operator: 'Exists', values: [] },
      { key: 'legacy', operator: 'DoesNotExist', values: [] },
    ],
  } as const;
  expect(describeSelector(selector)).toBe('env=production,tier in (web,api),zone notin (c),team,!legacy');
  expect(describeSelector(where())).toBe('everything');
});

test('no selector and an empty one are everything', () => {
  expect([undefined, where(), where({ key: 'a', operator: 'Exists', values: [] })].map(isEverything)).toEqual([
    true,
    true,
    false,
  ]);
});
