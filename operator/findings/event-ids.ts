// Ids of the events of the last hour: a sender that had no answer sends again, and what comes twice is counted once.
import type { SecurityEvent } from '../../domain/findings/types.ts';

export interface EventIds {
  /** Whether an event of that id came within the hour before `at`; it is remembered from now on. */
  readonly isRepeated: (event: SecurityEvent, at: number) => boolean;
}

const keepMs = 3_600_000;
/** Past it the oldest are forgotten: an hour of a hundred events a second. */
const mostIds = 400_000;

export const createEventIds = (): EventIds => {
  /** The oldest first. */
  const seen = new Map<string, number>();
  return {
    isRepeated: ({ id, agentType }, at) => {
      if (id === undefined) return false;
      const key = `${agentType}\n${id}`;
      const before = seen.get(key);
      if (before !== undefined && at - before < keepMs) return true;
      seen.delete(key);
      seen.set(key, at);
      for (const [oldest, time] of seen) {
        if (seen.size <= mostIds && at - time < keepMs) break;
        seen.delete(oldest);
      }
      return false;
    },
  };
};
