// How much of the findings is written: up to which event the journal is included in them, and whether their clocks as they are stored
// would count too much.
import { quietToStore, storedQuiet, wouldCountTooMuch } from '../../../domain/findings/quiet-clock.ts';
import type { LiveFinding } from './live-finding.ts';
import type { FindingRegistry } from './registry.ts';

export interface Written {
  /** There is something to write. Urgent: more has changed than how often and when it was seen. */
  readonly touch: (finding: LiveFinding, isUrgent: boolean) => void;
  /** The record is about to be written: what comes from now on is not in it. */
  readonly writing: (key: string) => void;
  /** The record has been written as it was at this version. */
  readonly wrote: (key: string, version: number, now: number) => void;
  /** Of what the API server refuses for good: `included` waits for it no longer, until it has been written after all. */
  readonly letGo: (key: string) => void;
  /** Whether the next leader may be told that this one still lives: false where it would then count time that nobody observed. */
  readonly mayClaimToLive: (now: number) => boolean;
  /** Everything up to here has been worked in and written, for each later leader to see. */
  readonly included: (processed: number) => number;
}

/** By a clock that never jumps. */
export interface Proof {
  readonly now: () => number;
  /** What was written before then was written while nobody else led: whoever leads next reads it before doing anything. */
  readonly until: () => number;
}

export const createWritten = (
  findings: Pick<FindingRegistry, 'get' | 'all'>,
  enqueue: (key: string, isUrgent: boolean) => void,
  proof: Proof,
): Written => ({
  touch: (finding, isUrgent) => {
    finding.version++;
    if (finding.isQueued && !isUrgent) return;
    finding.isQueued = true;
    enqueue(finding.key, isUrgent);
  },
  writing: (key) => {
    const finding = findings.get(key);
    if (finding === undefined) return;
    finding.since = undefined;
    finding.storing = finding.record.state.quiet;
  },
  wrote: (key, version, now) => {
    const finding = findings.get(key);
    if (finding === undefined) return;
    finding.written = version;
    finding.isLetGo = false;
    const { pending: first, unproven } = finding;
    if (first !== undefined) {
      const isProven = unproven === undefined || unproven.at < proof.until();
      finding.unproven = { first: isProven ? first : Math.min(unproven.first, first), at: proof.now() };
    }
    // One that events come to without a pause must not hold the whole journal back.
    finding.pending = finding.version === version ? undefined : finding.since;
    const { record } = finding;
    // As it was written: since then somebody may have fallen silent.
    const quiet = storedQuiet(record.state.quiet, quietToStore(finding.storing ?? record.state.quiet, now));
    finding.record = { ...record, state: { ...record.state, quiet } };
  },
  letGo: (key) => {
    const finding = findings.get(key);
    if (finding !== undefined) finding.isLetGo = true;
  },
  mayClaimToLive: (now) => {
    for (const { record, isLetGo } of findings.all()) {
      const { phase, quiet } = record.state;
      if (!isLetGo && phase !== 'Resolved' && phase !== 'RiskAccepted' && wouldCountTooMuch(quiet, now)) return false;
    }
    return true;
  },
  included: (processed) => {
    let first = processed + 1;
    const until = proof.until();
    for (const { pending, unproven, isLetGo } of findings.all()) {
      if (pending !== undefined && !isLetGo) first = Math.min(first, pending);
      // Another may lead, have read the finding before it was written, and need what the journal still holds.
      if (unproven !== undefined && unproven.at >= until) first = Math.min(first, unproven.first);
    }
    return first - 1;
  },
});
