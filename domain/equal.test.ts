import { array, assert, dictionary, integer, letrec, oneof, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isEqual } from './equal.ts';

describe('isEqual', () => {
  test.each([
    ['left out and undefined', { a: 1, b: undefined }, { a: 1 }, true],
    ['another order of keys', { a: 1, b: 2 }, { b: 2, a: 1 }, true],
    ['one key more', { a: 1 }, { a: 1, b: 2 }, false],
    ['one item more', [1], [1, 2], false],
    ['a list and an object', [], {}, false],
    ['null and an object', null, {}, false],
    ['texts inside', { a: ['x', { y: 'z' }] }, { a: ['x', { y: 'z' }] }, true],
    ['other texts inside', { a: ['x', { y: 'z' }] }, { a: ['x', { y: '' }] }, false],
  ])('of %s: %j and %j', (_, a, b, expected) => {
    expect(isEqual(a, b)).toBe(expected);
    expect(isEqual(b, a)).toBe(expected);
  });

  test('agrees with the text of what has one order of keys', () => {
    const { value } = letrec((tie) => ({
      value: oneof({ depthSize: 'small' }, integer({ max: 3 }), string({ maxLength: 1 }), tie('list'), tie('object')),
      list: array(tie('value'), { maxLength: 3 }),
      object: dictionary(string({ maxLength: 1, minLength: 1 }), tie('value'), { maxKeys: 3 }),
    }));
    assert(
      property(value, value, (a, b) => {
        expect(isEqual(a, b)).toBe(textOf(a) === textOf(b));
        expect(isEqual(a, structuredClone(a))).toBe(true);
      }),
    );
  });
});

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
