/** What became of a startup taint: taken off because the node is protected or its time is over, or left there beyond it. */
export const taintOutcomes = ['protected', 'time_limit', 'kept'] as const;
export type TaintOutcome = (typeof taintOutcomes)[number];
