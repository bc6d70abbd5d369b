// Asks again until an answer will do, or a deadline passes: the only way in which these suites wait.
import { setTimeout as delay } from 'node:timers/promises';

export interface Waiting {
  /** Default a minute: two shared cores may be busy with something else. */
  readonly withinMs?: number;
  readonly everyMs?: number;
}

const defaultDeadlineMs = 60_000;
const defaultIntervalMs = 200;

/** The first answer that `look` gives without throwing. Past the deadline the last complaint is thrown, with how long it held. */
export const eventually = async <T>(look: () => T | Promise<T>, waiting: Waiting = {}): Promise<Awaited<T>> => {
  const { withinMs = defaultDeadlineMs, everyMs = defaultIntervalMs } = waiting;
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > end) {
        if (error instanceof Error) error.message = `still so after ${withinMs / 1000} s: ${error.message}`;
        throw error;
      }
    }
    await delay(everyMs);
  }
};
