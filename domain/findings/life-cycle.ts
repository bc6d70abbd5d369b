// What becomes of a finding: events open it and open it again, people work on it and claim a fix, and observed silence resolves it.
// Every change of phase is a transition with its time, who made it, and why.
import type { Hearing } from './hearing.ts';
import { imagesNow, type ImageChange } from './image-change.ts';
import {
  beginAnew,
  breakSilence,
  countCleanRuns,
  isProven,
  newQuietClock,
  passQuietTime,
  type Listening,
  type QuietClock,
} from './quiet-clock.ts';
import type { CasePhase, FindingPhase } from './types.ts';

export interface Transition {
  readonly time: number;
  readonly actor: string;
  readonly from: FindingPhase | undefined;
  readonly to: FindingPhase;
  /** One word in CamelCase. */
  readonly reason: TransitionReason;
  readonly message: string;
}

export type TransitionReason =
  | 'BehaviourSeen'
  | 'BehaviourSeenAgain'
  | 'FixFailed'
  | 'RemediationStarted'
  | 'RemediationStopped'
  | 'FixClaimed'
  | 'FixWithdrawn'
  | 'RiskAccepted'
  | 'AcceptanceEnded'
  | 'AcceptanceWithdrawn'
  | 'SilenceObserved'
  | 'SubjectGone';

export interface FindingCase {
  readonly phase: CasePhase;
  readonly riskAcceptedUntil: number | undefined;
  /** Who decided on it last, as far as is known; empty where nobody has looked yet. */
  readonly actor: string;
}

export interface FindingState {
  readonly phase: FindingPhase;
  readonly count: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** When the fix was claimed that is being proven, or that has failed. */
  readonly fixedAt: number | undefined;
  readonly resolvedAt: number | undefined;
  readonly resolution: 'Verified' | 'Gone' | undefined;
  readonly reopened: number;
  readonly quiet: QuietClock;
}

/** Events of one finding that came together. */
export interface Sightings {
  readonly count: number;
  /** By the agent's clock, never later than when they were received. */
  readonly first: number;
  readonly last: number;
}

export interface Advance {
  readonly state: FindingState;
  readonly transitions: readonly Transition[];
}

export interface Circumstances {
  /** Wall clock. */
  readonly now: number;
  /** Milliseconds since the last time, by a clock that never jumps. */
  readonly elapsed: number;
  readonly listening: Listening;
  /** For how long nobody has shown that everybody listens; 0 where nobody can show more than that it runs. */
  readonly provenAgo: number;
  /** Undefined where nothing runs, or no agent is asked. */
  readonly hearing?: Hearing | undefined;
  readonly case: FindingCase;
  /** Observed silence that resolves it, in milliseconds. */
  readonly required: number;
  /** For Jobs and CronJobs: clean runs that resolve it instead. */
  readonly requiredRuns: number | undefined;
  /** Runs that ended since the last time, observed from their beginning to their end, without the behaviour. */
  readonly cleanRuns: number;
  /** All of the workload runs another image than the one in which it was last seen. */
  readonly imageChange?: ImageChange | undefined;
  /** The workload or node is no more. */
  readonly isGone: boolean;
}

export const operator = 'workload-protection-operator';

/** A finding that has just been seen for the first time. */
export const openFinding = (sightings: Sightings, now: number): Advance => ({
  state: {
    phase: 'Open',
    count: sightings.count,
    firstSeen: sightings.first,
    lastSeen: sightings.last,
    fixedAt: undefined,
    resolvedAt: undefined,
    resolution: undefined,
    reopened: 0,
    quiet: newQuietClock(),
  },
  transitions: [
    {
      time: now,
      actor: operator,
      from: undefined,
      to: 'Open',
      reason: 'BehaviourSeen',
      message: 'The behaviour was seen for the first time.',
    },
  ],
});

/** Counts further events. A resolved finding is open again; the quiet clock begins anew. */
export const seeAgain = (state: FindingState, sightings: Sightings, now: number): Advance => {
  const lastSeen = Math.max(state.lastSeen, sightings.last);
  const seen: FindingState = {
    ...state,
    count: state.count + sightings.count,
    firstSeen: Math.min(state.firstSeen, sightings.first),
    lastSeen,
    quiet: breakSilence(state.quiet),
  };
  const isNewerThanFix = state.fixedAt !== undefined && lastSeen >= state.fixedAt;
  if (state.phase === 'Resolved') {
    const reopened: FindingState = {
      ...seen,
      resolvedAt: undefined,
      resolution: undefined,
      reopened: state.reopened + 1,
      quiet: beginAnew(state.quiet),
    };
    return move(
      reopened,
      'Open',
      operator,
      now,
      'BehaviourSeenAgain',
      'The behaviour was seen again after the finding was resolved.',
    );
  }
  if (state.phase === 'Verifying' && isNewerThanFix) {
    return move(seen, 'Open', operator, now, 'FixFailed', 'The behaviour was seen again after a fix was claimed.');
  }
  return { state: seen, transitions: [] };
};

