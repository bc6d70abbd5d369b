import { array, assert, integer, property, string, uuid } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SecurityEvent } from '../../domain/findings/types.ts';
import { createEventIds, idsTogetherMs, keepIdsMs, mostIds } from './event-ids.ts';

const anEvent = (id: string | undefined, agentType = 'Falco'): SecurityEvent => ({
  ...(id === undefined ? {} : { id }),
  at: 0,
  agentType,
  tags: [],
  tactics: [],
  techniques: [],
  origin: {},
});

describe('an event', () => {
  test('that comes again within the hour is known, and not for ever', () => {
    const ids = createEventIds();
    expect(ids.isRepeated(anEvent('a'), undefined, 0, 1)).toBe(false);
    expect(ids.isRepeated(anEvent('a'), undefined, keepIdsMs, 2)).toBe(true);
    expect(ids.isRepeated(anEvent('a'), undefined, keepIdsMs + idsTogetherMs, 3)).toBe(false);
  });

  test('without an id is never known', () => {
    const ids = createEventIds();
    expect([1, 2].map((position) => ids.isRepeated(anEvent(undefined), undefined, 0, position))).toEqual([
      false,
      false,
    ]);
    expect(ids.upTo(2)).toHaveLength(0);
  });

  test.each<[string, SecurityEvent, string | undefined]>([
    ['of another agent', anEvent('a', 'Tetragon'), 'node-1'],
    ['of a sender of another node, who could otherwise hide it', anEvent('a'), 'node-2'],
    ['of a forwarder', anEvent('a'), undefined],
  ])('%s is another, whatever its id', (_, event, node) => {
    const ids = createEventIds();
    ids.isRepeated(anEvent('a'), 'node-1', 0, 1);
    expect(ids.isRepeated(event, node, 0, 2)).toBe(false);
  });

  test('is known as in a set of texts, whatever the ids', () => {
    assert(
      property(array(string({ maxLength: 3 }), { maxLength: 300 }), integer(), (texts, seed) => {
        const ids = createEventIds(seed);
        const seen = new Set<string>();
        for (const text of texts) {
          expect(ids.isRepeated(anEvent(text), undefined, 0, 1)).toBe(seen.has(text));
          seen.add(text);
        }
      }),
    );
  });

  test('among a million others is known', () => {
    const ids = createEventIds();
    for (let index = 0; index < 1_000_000; index++) {
      if (ids.isRepeated(anEvent(`id-${index}`), undefined, 0, index))
        throw new Error(`${index} was taken for another`);
    }
    for (const index of [0, 1, 499_999, 999_999]) {
      expect(ids.isRepeated(anEvent(`id-${index}`), undefined, 0, 0)).toBe(true);
    }
  });

  test('is forgotten past a bound, the oldest first', () => {
    const ids = createEventIds();
    ids.isRepeated(anEvent('oldest'), undefined, 0, 1);
    ids.restore(
      Uint32Array.from({ length: 2 * mostIds }, (_, index) => index + 1),
      0,
    );
    const repeated = ['newest', 'newest', 'oldest'].map((id) => ids.isRepeated(anEvent(id), undefined, 0, 2));
    expect(repeated).toEqual([false, true, false]);
  });
});

describe('what outlives the process', () => {
  test('is told once, up to where all of it is written', () => {
    const ids = createEventIds();
    for (const position of [3, 4, 4, 9]) ids.isRepeated(anEvent(`${Math.random()}`), undefined, 0, position);
    expect([2, 4, 8, 9, 9].map((position) => ids.upTo(position).length / 2)).toEqual([0, 3, 0, 1, 0]);
  });

  test('is known by the next one, which has another seed', () => {
    assert(
      property(array(uuid(), { minLength: 1, maxLength: 3000 }), (texts) => {
        const [first, second] = [createEventIds(1), createEventIds(2)];
        for (const [index, text] of texts.entries()) first.isRepeated(anEvent(text), 'node-1', 0, index);
        second.restore(first.upTo(texts.length), 0);
        for (const text of texts) expect(second.isRepeated(anEvent(text), 'node-1', 0, 1)).toBe(true);
        expect(second.upTo(1)).toHaveLength(0);
      }),
      { numRuns: 20 },
    );
  });
});
