// Waiting by looking: a condition is asked for again and again until it holds or its deadline passes.
import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** For the message when it does not come true. */
  readonly what: string;
  readonly deadlineMs: number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** `look` gives undefined when all is as it should be, else what is still amiss. */
export const waitUntil = async (look: () => Promise<string | undefined>, options: WaitOptions): Promise<void> => {
  const { what, deadlineMs, everyMs = 250, signal } = options;
  const end = performance.now() + deadlineMs;
  for (;;) {
    signal?.throwIfAborted();
    const amiss = await look();
    if (amiss === undefined) return;
    if (performance.now() > end) throw new Error(`${what} did not come true within ${deadlineMs / 1000} s: ${amiss}`);
    await sleep(everyMs, undefined, { signal });
  }
};
