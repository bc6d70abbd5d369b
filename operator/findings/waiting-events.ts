// Events in the order of the journal: from the first that waits for the containers of its node on, those behind it wait too, since findings
// count journals in order.
import type { EventOutcome } from './book/event-outcome.ts';
import type { TakenEvent } from './book/take-event.ts';

export interface WaitingEvents {
  readonly accept: (taken: TakenEvent) => void;
  /** The containers of a node are known by now. */
  readonly settle: () => void;
  /** Whether an event may wait at all. */
  readonly isPatient: () => boolean;
  /** Everything up to here has been worked in, of what was processed. */
  readonly workedIn: (processed: number) => number;
}

export interface WaitingEventsOptions {
  /** `held`: it is to be brought again. */
  readonly take: (taken: TakenEvent) => EventOutcome;
  /** Several have been taken that waited. */
  readonly onSettled: () => void;
}

/** Events behind one that waits for the containers of its node: a second of a busy cluster. */
const mostWaiting = 20_000;

export const createWaitingEvents = ({ take, onSettled }: WaitingEventsOptions): WaitingEvents => {
  const waiting: TakenEvent[] = [];
  let isPatient = true;

  const settle = (): void => {
    let done = 0;
    for (const taken of waiting) {
      if (take(taken) === 'held') break;
      done++;
    }
    waiting.splice(0, done);
    onSettled();
  };

  return {
    accept: (taken) => {
      if (waiting.length === 0 && take(taken) !== 'held') return;
      waiting.push(taken);
      if (waiting.length <= mostWaiting) return;
      // What cannot be told by now belongs to nobody.
      isPatient = false;
      settle();
      isPatient = true;
    },
    settle,
    isPatient: () => isPatient,
    workedIn: (processed) => (waiting[0]?.position ?? processed + 1) - 1,
  };
};
