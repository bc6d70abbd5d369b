// When each finding is written: soon, at most every five seconds, and of those that only counted further events one after another.
import type { Clock } from '../../kube/clock.ts';
import type { WorkQueue } from '../../kube/workqueue.ts';

export interface WriteTurns {
  /** Urgent: more has changed than how often and when it was seen. */
  readonly enqueue: (key: string, isUrgent: boolean) => void;
  /** It is being written. */
  readonly begin: (key: string) => void;
  /** There is no such finding any more. */
  readonly forget: (key: string) => void;
}

/** Quick beside a quiet period, slow enough that a million events on one finding are a handful of writes. */
const writeEveryMs = 5000;
/** Of those that only counted further events fifty are written a second: a thousand at once must not keep the API server from all else. */
const turnMs = 20;

export const createWriteTurns = (queue: Pick<WorkQueue, 'addAfter'>, clock: Pick<Clock, 'monotonic'>): WriteTurns => {
  const writtenAt = new Map<string, number>();
  /** When the next of those that only counted further events may be written. */
  let nextTurn = Number.NEGATIVE_INFINITY;
  return {
    enqueue: (key, isUrgent) => {
      const now = clock.monotonic();
      let at = Math.max(now, (writtenAt.get(key) ?? Number.NEGATIVE_INFINITY) + writeEveryMs);
      if (!isUrgent) {
        nextTurn = Math.max(now, nextTurn) + turnMs;
        at = Math.max(at, nextTurn - turnMs);
      }
      queue.addAfter(key, at - now);
    },
    begin: (key) => void writtenAt.set(key, clock.monotonic()),
    forget: (key) => void writtenAt.delete(key),
  };
};
