/** What becomes of an event. */
export const eventOutcomes = [
  'finding',
  'signal',
  'internal',
  'counted',
  'refused',
  'unattributed',
  'capped',
  'held',
] as const;
/** Counted: a replay, already in a finding. Capped: the namespace has as many findings as it may. Held: until its node has been asked. */
export type EventOutcome = (typeof eventOutcomes)[number];
