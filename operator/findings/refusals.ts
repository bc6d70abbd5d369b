// Findings that the API server refuses to store. They are tried again as all that fails; but a refusal that lasts must not keep the journal
// from being given back, or one finding would end the taking in of all events.
import type { Clock } from '../../kube/clock.ts';
import { isRefusal } from '../../kube/errors.ts';
import type { Log } from '../../kube/log.ts';

export interface RefusedFinding {
  /** `NAMESPACE/NAME`. */
  readonly finding: string;
  /** What the API server says. */
  readonly message: string;
}

export interface Refusals {
  /** Writing a finding has failed. */
  readonly note: (finding: string, error: unknown) => void;
  /** It has been written, or is gone. */
  readonly clear: (finding: string) => void;
  /** Those that have been refused for too long by now are let go of. */
  readonly look: () => void;
  /** Those that were let go of. */
  readonly all: () => readonly RefusedFinding[];
}

export interface RefusalsOptions {
  /** The journal waits for this finding no longer. */
  readonly letGo: (finding: string) => void;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

/** Time enough for rights to come back that an update took away; at 3,000 events a second a journal of the usual size lasts twice as long. */
const patienceMs = 120_000;
const longestMessage = 300;

interface Refusal {
  readonly since: number;
  readonly message: string;
  readonly isLetGo: boolean;
}

export const createRefusals = ({ letGo, clock, log }: RefusalsOptions): Refusals => {
  const refused = new Map<string, Refusal>();
  return {
    note: (finding, error) => {
      if (!isRefusal(error)) return;
      const known = refused.get(finding);
      const message = error instanceof Error ? error.message : String(error);
      refused.set(finding, { since: clock.monotonic(), isLetGo: false, ...known, message });
    },
    clear: (finding) => {
      if (refused.get(finding)?.isLetGo === true) log.info({ finding }, 'a finding that was refused is no longer');
      refused.delete(finding);
    },
    look: () => {
      for (const [finding, refusal] of refused) {
        if (refusal.isLetGo || clock.monotonic() - refusal.since < patienceMs) continue;
        refused.set(finding, { ...refusal, isLetGo: true });
        letGo(finding);
        log.error(
          { finding, error: refusal.message },
          'the API server refuses to store a finding: it is tried again, but what is counted in it stands in memory alone, and is lost with this process',
        );
      }
    },
    all: () =>
      [...refused].flatMap(([finding, { isLetGo, message }]) =>
        isLetGo ? [{ finding, message: message.slice(0, longestMessage).toWellFormed() }] : [],
      ),
  };
};
