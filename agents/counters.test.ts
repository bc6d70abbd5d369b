import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCounters, dropsOf } from './counters.ts';

describe('a counter', () => {
  test.each([
    ['grew', { lost: 10 }, 14, 4],
    ['stood still', { lost: 10 }, 10, 0],
    ['began anew', { lost: 10 }, 3, 3],
    ['is looked at for the first time', undefined, 14, undefined],
    ['is new', { other: 10 }, 14, undefined],
    ['is not there', { lost: 10 }, undefined, undefined],
    ['is no number', { lost: 10 }, Number.NaN, undefined],
    ['was no number', { lost: Number.NaN }, 14, undefined],
    ['was a text', { lost: '10' }, 14, undefined],
    ['fell below zero', { lost: 10 }, -1, 0],
  ])('that %s', (_, before, now, expected) => {
    expect(createCounters(before).growth('lost', now)).toBe(expected);
  });

  test('is remembered, and one that is gone is not', () => {
    const { growth, memory } = createCounters({ a: 1, b: 2 });
    growth('a', 5);
    growth('b', undefined);
    expect(memory()).toEqual({ a: 5 });
  });

  test('grows over many readings by what it grew in all', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 2 }), (steps) => {
        let [value, total] = [0, 0];
        let memory: Readonly<Record<string, number | string>> = { events: 0 };
        for (const step of steps) {
          value += step;
          const counters = createCounters(memory);
          total += counters.growth('events', value) ?? 0;
          memory = counters.memory();
        }
        expect(total).toBe(value);
      }),
    );
  });
});

test.each([
  ['nothing lost', 0, 5, undefined],
  ['what nobody counts', undefined, 5, undefined],
  ['what is no number', Infinity, 5, undefined],
  ['some of a total', 2, 8, { lost: 2, total: 10, where: 'here' }],
  ['some of an unknown total', 2, undefined, { lost: 2, where: 'here' }],
  ['some of a total that is no number', 2, Infinity, { lost: 2, where: 'here' }],
])('drops of %s', (_, lost, passed, expected) => {
  expect(dropsOf('here', lost, passed)).toEqual(expected);
});
