// When somebody is asked who is asked once in an interval: each at a moment of its own, so that thousands are asked evenly.
import { fnv1a } from '../../domain/hash.ts';

/** The next time at which the interval is at the key's own moment. */
export const nextTurn = (key: string, intervalMs: number, now: number): number => {
  const moment = (fnv1a(key) / 2 ** 32) * intervalMs;
  const since = (((now - moment) % intervalMs) + intervalMs) % intervalMs;
  return now + intervalMs - since;
};
