// Time that goes on from one thing that falls due to the next, for processes that may die between any two of them: whatever waits, waits
// here, and of a process that is dead nothing falls due any more.
import type { Clock } from '../../../kube/clock.ts';

export interface VirtualTime extends Clock {
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>;
  /** Lets so many things fall due, if there are as many within a second. */
  step(times: number): Promise<void>;
  /** The clock of one process. */
  process(): VirtualProcess;
  /** Sets the wall clock. */
  set(ms: number): void;
}

export interface VirtualProcess {
  readonly clock: Clock;
  readonly isAlive: () => boolean;
  readonly kill: () => void;
  /** Resolves when it is dead. */
  readonly dead: Promise<void>;
}

/** Some day; only the differences matter. */
const begin = 1_790_000_000_000;
const stepWithinMs = 1000;

export const createVirtualTime = (): VirtualTime => {
  let now = 0;
  let offset = begin;
  let timers: { readonly at: number; readonly callback: () => void }[] = [];

  const next = (until: number): (typeof timers)[number] | undefined => {
    let first: (typeof timers)[number] | undefined;
    for (const timer of timers) if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer;
    return first;
  };
  const fire = async (timer: (typeof timers)[number]): Promise<void> => {
    timers = timers.filter((other) => other !== timer);
    now = Math.max(now, timer.at);
    timer.callback();
    await settled();
  };
  const after = (ms: number, callback: () => void): (() => void) => {
    const timer = { at: now + Math.max(0, ms), callback };
    timers.push(timer);
    return () => {
      timers = timers.filter((other) => other !== timer);
    };
  };

  return {
    now: () => Math.floor(offset + now),
    monotonic: () => now,
    after,
    async pass(ms) {
      const end = now + ms;
      await settled();
      for (let timer = next(end); timer !== undefined; timer = next(end)) await fire(timer);
      now = end;
    },
    async step(times) {
      const end = now + stepWithinMs;
      await settled();
      for (let left = times; left > 0; left--) {
        const timer = next(end);
        if (timer === undefined) return;
        await fire(timer);
      }
    },
    process() {
      const death = Promise.withResolvers<void>();
      let isAlive = true;
      return {
        clock: {
          now: () => Math.floor(offset + now),
          monotonic: () => now,
          after: (ms, callback) => after(ms, () => isAlive && callback()),
        },
        isAlive: () => isAlive,
        kill: () => {
          isAlive = false;
          death.resolve();
        },
        dead: death.promise,
      };
    },
    set: (ms) => void (offset += ms),
  };
};

/** All that follows without waiting for time. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Numbers below one, the same for the same seed. */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};
