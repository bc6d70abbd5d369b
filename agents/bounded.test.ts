import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundedByName, boundedVersion, someOf } from './bounded.ts';

const named = (...names: readonly string[]) => names.map((name) => ({ name }));

describe('what is kept of many', () => {
  test('is all, in order, each name once', () => {
    expect(boundedByName(named('b', 'a', 'b'))).toEqual({ items: named('a', 'b'), cut: false });
  });

  test.each([
    ['too many', named(...Array.from({ length: 501 }, (_, index) => `n${index}`)), 500],
    ['too long together', named(...Array.from({ length: 200 }, (_, index) => `${index}${'x'.repeat(500)}`)), 97],
    ['one with a name that is none', named('a', 'x'.repeat(513)), 1],
  ])('is cut where there are %s', (_, items, kept) => {
    const bounded = boundedByName(items);
    expect(bounded.cut).toBe(true);
    expect(bounded.items).toHaveLength(kept);
  });

  test('is measured as the caller says', () => {
    const { items, cut } = boundedByName(named('a', 'b', 'c'), () => 20_000);
    expect([items, cut]).toEqual([named('a', 'b'), true]);
  });

  test('does not depend on the order in which they come', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string()), (names) => {
        expect(boundedByName(named(...names.toReversed()))).toEqual(boundedByName(named(...names)));
      }),
    );
  });
});

test.each([
  [['a'], 'a'],
  [['a', 'b', 'c', 'd', 'e', 'f'], 'a, b, c, d, e and 1 other'],
  [['a', 'b', 'c', 'd', 'e', 'f', 'g'], 'a, b, c, d, e and 2 others'],
  [['x'.repeat(120)], `${'x'.repeat(100)}…`],
])('a sentence names some of %j', (names, words) => {
  expect(someOf(names)).toBe(words);
});

test.each([
  ['v1.7.0', 'v1.7.0'],
  ['', undefined],
  [undefined, undefined],
  ['x'.repeat(129), undefined],
])('a version %j is %j', (version, expected) => {
  expect(boundedVersion(version)).toBe(expected);
});