/**
 * Whether a fix was claimed and the behaviour came back since; until it is claimed anew. Not of one that is being proven, since what refutes it
 * opens it: dates are stored in seconds, and after a restart the event before a claim may seem to be one of the same moment.
 */
export const hasFixFailed = ({ fixedAt, lastSeen, phase }: FindingState): boolean =>
  fixedAt !== undefined && lastSeen >= fixedAt && phase !== 'Resolved' && phase !== 'Verifying';

/** Lets time pass, and takes in what people have decided. */
export const advance = (before: FindingState, circumstances: Circumstances): Advance => {
  const { now, isGone } = circumstances;
  const state = withClaim(before, circumstances);
  if (state.phase === 'Resolved') return { state, transitions: [] };
  if (isGone) {
    return move(
      { ...state, resolvedAt: now, resolution: 'Gone' },
      'Resolved',
      operator,
      now,
      'SubjectGone',
      'The workload or node is gone, which proves nothing.',
    );
  }
  const accepted = isAccepted(circumstances);
  // The clock stands still while the risk is accepted: nobody is waiting for silence.
  const quiet = accepted ? state.quiet : listen(state.quiet, circumstances);
  const heard = { ...state, quiet };
  if (!accepted && isSilent(quiet, circumstances)) {
    return move(
      { ...heard, resolvedAt: now, resolution: 'Verified' },
      'Resolved',
      operator,
      now,
      'SilenceObserved',
      silenceMessage(quiet, circumstances),
    );
  }
  return follow(heard, accepted, circumstances);
};

const listen = (quiet: QuietClock, { elapsed, listening, provenAgo, hearing, cleanRuns }: Circumstances): QuietClock =>
  countCleanRuns(passQuietTime(quiet, elapsed, listening, provenAgo, hearing), cleanRuns);

const isSilent = (quiet: QuietClock, { listening, required, requiredRuns }: Circumstances): boolean =>
  requiredRuns === undefined ? listening.listening && isProven(quiet, required) : quiet.observedRuns >= requiredRuns;

const silenceMessage = (
  { observed, observedRuns }: QuietClock,
  { requiredRuns, imageChange }: Circumstances,
): string => {
  const silence =
    requiredRuns === undefined
      ? `The behaviour stayed away for ${Math.floor(observed / 1000)} s in which somebody listened`
      : `The behaviour stayed away in ${observedRuns} runs that were observed whole`;
  return imageChange === undefined
    ? `${silence}.`
    : `${silence}, after its image changed from ${imageChange.from} to ${imagesNow(imageChange)}.`;
};

const isAccepted = ({ now, case: { phase, riskAcceptedUntil } }: Circumstances): boolean =>
  phase === 'RiskAccepted' && riskAcceptedUntil !== undefined && now < riskAcceptedUntil;

/** A claim is stamped when it is first seen, and forgotten when it is withdrawn, so that the next one is another. */
const withClaim = (state: FindingState, { now, case: { phase } }: Circumstances): FindingState => {
  if (phase === 'Fixed') return state.fixedAt === undefined ? { ...state, fixedAt: now } : state;
  // What resolved it keeps the date of its fix.
  return state.fixedAt === undefined || state.phase === 'Resolved' ? state : { ...state, fixedAt: undefined };
};

const follow = (state: FindingState, accepted: boolean, { now, case: { phase, actor } }: Circumstances): Advance => {
  const to = phaseOf(state, accepted, phase);
  if (to === state.phase) return { state, transitions: [] };
  if (to === 'RiskAccepted') {
    return move(state, to, actor, now, 'RiskAccepted', 'The risk is accepted until the day that the case says.');
  }
  if (to === 'Verifying') {
    return move(state, to, actor, now, 'FixClaimed', 'A fix is claimed; silence will prove it.');
  }
  if (to === 'Remediating') return move(state, to, actor, now, 'RemediationStarted', 'Somebody works on it.');
  return moveBack(state, phase, actor, now);
};

const moveBack = (state: FindingState, phase: CasePhase, actor: string, now: number): Advance => {
  if (state.phase === 'RiskAccepted') {
    return phase === 'RiskAccepted'
      ? move(state, 'Open', operator, now, 'AcceptanceEnded', 'The time for which the risk was accepted is over.')
      : move(state, 'Open', actor, now, 'AcceptanceWithdrawn', 'The risk is accepted no more.');
  }
  if (state.phase === 'Verifying') {
    return move(state, 'Open', actor, now, 'FixWithdrawn', 'The fix is claimed no more.');
  }
  return move(state, 'Open', actor, now, 'RemediationStopped', 'Nobody works on it any more.');
};

const phaseOf = (state: FindingState, accepted: boolean, phase: CasePhase): FindingPhase => {
  if (accepted) return 'RiskAccepted';
  if (phase === 'Fixed') return hasFixFailed(state) ? 'Open' : 'Verifying';
  return phase === 'Remediating' ? 'Remediating' : 'Open';
};

const move = (
  state: FindingState,
  to: FindingPhase,
  actor: string,
  time: number,
  reason: TransitionReason,
  message: string,
): Advance => ({
  state: { ...state, phase: to },
  transitions: [{ time, actor, from: state.phase, to, reason, message }],
});
