// How certain it is that nobody else has led since this replica does. Its own clock cannot tell: a machine that stood still has no clock
// that says so. A renewal of the Lease can, since it fails where another has taken it.
import { sleep, type Clock } from '../../kube/clock.ts';

export interface Tenure {
  /** Up to then, by the clock that never jumps, nobody else can have led. */
  readonly provenUntil: () => number;
}

/** How often it is looked whether the Lease has been renewed, which it is each second. */
const lookEveryMs = 100;

/** Settles once nobody else can have led before `at`; fails where the signal aborts first. */
export const untilProven = async (
  { provenUntil }: Tenure,
  at: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> => {
  while (provenUntil() <= at) {
    if (signal.aborted) throw new Error('not done: this replica leads no more');
    await sleep(clock, lookEveryMs, signal);
  }
};
