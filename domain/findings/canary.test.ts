import { expect, test } from 'vitest';
import { aFalco, scraped } from '../testing/agents.ts';
import { minutes } from '../testing/policies.ts';
import type { PostureRule } from './types.ts';
import { provesForMs, slowCanaries } from './canary.ts';

test.each([
  ['staleAfter where there is no canary', undefined, 3 * minutes],
  ['three of its intervals', 10 * minutes, 30 * minutes],
  ['staleAfter where that is longer', 30_000, 3 * minutes],
])('what arrived proves delivery for %s', (_, canary, expected) => {
  expect(provesForMs({ telemetry: scraped, ...(canary === undefined ? {} : { canary }) })).toBe(expected);
});

test('a canary is slow where three of its intervals are longer than the silence that is asked for', () => {
  const quiet = (behaviour: string, quietPeriod: number) => ({ behaviour, quietPeriod }) as PostureRule;
  const policy = { name: 'production', posture: [quiet('A', 30 * minutes), quiet('B', 29 * minutes)] };
  expect(slowCanaries([aFalco({ canary: 10 * minutes }), aFalco({ name: 'other' })], [policy])).toEqual([
    { agent: 'falco', policy: 'production', behaviour: 'B' },
  ]);
});
