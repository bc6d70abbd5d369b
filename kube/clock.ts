// Time and chance as arguments: everything in this folder that waits, waits on a clock that was handed to it, so that tests
// decide how fast time goes.

export interface Clock {
  /** Epoch milliseconds, for what is shown or written. May step. */
  now(): number;
  /** Milliseconds that only ever grow, for every decision about elapsed time. */
  monotonic(): number;
  /** Calls back once after `ms`; returns how to cancel that. */
  after(ms: number, callback: () => void): () => void;
}

export type Random = () => number;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    // Node fires at once for delays beyond 31 bits, which would turn a long wait into a busy loop.
    const timer = setTimeout(callback, Math.min(Math.max(0, ms), 2_147_483_647));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or as soon as the signal aborts: the caller looks at the signal, so that stopping is never an error. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = (): void => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(ms, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}

/** Calls back again and again, `ms` after each return; returns how to end that. */
export function every(clock: Clock, ms: number, act: () => void): () => void {
  let cancel = (): void => {};
  const again = (): void => {
    cancel = clock.after(ms, () => {
      act();
      again();
    });
  };
  again();
  return () => cancel();
}
