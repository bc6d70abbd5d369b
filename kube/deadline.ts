import type { Clock } from './clock.ts';

export interface Deadline {
  readonly signal: AbortSignal;
  readonly expired: boolean;
  remainingMs(): number;
  /** Must be called: takes the timer and the listener away. */
  done(): void;
}

/** One signal for "the caller gave up" and "it took too long". By hand, since AbortSignal.any keeps long-lived signals' children. */
export function startDeadline(clock: Clock, ms: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const end = clock.monotonic() + ms;
  let expired = false;
  const stop = (): void => controller.abort();
  const cancel = clock.after(ms, () => {
    expired = true;
    stop();
  });
  if (outer?.aborted) stop();
  outer?.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    remainingMs: () => end - clock.monotonic(),
    done() {
      cancel();
      outer?.removeEventListener('abort', stop);
    },
  };
}
