// What an agent is asked for out of turn is known within seconds, and nothing else may change meanwhile: the findings that wait for it are
// looked at again before their next look.
import type { Clock } from '../../kube/clock.ts';

export interface LooksAgain {
  /** A look has found a finding that waits for an answer. */
  readonly awaiting: () => void;
  /** A look begins, for whatever reason. */
  readonly looking: () => void;
  readonly end: () => void;
}

/** An agent that answers has done so by then. */
const lookAgainMs = 2000;
/** While somebody is waited for in vain, the usual looks are enough. */
const mostLooksAgain = 15;

export const createLooksAgain = (clock: Pick<Clock, 'after'>, look: () => void): LooksAgain => {
  let [isAwaiting, looks] = [false, 0];
  let cancel: (() => void) | undefined;
  return {
    awaiting: () => {
      isAwaiting = true;
      if (cancel !== undefined || looks >= mostLooksAgain) return;
      cancel = clock.after(lookAgainMs, () => {
        cancel = undefined;
        looks++;
        look();
      });
    },
    looking: () => {
      if (!isAwaiting) looks = 0;
      isAwaiting = false;
    },
    end: () => cancel?.(),
  };
};
