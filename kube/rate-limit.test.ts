import { describe, expect, test } from 'vitest';
import { Backoff } from './backoff.ts';
import { type Lane, RateLimiter } from './rate-limit.ts';
import { FakeClock } from './testing/fake-clock.ts';

const never = new AbortController().signal;

function setUp(qps: number, burst: number) {
  const clock = new FakeClock();
  const limiter = new RateLimiter({ qps, burst, clock });
  const turns: string[] = [];
  const take = (name: string, lane: Lane = 'normal', signal = never): void => {
    void limiter.take(lane, signal).then((turn) => turns.push(turn ? name : `${name} gave up`));
  };
  return { clock, limiter, turns, take };
}

describe('the rate limiter', () => {
  test('lets a burst pass and then so many a second', async () => {
    const { clock, turns, take } = setUp(10, 5);
    for (let i = 0; i < 30; i += 1) take(String(i));
    await clock.advance(0);
    expect(turns).toHaveLength(5);
    await clock.advance(1000);
    expect(turns).toHaveLength(15);
    await clock.advance(1500);
    expect(turns).toEqual(Array.from({ length: 30 }, (_, i) => String(i)));
  });

  test('a Lease never waits; status goes before what waits longer', async () => {
    const { clock, turns, take } = setUp(1, 1);
    take('first');
    take('normal');
    take('status', 'status');
    take('lease', 'lease');
    await clock.advance(0);
    expect(turns).toEqual(['first', 'lease']);
    await clock.advance(10_000);
    expect(turns).toEqual(['first', 'lease', 'status', 'normal']);
  });

  test('who gives up leaves the queue', async () => {
    const { clock, turns, take } = setUp(1, 1);
    const stop = new AbortController();
    take('first');
    take('second', 'normal', stop.signal);
    take('third');
    stop.abort();
    await clock.advance(1000);
    expect(turns).toEqual(['first', 'second gave up', 'third']);
  });

  test('refuses beyond a bound rather than grow', async () => {
    const { clock, limiter, take } = setUp(1, 1);
    for (let i = 0; i < 2001; i += 1) take(String(i));
    await clock.advance(0);
    expect(await limiter.take('normal', never)).toBe(false);
  });
});

describe('backoff', () => {
  test('doubles up to its cap, with full jitter, and forgets after a healthy while', async () => {
    const clock = new FakeClock();
    let share = 1;
    const backoff = new Backoff({ firstMs: 800, capMs: 30_000, resetAfterMs: 120_000 }, clock, () => share);
    expect(Array.from({ length: 8 }, () => backoff.next())).toEqual([
      800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000,
    ]);
    share = 0;
    expect(backoff.next()).toBe(0);
    share = 1;
    await clock.advance(120_001);
    expect(backoff.next()).toBe(800);
  });
});
