import { expect, test } from 'vitest';
import { aFalco, scraped } from '../testing/agents.ts';
import { minutes } from '../testing/policies.ts';
import { classify } from './classify.ts';
import type { PostureRule, SecurityEvent } from './types.ts';
import { arrivesOften, provesForMs, slowCanaries } from './canary.ts';

test.each([
  ['staleAfter where there is no canary', undefined, 3 * minutes],
  ['three of its intervals', 10 * minutes, 30 * minutes],
  ['staleAfter where that is longer', 30_000, 3 * minutes],
])('what arrived proves delivery for %s', (_, canary, expected) => {
  expect(provesForMs({ telemetry: scraped, ...(canary === undefined ? {} : { canary }) })).toBe(expected);
});

test.each<[string, Parameters<typeof arrivesOften>[0], boolean]>([
  ['a canary every half minute', { telemetry: scraped, canary: 30_000 }, true],
  ['a canary every ten minutes', { telemetry: scraped, canary: 10 * minutes }, false],
  ['no canary', { telemetry: scraped }, false],
  ['heartbeats of which three take a minute', { telemetry: { ...scraped, mode: 'Push', staleAfter: minutes } }, true],
  [
    'heartbeats that are believed for long',
    { telemetry: { ...scraped, mode: 'Push', staleAfter: 15 * minutes } },
    false,
  ],
])('with %s, the next arrival is worth waiting for: %s', (_, agent, expected) => {
  expect(arrivesOften(agent)).toBe(expected);
});

test('a canary is slow where three of its intervals are longer than the silence that is asked for', () => {
  const quiet = (behaviour: string, quietPeriod: number) => ({ behaviour, quietPeriod }) as PostureRule;
  const policy = { name: 'production', posture: [quiet('A', 30 * minutes), quiet('B', 29 * minutes)] };
  expect(slowCanaries([aFalco({ canary: 10 * minutes }), aFalco({ name: 'other' })], [policy])).toEqual([
    { agent: 'falco', policy: 'production', behaviour: 'B' },
  ]);
});

test('nothing that takes the name of the canary is let off', () => {
  const event: SecurityEvent = {
    at: 0,
    agentType: 'Falco',
    rule: 'Workload Protection Canary',
    tags: ['workload-protection-canary'],
    tactics: [],
    techniques: [],
    origin: {
      namespace: 'workload-protection',
      pod: 'workload-protection-canary-x',
      container: 'canary',
      onHost: false,
    },
    process: { executable: '/usr/bin/gcc', name: 'gcc', arguments: 'gcc true workload-protection-canary' },
  };
  const context = { podAge: undefined, selecting: [], named: new Set<string>() };
  expect(classify(event, context)).toMatchObject([{ behaviour: 'CompilerInContainer' }]);
});
