// Runs of what runs and ends: a run is clean where it began while somebody looked, the agent listened at every look, it ended well without
// the behaviour, and the agent has shown since that it listened to the end. Whatever is not known to be clean is not.
import type { PodPhase } from '../types.ts';

/** Jobs and CronJobs run and end: they are clear after clean runs. */
export const runsAndEnds = (kind: string): boolean => kind === 'Job' || kind === 'CronJob';

/** A pod of a Job or CronJob as one look finds it. */
export interface RunningPod {
  /** Tells it from a later one of the same name. */
  readonly key: string;
  readonly phase: PodPhase;
  /** Whether the behaviour would be heard where it is; undefined while it is on no node. */
  readonly isHeard: boolean | undefined;
  /** For how long the agent where it is has not shown that it listens. */
  readonly provenAgo: number;
}

/** Spoilt: it proves nothing, however it ends. Clean runs that have ended count once. */
type Run = 'Begun' | 'Heard' | 'Spoilt' | 'Ended' | Unproven;

/** It ended well, as was seen so long ago; that the agent listened until then it has yet to show. */
interface Unproven {
  readonly endedAgo: number;
}

/** By the pod's key. */
export type Runs = ReadonlyMap<string, Run>;

export interface RunsLook {
  readonly runs: Runs;
  /** Runs that have ended clean since the last look. */
  readonly clean: number;
  /** Runs that have ended, and only wait for their agents to show that they listened. */
  readonly unproven: readonly string[];
}

/**
 * `before`: undefined where nobody has looked since the behaviour was last seen; what runs by now may have begun before that.
 * `elapsed`: since the last look. `isLate`: that is so long ago that a run may have said something in between which nobody heard.
 */
export const lookAtRuns = (
  before: Runs | undefined,
  pods: readonly RunningPod[],
  elapsed: number,
  isLate: boolean,
): RunsLook => {
  const runs = new Map<string, Run>();
  let clean = 0;
  for (const pod of pods) {
    const known = before === undefined || isLate ? 'Spoilt' : before.get(pod.key);
    const run = next(known, pod, elapsed);
    if (run === 'Ended' && known !== 'Ended') clean++;
    runs.set(pod.key, run);
  }
  const unproven = [...runs].flatMap(([key, run]) => (typeof run === 'object' ? [key] : []));
  return { runs, clean, unproven };
};

const next = (known: Run | undefined, { phase, isHeard, provenAgo }: RunningPod, elapsed: number): Run => {
  if (known === 'Spoilt' || known === 'Ended') return known;
  if (isHeard === false) return 'Spoilt';
  const endedAgo = typeof known === 'object' ? known.endedAgo + elapsed : 0;
  switch (phase) {
    case 'Pending':
    case 'Running':
      return isHeard === true ? 'Heard' : (known ?? 'Begun');
    case 'Succeeded':
      // What has begun and ended between two looks was never listened to.
      if (isHeard !== true || (known !== 'Heard' && typeof known !== 'object')) return 'Spoilt';
      return provenAgo <= endedAgo ? 'Ended' : { endedAgo };
    case 'Failed':
    case 'Unknown':
      // What failed may not have come as far as the behaviour.
      return 'Spoilt';
  }
};
