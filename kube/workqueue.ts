// Keys that wait for work. However many events name a key, it runs once; a key never runs twice at the same time; one that fails
// comes back later and later.

import { type Clock, type Random, systemClock } from './clock.ts';
import { KubeError } from './errors.ts';

export interface WorkQueueMetrics {
  depth?(queue: string, keys: number): void;
  add?(queue: string): void;
  retry?(queue: string): void;
  /** `result` is `ok`, `requeue` or `error`. */
  handled?(queue: string, result: string, seconds: number): void;
}

export interface WorkQueueOptions {
  readonly name: string;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly metrics?: WorkQueueMetrics;
  /** Told of every failure, after which the key comes back by itself. */
  readonly onError?: (key: string, error: unknown, retryInMs: number) => void;
}

export interface Requeue {
  readonly requeueAfterMs?: number;
}

export interface RunOptions {
  readonly workers: number;
  readonly handle: (key: string, signal: AbortSignal) => Promise<Requeue | void>;
  readonly signal: AbortSignal;
  /** A handler that takes longer is told to stop by its signal, and counts as failed. */
  readonly handleDeadlineMs?: number;
}

const firstRetryMs = 5;
const maxRetryMs = 60_000;
/** Retries of all keys together: 10 a second after a burst of 100, so that an outage does not end in a stampede. */
const retriesPerSecond = 10;
const retryBurst = 100;
const defaultHandleDeadlineMs = 120_000;

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  /** In the order in which they became due. A Set keeps it, and one entry a key. */
  readonly #due = new Set<string>();
  readonly #processing = new Set<string>();
  /** Added again while they ran. */
  readonly #dirty = new Set<string>();
  readonly #timers = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  readonly #failures = new Map<string, number>();
  readonly #idle = new Set<() => void>();
  #tokens = retryBurst;
  #refilledAt: number;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#refilledAt = this.#clock.monotonic();
  }

  /** Keys that are due now: neither those that run nor those with a timer. */
  get depth(): number {
    return this.#due.size;
  }

  add(key: string): void {
    this.#options.metrics?.add?.(this.#options.name);
    this.#cancelTimer(key);
    this.#enqueue(key);
  }

  /** The earlier of two times wins, as does an `add` before it. */
  addAfter(key: string, ms: number): void {
    if (ms <= 0) return this.add(key);
    const at = this.#clock.monotonic() + ms;
    const waiting = this.#timers.get(key);
    if (waiting && waiting.at <= at) return;
    waiting?.cancel();
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(key);
      this.#enqueue(key);
    });
    this.#timers.set(key, { at, cancel });
  }

  /** The key's failures are forgotten and it is no longer waited for: what it stood for is gone. */
  forget(key: string): void {
    this.#failures.delete(key);
    this.#cancelTimer(key);
  }

  /** Works until the signal aborts and the handlers under way have ended. */
  async run({ workers, handle, signal, handleDeadlineMs = defaultHandleDeadlineMs }: RunOptions): Promise<void> {
    const wake = (): void => {
      for (const resolve of this.#idle) resolve();
    };
    signal.addEventListener('abort', wake, { once: true });
    const work = async (): Promise<void> => {
      while (!signal.aborted) {
        const key = this.#take();
        if (key === undefined) await this.#somethingDue();
        else await this.#process(key, handle, signal, handleDeadlineMs);
      }
    };
    await Promise.all(Array.from({ length: workers }, work));
    signal.removeEventListener('abort', wake);
    for (const { cancel } of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  async #process(key: string, handle: RunOptions['handle'], signal: AbortSignal, deadlineMs: number): Promise<void> {
    const started = this.#clock.monotonic();
    const controller = new AbortController();
    const stop = (): void => controller.abort();
    signal.addEventListener('abort', stop, { once: true });
    const cancelDeadline = this.#clock.after(deadlineMs, stop);
    let result = 'ok';
    try {
      const requeue = await handle(key, controller.signal);
      if (controller.signal.aborted && !signal.aborted) throw new Error(`no result for ${key} within ${deadlineMs} ms`);
      this.#failures.delete(key);
      if (requeue?.requeueAfterMs !== undefined) {
        result = 'requeue';
        this.#done(key);
        this.addAfter(key, requeue.requeueAfterMs);
      }
    } catch (error) {
      result = 'error';
      if (!signal.aborted) {
        const retryInMs = this.#retryDelay(key, error);
        this.#options.metrics?.retry?.(this.#options.name);
        this.#options.onError?.(key, error, retryInMs);
        this.#done(key);
        this.addAfter(key, retryInMs);
      }
    } finally {
      cancelDeadline();
      signal.removeEventListener('abort', stop);
      this.#done(key);
      this.#options.metrics?.handled?.(this.#options.name, result, (this.#clock.monotonic() - started) / 1000);
    }
  }

  #enqueue(key: string): void {
    if (this.#processing.has(key)) {
      this.#dirty.add(key);
      return;
    }
    this.#due.add(key);
    this.#tellDepth();
    const [waiting] = this.#idle;
    waiting?.();
  }

  #take(): string | undefined {
    const [key] = this.#due;
    if (key === undefined) return undefined;
    this.#due.delete(key);
    this.#processing.add(key);
    this.#tellDepth();
    return key;
  }

  #done(key: string): void {
    if (!this.#processing.delete(key)) return;
    if (this.#dirty.delete(key)) this.#enqueue(key);
  }

  #somethingDue(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#idle.delete(wake);
        resolve();
      };
      this.#idle.add(wake);
    });
  }

  #retryDelay(key: string, error: unknown): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const step = Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(failures, 20));
    const asked = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    // Up to a tenth more, since keys that failed together would otherwise come back together.
    return Math.max(step * (1 + 0.1 * this.#random()), this.#overallDelay(), Math.min(asked, maxRetryMs));
  }

  /** How long until the bucket of all retries has a token for this one, which it takes. */
  #overallDelay(): number {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(retryBurst, this.#tokens + ((now - this.#refilledAt) / 1000) * retriesPerSecond) - 1;
    this.#refilledAt = now;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / retriesPerSecond) * 1000;
  }

  #cancelTimer(key: string): void {
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
  }

  #tellDepth(): void {
    this.#options.metrics?.depth?.(this.#options.name, this.#due.size);
  }
}
