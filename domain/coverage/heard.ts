// What is heard from an agent, without times in it: how old its last words are is told in steps, so that thousands of nodes whose
// agents answer at different moments are in the same situation.
import type { Instance } from '../telemetry/book.ts';
import type { Drops, HealthIssue } from '../telemetry/types.ts';
import type { AgentDefinition } from '../types.ts';

/** Times staleAfter: what has not been heard of for so long says nothing about now. */
export const lostAfterStale = 3;

export interface Loss {
  readonly where: string;
  /** The share of all events of which more was lost: the next step below. Undefined where the agent does not count them all. */
  readonly moreThan: number | undefined;
}

export interface Heard {
  /** The type of the agent, by which settings are named. */
  readonly type: string;
  /** Telemetry is switched on for the agent: it is asked, or expected to post. */
  readonly isConfigured: boolean;
  readonly isAsked: boolean;
  /** Since when it has been asked in vain; undefined where it ever answered, and once no grace period can still be running. */
  readonly askedSince: number | undefined;
  readonly hasAnswered: boolean;
  /** The highest step of age, in milliseconds, that its last words have passed; 0 while they are fresh. */
  readonly olderThan: number;
  readonly staleAfter: number;
  /** Why it does not answer; undefined while its last words are fresh. */
  readonly failure: string | undefined;
  readonly issues: readonly HealthIssue[];
  readonly losses: readonly Loss[];
}

/** What policies ask of readings, and so where a difference begins. */
export interface Steps {
  /** Ages in milliseconds, beside those of each agent. */
  readonly ages: readonly number[];
  /** Shares of lost events, ascending from 0. */
  readonly losses: readonly number[];
}

/** Shares that are told apart in words, whatever is asked. */
const usualLosses = [0, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

export const stepsOf = (
  requirements: readonly { readonly telemetryMaxAge: number | undefined; readonly maxDropRatio: number | undefined }[],
): Steps => ({
  ages: ascending(requirements.flatMap(({ telemetryMaxAge }) => telemetryMaxAge ?? [])),
  losses: ascending([...usualLosses, ...requirements.flatMap(({ maxDropRatio }) => maxDropRatio ?? [])]),
});

const ascending = (values: readonly number[]): readonly number[] => [...new Set(values)].toSorted((a, b) => a - b);

export interface Hearing {
  /** Undefined where the agent is neither asked nor ever said anything. */
  readonly heard: Heard | undefined;
  /** When the age of its last words passes the next step; Infinity where it passes none. */
  readonly validUntil: number;
}

export const hear = (
  { type, telemetry: { mode, staleAfter } }: AgentDefinition,
  instance: Instance | undefined,
  steps: Steps,
  now: number,
): Hearing => {
  const isConfigured = mode !== 'None';
  if (instance === undefined && !isConfigured) return { heard: undefined, validUntil: Number.POSITIVE_INFINITY };
  const said = instance?.statement;
  const { olderThan, validUntil } = ageOf(instance, said === undefined ? [] : [staleAfter, ...steps.ages], now);
  return {
    heard: {
      type,
      isConfigured,
      isAsked: instance !== undefined,
      askedSince: said === undefined ? instance?.askedSince : undefined,
      hasAnswered: said !== undefined,
      olderThan,
      staleAfter,
      failure: said === undefined || olderThan > 0 ? instance?.failure : undefined,
      issues: said?.issues ?? [],
      losses: (said?.drops ?? []).flatMap((drops) => lossOf(drops, steps.losses)),
    },
    validUntil,
  };
};

/** `ages`: the agent's own staleAfter first. */
const ageOf = (
  instance: Instance | undefined,
  [staleAfter, ...ages]: readonly number[],
  now: number,
): { readonly olderThan: number; readonly validUntil: number } => {
  let [olderThan, next] = [0, Number.POSITIVE_INFINITY];
  if (instance === undefined || staleAfter === undefined) return { olderThan, validUntil: next };
  for (const step of [staleAfter, lostAfterStale * staleAfter, ...ages]) {
    if (instance.at + step <= now) olderThan = Math.max(olderThan, step);
    else next = Math.min(next, instance.at + step);
  }
  return { olderThan, validUntil: next };
};

const lossOf = ({ lost, total, where }: Drops, steps: readonly number[]): readonly Loss[] => {
  if (lost <= 0) return [];
  if (total === undefined || total <= 0) return [{ where, moreThan: undefined }];
  return [{ where, moreThan: steps.findLast((step) => lost / total > step) ?? 0 }];
};

/** Whether its last words say nothing about now. */
export const isLost = ({ hasAnswered, olderThan, staleAfter }: Heard): boolean =>
  hasAnswered && olderThan >= lostAfterStale * staleAfter;
