// The quiet clock of one finding: time without the behaviour counts only while somebody listened. It is driven by elapsed time of a
// clock that never jumps; wall-clock times stand in what is stored and are corrected where the wall clock was set.
import { hearingOfNobody, isSameHearing, type Hearing } from './hearing.ts';
import type { SuspendedReason } from './types.ts';

/** Whether the behaviour would be heard at present. */
export type Listening =
  | { readonly listening: true }
  | {
      readonly listening: false;
      readonly reason: SuspendedReason;
      readonly message: string;
      /** Whoever fell silent may have done so as soon as it had last shown that it listened. */
      readonly hasLapsed?: boolean;
    };

/** As a Finding stores it. Times by the wall clock of whoever wrote it. */
export interface StoredQuiet {
  readonly observedBefore: number;
  /** Undefined while the clock stands still. */
  readonly runningSince: number | undefined;
  readonly suspended: { readonly reason: SuspendedReason; readonly message: string } | undefined;
  /** Of Jobs and CronJobs. */
  readonly observedRuns: number;
  /** Undefined where nobody has looked. */
  readonly hearing?: Hearing | undefined;
}

/** A clock is looked at whenever anything changes, and at least so often. */
export const longestLookMs = 15_000;

export interface QuietClock {
  /** Time without the behaviour in which somebody listened, in milliseconds; never more than really passed. */
  readonly observed: number;
  /** So much of `observed` may have come after whoever listens last showed that it did: not proven yet. */
  readonly unproven: number;
  readonly observedRuns: number;
  readonly listening: Listening;
  /** Undefined where nobody has looked. */
  readonly hearing?: Hearing | undefined;
  /** What is stored, or should be. */
  readonly stored: StoredQuiet;
  /** For how long `listening` and `hearing` have said otherwise than what is stored. */
  readonly differsFor: number;
  /** The behaviour was seen since the last look: how much of the time between the two came after it, nobody knows. */
  readonly isBroken: boolean;
}

/** A standstill, or an error of what is stored, up to so much is not worth a write. */
const toleranceMs = 60_000;
/** A write may wait for the one before it, and for an API server that is busy. */
const writtenWithinMs = 15_000;
/** What a process that died may have failed to store: the tolerance, the time between two looks at a clock, and that of a write. */
const unstoredMs = toleranceMs + longestLookMs + writtenWithinMs;

/** Nobody has looked yet: not to be told, since the first look comes within a second. */
const neverHeard: Listening = { listening: false, reason: 'AgentBlind', message: '' };

export const newQuietClock = (): QuietClock => ({
  observed: 0,
  unproven: 0,
  observedRuns: 0,
  listening: neverHeard,
  stored: { observedBefore: 0, runningSince: undefined, suspended: undefined, observedRuns: 0 },
  differsFor: 0,
  isBroken: true,
});

/**
 * Goes on with what another process has stored. Of a clock that ran, only the time up to `aliveUntil` counts, by which the other
 * process was last known to live (by the same wall clock as the stored times): what came later nobody heard. And not the last of it:
 * a standstill that was too short to be stored must not be counted either. It is stored anew at once, or the next restart would count
 * the time between; and as standing still, so that whoever asks why it clears later is told. How much of it was proven is not stored:
 * somebody must show to this process, too, that it listens.
 */
export const restoreQuietClock = (stored: StoredQuiet, aliveUntil: number | undefined): QuietClock => {
  const { observedBefore, runningSince, observedRuns } = stored;
  const ran =
    runningSince === undefined || aliveUntil === undefined ? 0 : Math.max(0, aliveUntil - runningSince - unstoredMs);
  const observed = observedBefore + ran;
  return {
    observed,
    unproven: observed,
    observedRuns,
    listening: { listening: false, reason: 'OperatorDown', message: awaySince(aliveUntil) },
    hearing: stored.hearing,
    stored,
    differsFor: runningSince === undefined ? 0 : Number.POSITIVE_INFINITY,
    isBroken: false,
  };
};

/** Of a second by which stored times are cut. */
const roundedMs = 1000;

/**
 * Whether somebody who restored what is stored would count more than was observed, if the process were known to have lived until `now`:
 * where the clock was just restored, or has stopped, or the wall clock was set, and none of it is stored yet.
 */
export const wouldCountTooMuch = (clock: QuietClock, now: number): boolean =>
  restoreQuietClock(clock.stored, now + roundedMs).observed > clock.observed;

const awaySince = (aliveUntil: number | undefined): string =>
  aliveUntil === undefined
    ? 'the operator was away, and nobody heard what happened meanwhile'
    : `the operator was away; nobody heard what happened since ${new Date(aliveUntil).toISOString().replace(/\.\d+Z$/, 'Z')}, when it was last known to be at work`;

