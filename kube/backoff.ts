import type { Clock, Random } from './clock.ts';

export interface BackoffOptions {
  readonly firstMs: number;
  readonly capMs: number;
  /** Forget earlier failures after this long without one. */
  readonly resetAfterMs: number;
}

/**
 * Exponential backoff with full jitter: a random share of a step that doubles. Full jitter, since all watches of all replicas fail
 * in the same moment when an API server restarts, and must not come back in the same moment.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  #failures = 0;
  #lastFailure = Number.NEGATIVE_INFINITY;

  constructor(options: BackoffOptions, clock: Clock, random: Random) {
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
  }

  /** How long to wait after one more failure. */
  next(): number {
    const { firstMs, capMs, resetAfterMs } = this.#options;
    const now = this.#clock.monotonic();
    if (now - this.#lastFailure > resetAfterMs) this.#failures = 0;
    this.#lastFailure = now;
    const step = Math.min(capMs, firstMs * 2 ** this.#failures);
    if (step < capMs) this.#failures += 1;
    return this.#random() * step;
  }
}
