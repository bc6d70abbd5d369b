import { assert, array, constantFrom, oneof, option, property, record, string } from 'fast-check';
import { expect, test } from 'vitest';
import { behaviours, isBehaviour } from './behaviours.ts';
import { recognise } from './recognise.ts';
import type { SecurityEvent } from './types.ts';

/** Everything that some matcher wants, and what is nearly that. */
const wanted = [
  ...new Set(
    behaviours
      .flatMap(({ match }) => match.flatMap(({ allOf }) => allOf))
      .flatMap(({ equals, prefix, suffix, glob }) => [...equals, ...prefix, ...suffix, ...glob]),
  ),
];
const value = oneof(constantFrom(...wanted), constantFrom('gcc-14', 'x86_64-linux-gnu-gcc', 'bash', 'cat'), string());

test('an event is recognised as if every behaviour were asked', () => {
  const events = record(
    {
      rule: value,
      destination: value,
      tags: array(value, { maxLength: 4 }),
      process: record({ name: value, executable: value }, { requiredKeys: [] }),
      onHost: option(constantFrom(true, false), { nil: undefined }),
    },
    { requiredKeys: ['tags', 'onHost'] },
  ).map(({ onHost, ...said }): SecurityEvent => ({
    at: 0,
    agentType: 'Falco',
    tactics: [],
    techniques: [],
    origin: onHost === undefined ? {} : { onHost },
    ...said,
  }));
  assert(
    property(events, (event) => {
      expect(recognise(event)).toEqual(
        behaviours.filter((behaviour) => behaviour.match.length > 0 && isBehaviour(behaviour, event)),
      );
    }),
    { numRuns: 2000 },
  );
});
