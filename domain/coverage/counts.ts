// Counts of assets by state and by evidence, and the share that is protected.
import type { AssetState, Evidence } from '../types.ts';
import type { Bucket } from './tally.ts';

export interface SmallCounts {
  total: number;
  protected: number;
  warning: number;
  unknown: number;
  incomplete: number;
  failed: number;
  noProtection: number;
  noAgent: number;
  exempt: number;
  notRunning: number;
}

export interface Counts extends SmallCounts {
  /** With one decimal, rounded down; undefined where nothing counts. */
  protectedPercent?: string;
  judged: number;
  byEvidence: { declared: number; running: number; reporting: number; loaded: number; none: number };
}

export const fieldOfState = {
  Protected: 'protected',
  Warning: 'warning',
  Unknown: 'unknown',
  Incomplete: 'incomplete',
  Failed: 'failed',
  NoProtection: 'noProtection',
  NoAgent: 'noAgent',
  Exempt: 'exempt',
} as const satisfies Record<AssetState, keyof SmallCounts>;

const fieldOfEvidence = {
  Declared: 'declared',
  Running: 'running',
  Reporting: 'reporting',
  Loaded: 'loaded',
} as const satisfies Record<Evidence, keyof Counts['byEvidence']>;

export const noCounts = (): SmallCounts => ({
  total: 0,
  protected: 0,
  warning: 0,
  unknown: 0,
  incomplete: 0,
  failed: 0,
  noProtection: 0,
  noAgent: 0,
  exempt: 0,
  notRunning: 0,
});

export const addState = (counts: SmallCounts, state: AssetState, by: number): void => {
  counts.total += by;
  counts[fieldOfState[state]] += by;
};

/** Counts one kind of asset over all buckets; `notRunning` are counted in the total and apart from every state. */
export const countAssets = (
  buckets: Iterable<Bucket>,
  sizeOf: (bucket: Bucket) => number,
  notRunning: number,
  stateOf: (bucket: Bucket) => AssetState = ({ verdict }) => verdict.state,
): Counts => {
  const byEvidence = { declared: 0, running: 0, reporting: 0, loaded: 0, none: 0 };
  const counts: Counts = { ...noCounts(), judged: 0, byEvidence };
  for (const bucket of buckets) {
    const size = sizeOf(bucket);
    const state = stateOf(bucket);
    addState(counts, state, size);
    if (bucket.verdict.judged) counts.judged += size;
    const { evidence } = bucket.verdict;
    if (state !== 'Exempt') byEvidence[evidence === undefined ? 'none' : fieldOfEvidence[evidence]] += size;
  }
  counts.total += notRunning;
  counts.notRunning += notRunning;
  const percent = protectedPercent(counts);
  return percent === undefined ? counts : { ...counts, protectedPercent: percent };
};

/** How many count for or against: all but exempt and not running ones. */
export const countable = ({ total, exempt, notRunning }: SmallCounts): number => total - exempt - notRunning;

export const protectedOf = (counts: SmallCounts): number => counts.protected + counts.warning;

/** "96.4", rounded down so that 100.0 means all; undefined where nothing counts. */
export const protectedPercent = (counts: SmallCounts): string | undefined => {
  const all = countable(counts);
  return all === 0 ? undefined : (Math.floor((protectedOf(counts) * 1000) / all) / 10).toFixed(1);
};
