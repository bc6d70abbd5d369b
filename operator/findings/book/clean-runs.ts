// Runs of a subject that runs and ends: those that ended clean while somebody listened to all of them.
import { nodeProvenAgo } from '../../../domain/findings/last-look.ts';
import { observe, type ListeningNode } from '../../../domain/findings/observe.ts';
import { longestLookMs } from '../../../domain/findings/quiet-clock.ts';
import { lookAtRuns } from '../../../domain/findings/runs.ts';
import type { QuietEvidence } from '../../../domain/findings/types.ts';
import type { Listeners } from '../ears.ts';
import type { LiveFinding } from './live-finding.ts';

export interface CleanRuns {
  /** So many have ended clean since the last look. */
  readonly clean: number;
  /** Where runs have ended that only wait for their agents to show that they listened. */
  readonly unproven: readonly ListeningNode[];
}

/** Remembers those that go on. */
export const countCleanRuns = (
  finding: LiveFinding,
  listeners: Pick<Listeners, 'podsOf'>,
  evidence: QuietEvidence | undefined,
  elapsed: number,
  isDeaf: boolean,
): CleanRuns => {
  const pods = listeners.podsOf(finding.record);
  const running = pods.map(({ key, phase, node }) => ({
    key,
    phase,
    isHeard: node && !isDeaf && observe({ nodes: [node], evidence, share: 1 }).listening.listening,
    provenAgo: node === undefined ? Number.POSITIVE_INFINITY : nodeProvenAgo(node, evidence),
  }));
  const { runs, clean, unproven } = lookAtRuns(finding.runs, running, elapsed, elapsed > 2 * longestLookMs);
  finding.runs = runs;
  return { clean, unproven: pods.flatMap(({ key, node }) => (node && unproven.includes(key) ? [node] : [])) };
};
