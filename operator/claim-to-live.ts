// Whether the report `cluster` may say that it is of now. The next leader lets the clocks of findings run up to then, so that what stands in
// them is written first; but coverage does not wait for a finding that cannot be written.
import type { Clock } from '../kube/clock.ts';
import type { Log } from '../kube/log.ts';

export interface ClaimOptions {
  readonly mayClaimToLive: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** A thousand findings take a few seconds. */
const mostPatienceMs = 15_000;

export const createPatience = ({ mayClaimToLive, clock, log }: ClaimOptions): (() => boolean) => {
  let waitingSince: number | undefined;
  let hasWarned = false;
  return () => {
    if (mayClaimToLive()) {
      waitingSince = undefined;
      hasWarned = false;
      return true;
    }
    waitingSince ??= clock.monotonic();
    if (clock.monotonic() - waitingSince < mostPatienceMs) return false;
    if (!hasWarned) {
      log.warn(
        { forMs: mostPatienceMs },
        'clocks of findings cannot be written; should this replica end now, they may count time that nobody observed',
      );
    }
    hasWarned = true;
    return true;
  };
};