/**
 * Lets `elapsed` milliseconds pass. They count if somebody listened at their beginning and still does at their end: who fell silent
 * in between may have done so at once. Nor do they if the behaviour was seen among them. `provenAgo`: for how long nobody has shown that
 * everybody listens; what was counted in that time is taken back where somebody turns out to have fallen silent in it.
 */
export const passQuietTime = (
  clock: QuietClock,
  elapsed: number,
  listening: Listening,
  provenAgo: number,
  told?: Hearing,
): QuietClock => {
  // What was restored is stored first: until then its time would be counted twice.
  if (clock.differsFor === Number.POSITIVE_INFINITY) return clock;
  const counts = clock.listening.listening && listening.listening && !clock.isBroken;
  const counted = counts ? Math.max(0, elapsed) : 0;
  const unproven = Math.min(clock.unproven + counted, provenAgo);
  const takenBack = !listening.listening && listening.hasLapsed === true ? unproven : 0;
  const { runningSince, suspended } = clock.stored;
  const hearing = told ?? hearingOfNobody(clock.hearing);
  const isSame = listening.listening ? runningSince !== undefined : suspended?.reason === listening.reason;
  const isStored = isSame && isSameHearing(hearing, clock.stored.hearing);
  return {
    ...clock,
    observed: clock.observed + counted - takenBack,
    unproven: unproven - takenBack,
    listening,
    hearing,
    differsFor: isStored ? 0 : clock.differsFor + Math.max(0, elapsed),
    isBroken: false,
  };
};

/** The behaviour was seen: all silence so far is worth nothing. */
export const breakSilence = (clock: QuietClock): QuietClock => ({
  ...clock,
  observed: 0,
  unproven: 0,
  observedRuns: 0,
  isBroken: true,
});

/** Nobody looks at a clock that has done its work: why it would have stood still is of another day, and told again once somebody has looked. */
export const beginAnew = (clock: QuietClock): QuietClock => {
  const broken = breakSilence(clock);
  return clock.listening.listening ? broken : { ...broken, listening: neverHeard, hearing: undefined };
};

/** Whether enough silence was observed, and whoever listened has shown since that it did: the last look. */
export const isProven = ({ observed, unproven }: QuietClock, required: number): boolean =>
  observed - unproven >= required;

/** Enough was observed, and only the last look is missing. */
export const awaitsProof = (clock: QuietClock, required: number): boolean =>
  clock.observed >= required && !isProven(clock, required);

/** The last look comes within seconds where all is well. Longer than two looks at a clock, or a reading between them would be too old. */
const lastLookWithinMs = 30_000;

/** It has been missing for so long that somebody should be told; the clock stands still then. */
export const isProofOverdue = (clock: QuietClock, required: number, provenAgo: number): boolean => {
  const waited = clock.observed - required;
  return waited >= lastLookWithinMs && Math.min(clock.unproven, provenAgo) > waited;
};

export const countCleanRuns = (clock: QuietClock, runs: number): QuietClock => ({
  ...clock,
  observedRuns: clock.observedRuns + runs,
});

/** What is to be stored now, by the wall clock `now`. */
export const quietToStore = ({ observed, observedRuns, listening, hearing }: QuietClock, now: number): StoredQuiet =>
  listening.listening
    ? { observedBefore: observed, runningSince: now, suspended: undefined, observedRuns, hearing }
    : {
        observedBefore: observed,
        runningSince: undefined,
        suspended: listening === neverHeard ? undefined : { reason: listening.reason, message: listening.message },
        observedRuns,
        hearing,
      };

/**
 * Whether what is stored is too far from the truth: somebody who restored it would count more, or much less, than was observed; or the
 * clock has started or stopped, or others hear, and not only for a moment.
 */
export const mustStoreQuiet = (clock: QuietClock, now: number): boolean => {
  const { stored, observed, observedRuns, listening, differsFor } = clock;
  if (stored.observedRuns !== observedRuns || wouldCountTooMuch(clock, now)) return true;
  const implied = stored.observedBefore + (stored.runningSince === undefined ? 0 : now - stored.runningSince);
  if (Math.abs(implied - observed) > toleranceMs) return true;
  if (differsFor > toleranceMs) return true;
  // The first word on a clock that has never run is said at once.
  return !listening.listening && stored.runningSince === undefined && stored.suspended === undefined;
};

export const storedQuiet = (clock: QuietClock, stored: StoredQuiet): QuietClock => ({
  ...clock,
  stored,
  differsFor: 0,
});
