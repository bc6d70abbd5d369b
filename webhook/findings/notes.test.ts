import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stampNotes, type Note } from './notes.ts';

const now = Date.parse('2026-05-01T12:00:00.000Z');
const stamp = '2026-05-01T12:00:00.000Z';
const first: Note = { text: 'seen it', author: 'ann', time: '2026-04-01T00:00:00.000Z' };
const second: Note = { text: 'ours', author: 'bob', time: '2026-04-02T00:00:00.000Z' };
const mine = (text: string): Note => ({ text, author: 'cleo', time: stamp });

const stored = (before: unknown, after: unknown): readonly unknown[] => {
  const stamped = stampNotes(before, after, 'cleo', now);
  if (!stamped.ok) throw new Error(stamped.message);
  return stamped.notes;
};

const refusal = (before: unknown, after: unknown): string => {
  const stamped = stampNotes(before, after, 'cleo', now);
  return stamped.ok ? '' : `${stamped.index}: ${stamped.message}`;
};

describe('notes', () => {
  it.each<[string, unknown, unknown, readonly unknown[]]>([
    ['signs the first', undefined, [{ text: 'a' }], [mine('a')]],
    ['signs what is added to others', [first, second], [first, second, { text: 'a' }], [first, second, mine('a')]],
    ['takes its own name as left out', [first], [first, { text: 'a', author: 'cleo' }], [first, mine('a')]],
    ['puts back what is left out', [first, second], [second], [first, second]],
    ['puts all back where the list is left out', [first, second], undefined, [first, second]],
    ['puts back the order', [first, second], [second, { text: 'a' }, first], [first, second, mine('a')]],
    ['knows again what was applied without author and time', [first], [{ text: first.text }], [first]],
    ['adds to it', [first], [{ text: first.text }, { text: 'a' }], [first, mine('a')]],
    [
      'adds one that says the same as a note beside it',
      [first],
      [first, { text: first.text }],
      [first, mine('seen it')],
    ],
    ['takes empty fields for left out', [first], [{ text: first.text, author: '', time: '' }], [first]],
  ])('%s', (_, before, after, expected) => {
    expect(stored(before, after)).toEqual(expected);
  });

  it('never stamps a time before that of an older note', () => {
    const ahead = { ...first, time: '2026-05-01T12:00:09.000Z' };
    expect(stored([ahead], [ahead, { text: 'a' }])[1]).toMatchObject({ time: ahead.time });
  });

  it.each<[string, unknown, unknown, string]>([
    ["another's name", [], [{ text: 'a', author: 'ann' }], '0: a note of ann cannot be added or changed by cleo'],
    ["another's note that is changed", [first], [{ ...first, text: 'b' }], '0: a note of ann'],
    ['a time of its own', [], [{ text: 'a', time: stamp }], '0: notes are only ever added'],
    ['its own note that is changed', [mine('a')], [{ ...mine('a'), text: 'b' }], '0: notes are only ever added'],
    ['an old note twice', [first], [first, first], '1: a note of ann'],
  ])('refuses %s', (_, before, after, expected) => {
    expect(refusal(before, after)).toContain(expected);
  });

  const aNote = fc.record({
    text: fc.constantFrom('a', 'b', 'c'),
    author: fc.constantFrom('ann', 'cleo'),
    time: fc.constantFrom(first.time, second.time),
  });
  const asked = fc.record(
    { text: fc.constantFrom('a', 'b', 'd'), author: fc.constantFrom('ann', 'cleo'), time: fc.constant(first.time) },
    { requiredKeys: ['text'] },
  );

  it('keeps every old note in its place, and signs all others, whatever is asked for', () => {
    fc.assert(
      fc.property(fc.array(aNote), fc.array(asked), (before, after) => {
        const stamped = stampNotes(before, after, 'cleo', now);
        if (!stamped.ok) return;
        expect(stamped.notes.slice(0, before.length)).toEqual(before);
        for (const added of stamped.notes.slice(before.length))
          expect(added).toMatchObject({ author: 'cleo', time: stamp });
      }),
    );
  });

  it('changes nothing where what it stored is asked for again', () => {
    fc.assert(
      fc.property(fc.array(aNote), fc.array(asked), (before, after) => {
        const stamped = stampNotes(before, after, 'cleo', now);
        if (stamped.ok) expect(stored(stamped.notes, stamped.notes)).toEqual(stamped.notes);
      }),
    );
  });
});
