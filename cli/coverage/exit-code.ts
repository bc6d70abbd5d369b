// What looking amounts to, for scripts: nothing, unless they say which state fails.
import type { CoverageProfile } from '../../crds/schema/coverage-slice.ts';
import { badnessOf } from '../../domain/state.ts';
import { thresholds, type Threshold } from '../judge/exit-code.ts';
import type { EvaluatedReport } from './source.ts';

export const exitCodeOf = (states: Iterable<CoverageProfile['state']>, failOn: Threshold | undefined): 0 | 1 | 2 => {
  if (failOn === undefined) return 0;
  let isUnknown = false;
  for (const state of states) {
    if (state === 'Unknown') isUnknown = true;
    else if (isThreshold(state) && badnessOf(state) >= badnessOf(failOn)) return 1;
  }
  return isUnknown ? 2 : 0;
};

const isThreshold = (state: string): state is Threshold => (thresholds as readonly string[]).includes(state);

/** The states of the nodes and workloads that a report counts. */
export const statesCounted = ({ status: { counts } }: EvaluatedReport): readonly CoverageProfile['state'][] => {
  const kinds = [counts?.nodes, counts?.workloads].filter((kind) => kind !== undefined);
  const has = (field: 'unknown' | 'warning' | 'incomplete' | 'failed' | 'noProtection' | 'noAgent'): boolean =>
    kinds.some((kind) => kind[field] > 0);
  // Where there is nothing, nothing can be told.
  if (kinds.every(({ total }) => total === 0)) return ['Unknown'];
  return [
    ...(has('unknown') ? (['Unknown'] as const) : []),
    ...(has('warning') ? (['Warning'] as const) : []),
    ...(has('incomplete') ? (['Incomplete'] as const) : []),
    ...(has('failed') ? (['Failed'] as const) : []),
    ...(has('noProtection') ? (['NoProtection'] as const) : []),
    ...(has('noAgent') ? (['NoAgent'] as const) : []),
  ];
};
