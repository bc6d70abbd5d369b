// The past of a report: how it stood, at most once an interval, the oldest first.

export interface Moment {
  readonly time: number;
  readonly nodesPercent: string | undefined;
  readonly podsPercent: string | undefined;
  readonly workloadsPercent: string | undefined;
  readonly nodes: number;
  readonly pods: number;
  readonly workloads: number;
  readonly gaps: number;
}

export interface Keeping {
  readonly intervalMs: number;
  /** How many moments are kept; none are with 0. */
  readonly keep: number;
}

export interface Recorded {
  readonly history: readonly Moment[];
  /** When the next one is due; Infinity where none is kept. */
  readonly nextAt: number;
}

/** Replicas differ by seconds in what time it is: less than this is no step of a clock. */
const tolerableSkewMs = 60_000;

/**
 * The history with the moment added where it is due. The order is that of recording: where a clock was set back, what is already there
 * stays as it is, and ages out like all else; waiting for the clock to reach it again would leave a hole.
 */
export const recordMoment = (history: readonly Moment[], now: Moment, { intervalMs, keep }: Keeping): Recorded => {
  if (keep === 0) return { history: [], nextAt: Number.POSITIVE_INFINITY };
  const last = history.at(-1)?.time;
  const elapsed = last === undefined ? Number.POSITIVE_INFINITY : now.time - last;
  const isDue = elapsed >= intervalMs || elapsed < -tolerableSkewMs;
  const kept = (isDue ? [...history, now] : history).slice(-keep);
  return { history: kept, nextAt: (kept.at(-1)?.time ?? now.time) + intervalMs };
};
