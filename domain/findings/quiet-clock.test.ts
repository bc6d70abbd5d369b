import { describe, expect, test } from 'vitest';
import type { Hearing } from './hearing.ts';
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
  const looked = passQuietTime(opened, 0, blind, 0);
  expect(mustStoreQuiet(looked, 0)).toBe(true);
  expect(quietToStore(looked, 0).suspended).toEqual({ reason: 'AgentBlind', message: 'falco is gone' });
});

test('a standstill is not told again and again, and not for a moment', () => {
  const stored = storedQuiet(
    passQuietTime(newQuietClock(), 0, blind, 0),
    quietToStore(passQuietTime(newQuietClock(), 0, blind, 0), 0),
  );
  expect(mustStoreQuiet(passQuietTime(stored, 3_600_000, blind, 0), 3_600_000)).toBe(false);
  const running = passQuietTime(stored, 30_000, { listening: true }, 0);
  expect(mustStoreQuiet(running, 30_000)).toBe(false);
  expect(mustStoreQuiet(passQuietTime(running, 40_000, { listening: true }, 0), 70_000)).toBe(true);
});

describe('who hears', () => {
  const all = { heard: 5, of: 5, missing: [] };
  const few = { heard: 3, of: 5, missing: [] };
  const lossy = { heard: 3, of: 5, missing: [{ agent: 'falco', nodes: ['a'] }] };
  const running = (hearing: Hearing) => {
    const clock = passQuietTime(newQuietClock(), 0, { listening: true }, 0, hearing);
    return storedQuiet(clock, quietToStore(clock, 0));
  };
  const isWritten = (before: Hearing, after: Hearing | undefined): boolean => {
    let clock = running(before);
    for (let now = 15_000; now <= 75_000; now += 15_000) {
      clock = passQuietTime(clock, 15_000, { listening: true }, 0, after);
      if (now < 75_000) expect(mustStoreQuiet(clock, now)).toBe(false);
    }
    return mustStoreQuiet(clock, 75_000);
  };

  test.each<[string, Hearing, Hearing | undefined, boolean]>([
    ['fewer do', all, few, true],
    ['more do', few, all, true],
    ['something is missing', few, lossy, true],
    ['nothing is missing any more', lossy, few, true],
    ['nodes come, and all of them do', all, { heard: 9, of: 9, missing: [] }, false],
    ['nothing has changed', lossy, { ...lossy }, false],
  ])('is written after a minute where %s', (_, before, after, expected) => {
    expect(isWritten(before, after)).toBe(expected);
  });

  test('is forgotten where nothing runs, but for what is missing', () => {
    const clock = passQuietTime(running(lossy), 15_000, blind, 0);
    expect(clock.hearing).toEqual({ heard: 0, of: 0, missing: lossy.missing });
  });

  test('is what was stored until somebody has looked', () => {
    expect(restoreQuietClock(running(lossy).stored, 0).hearing).toEqual(lossy);
  });
});

test('that the operator was away is told, and where somebody listens again the clock goes on', () => {
  const ran = { observedBefore: 600_000, runningSince: 0, suspended: undefined, observedRuns: 0 };
  const restored = passQuietTime(restoreQuietClock(ran, 3_600_000), 0, { listening: true }, 0);
  expect(mustStoreQuiet(restored, 7_200_000)).toBe(true);
  const away = quietToStore(restored, 7_200_000);
  expect(away).toMatchObject({
    runningSince: undefined,
    suspended: { reason: 'OperatorDown', message: expect.stringContaining('1970-01-01T01:00:00Z') as string },
  });
  const heard = passQuietTime(storedQuiet(restored, away), 15_000, { listening: true }, 0);
  expect(passQuietTime(heard, 15_000, { listening: true }, 0).observed).toBe(restored.observed + 15_000);
});
