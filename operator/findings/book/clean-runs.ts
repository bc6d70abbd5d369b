// Runs of a subject that runs and ends: those that ended clean while somebody listened to all of them.
import { observe } from '../../../domain/findings/observe.ts';
import { longestLookMs } from '../../../domain/findings/quiet-clock.ts';
import { lookAtRuns } from '../../../domain/findings/runs.ts';
import type { QuietEvidence } from '../../../domain/findings/types.ts';
import type { Listeners } from '../ears.ts';
import type { LiveFinding } from './live-finding.ts';

/** Answers how many runs have ended clean since the last look, and remembers those that go on. */
export const countCleanRuns = (
  finding: LiveFinding,
  listeners: Pick<Listeners, 'podsOf'>,
  evidence: QuietEvidence | undefined,
  elapsed: number,
  isDeaf: boolean,
): number => {
  const pods = listeners.podsOf(finding.record).map(({ key, phase, node }) => ({
    key,
    phase,
    isHeard: node && !isDeaf && observe({ nodes: [node], evidence, share: 1 }).listening.listening,
  }));
  const { runs, clean } = lookAtRuns(finding.runs, pods, elapsed > 2 * longestLookMs);
  finding.runs = runs;
  return clean;
};
