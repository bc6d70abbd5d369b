import { expect, test } from 'vitest';
import {
  mustStoreQuiet,
  newQuietClock,
  passQuietTime,
  quietToStore,
  restoreQuietClock,
  storedQuiet,
} from './quiet-clock.ts';

const blind = { listening: false, reason: 'AgentBlind', message: 'falco is gone' } as const;

test('why a clock stands still is told as soon as somebody has looked, and not before', () => {
  const opened = storedQuiet(newQuietClock(), quietToStore(newQuietClock(), 0));
  expect(opened.stored.suspended).toBeUndefined();
  const looked = passQuietTime(opened, 0, blind);
  expect(mustStoreQuiet(looked, 0)).toBe(true);
  expect(quietToStore(looked, 0).suspended).toEqual({ reason: 'AgentBlind', message: 'falco is gone' });
});

test('a standstill is not told again and again, and not for a moment', () => {
  const stored = storedQuiet(
    passQuietTime(newQuietClock(), 0, blind),
    quietToStore(passQuietTime(newQuietClock(), 0, blind), 0),
  );
  expect(mustStoreQuiet(passQuietTime(stored, 3_600_000, blind), 3_600_000)).toBe(false);
  const running = passQuietTime(stored, 30_000, { listening: true });
  expect(mustStoreQuiet(running, 30_000)).toBe(false);
  expect(mustStoreQuiet(passQuietTime(running, 40_000, { listening: true }), 70_000)).toBe(true);
});

test('that the operator was away is told, and where somebody listens again the clock goes on', () => {
  const ran = { observedBefore: 600_000, runningSince: 0, suspended: undefined, observedRuns: 0 };
  const restored = passQuietTime(restoreQuietClock(ran, 3_600_000), 0, { listening: true });
  expect(mustStoreQuiet(restored, 7_200_000)).toBe(true);
  const away = quietToStore(restored, 7_200_000);
  expect(away).toMatchObject({
    runningSince: undefined,
    suspended: { reason: 'OperatorDown', message: expect.stringContaining('1970-01-01T01:00:00Z') as string },
  });
  const heard = passQuietTime(storedQuiet(restored, away), 15_000, { listening: true });
  expect(passQuietTime(heard, 15_000, { listening: true }).observed).toBe(restored.observed + 15_000);
});
