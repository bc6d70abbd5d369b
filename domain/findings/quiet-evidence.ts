// What proves that silence means something, from weakest to strongest. Delivered is beyond what any verdict on coverage proves: that
// what the agent saw arrived.
import type { QuietEvidence } from './types.ts';

export const quietEvidenceLevels = [
  'Running',
  'Reporting',
  'Loaded',
  'Delivered',
] as const satisfies readonly QuietEvidence[];

/** Higher is stronger; nothing asked for is weakest. */
export const strengthOfQuiet = (level: QuietEvidence | undefined): number =>
  level === undefined ? -1 : quietEvidenceLevels.indexOf(level);
