// What a run amounts to, for CI.
import type { AssetState } from '../../domain/types.ts';
import type { CheckReport } from './result.ts';
import { weightOf } from './outcome.ts';

/** States from which on a run fails. Unknown has an exit code of its own. */
export const thresholds = ['Warning', 'Incomplete', 'Failed', 'NoProtection', 'NoAgent'] as const;
export type Threshold = (typeof thresholds)[number];

/** 0: clean. 1: gaps. 2: nothing could be told, of some or of all. */
export const exitCodeOf = (
  { results, problems, skipped }: Pick<CheckReport, 'results' | 'problems' | 'skipped'>,
  failOn: Threshold,
): 0 | 1 | 2 => {
  if (results.some(({ state }) => isGap(state, failOn))) return 1;
  // Nothing at all was read: most likely the wrong path, or a pipe whose other end failed.
  const isEmpty = results.length === 0 && Object.keys(skipped).length === 0;
  return isEmpty || problems.length > 0 || results.some(({ state }) => state === 'Unknown') ? 2 : 0;
};

export const isGap = (state: AssetState, failOn: Threshold): boolean =>
  state !== 'Unknown' && weightOf(state) >= weightOf(failOn);
