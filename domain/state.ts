// Orders of states, evidence and criticality, in one place so that nobody compares names.
import {
  criticalities,
  evidenceLevels,
  states,
  type AssetState,
  type Criticality,
  type Evidence,
  type State,
} from './types.ts';

const badness = new Map<State, number>(states.map((state, index) => [state, index]));
const strength = new Map<Evidence, number>(evidenceLevels.map((level, index) => [level, index]));
const weight = new Map<Criticality, number>(criticalities.map((criticality, index) => [criticality, index]));

/** 0 is the best, `Protected`; 6 the worst, `NoAgent`. */
export const badnessOf = (state: State): number => badness.get(state) ?? states.length;

export const worseOf = (a: State, b: State): State => (badnessOf(a) >= badnessOf(b) ? a : b);

/** The state of a whole from its parts': the worst that is not exempt; Exempt only if every part is. Undefined without parts. */
export const worstAsset = (parts: Iterable<AssetState>): AssetState | undefined => {
  let worst: AssetState | undefined;
  for (const part of parts) {
    if (worst === undefined || worst === 'Exempt') worst = part;
    else if (part !== 'Exempt') worst = worseOf(worst, part);
  }
  return worst;
};

/** -1 where there is no evidence at all. */
export const strengthOf = (evidence: Evidence | undefined): number =>
  evidence === undefined ? -1 : (strength.get(evidence) ?? -1);

export const criticalityRank = (criticality: Criticality): number => weight.get(criticality) ?? 0;

export const mostCritical = (a: Criticality, b: Criticality): Criticality =>
  criticalityRank(a) >= criticalityRank(b) ? a : b;
