import { type Clock, systemClock } from './clock.ts';

export type Lane = 'lease' | 'status' | 'normal';

export interface RateLimitOptions {
  readonly qps: number;
  readonly burst: number;
  readonly clock?: Clock;
}

interface Waiter {
  readonly go: () => void;
}

/** Callers beyond this would wait 40 s at 50 qps, longer than any request's deadline. */
const maxWaiting = 2000;

/**
 * A token bucket with lanes. A Lease never waits, it only puts the bucket in debt: a leader that cannot renew because its own
 * status writes queue in front loses its lead. Status goes before everything else that waits.
 */
export class RateLimiter {
  readonly #qps: number;
  readonly #burst: number;
  readonly #clock: Clock;
  readonly #waiting = { status: new Set<Waiter>(), normal: new Set<Waiter>() };
  #tokens: number;
  #refilledAt: number;
  #cancelTimer: (() => void) | undefined;

  constructor({ qps, burst, clock = systemClock }: RateLimitOptions) {
    this.#qps = qps;
    this.#burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#refilledAt = clock.monotonic();
  }

  /** Resolves true when it is the caller's turn, false when the signal aborted first or too many wait already. */
  take(lane: Lane, signal: AbortSignal): Promise<boolean> {
    this.#refill();
    const idle = this.#waiting.status.size === 0 && this.#waiting.normal.size === 0;
    if (lane === 'lease' || (idle && this.#tokens >= 1)) {
      this.#tokens -= 1;
      return Promise.resolve(true);
    }
    if (signal.aborted || this.#waiting.status.size + this.#waiting.normal.size >= maxWaiting)
      return Promise.resolve(false);
    const queue = this.#waiting[lane];
    return new Promise((resolve) => {
      const settle = (turn: boolean): void => {
        queue.delete(waiter);
        signal.removeEventListener('abort', giveUp);
        resolve(turn);
      };
      const giveUp = (): void => settle(false);
      const waiter: Waiter = { go: () => settle(true) };
      queue.add(waiter);
      signal.addEventListener('abort', giveUp, { once: true });
      this.#schedule();
    });
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#refilledAt) / 1000) * this.#qps);
    this.#refilledAt = now;
  }

  #schedule(): void {
    if (this.#cancelTimer) return;
    const waitMs = Math.max(1, Math.ceil(((1 - this.#tokens) / this.#qps) * 1000));
    this.#cancelTimer = this.#clock.after(waitMs, () => {
      this.#cancelTimer = undefined;
      this.#refill();
      while (this.#tokens >= 1) {
        const next = first(this.#waiting.status) ?? first(this.#waiting.normal);
        if (!next) return;
        this.#tokens -= 1;
        next.go();
      }
      if (this.#waiting.status.size > 0 || this.#waiting.normal.size > 0) this.#schedule();
    });
  }
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  return set.values().next().value;
}
