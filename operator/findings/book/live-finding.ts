// A finding as the leader has it in memory: what is known of it, and how much of that is written.
import type { FindingCase } from '../../../domain/findings/life-cycle.ts';
import type { QuietClock } from '../../../domain/findings/quiet-clock.ts';
import type { FindingRecord, JournalPlace } from '../../../domain/findings/record.ts';
import type { Runs } from '../../../domain/findings/runs.ts';
import type { QuietEvidence } from '../../../domain/findings/types.ts';
import { findingKey, type FindingIdentity } from '../identity.ts';

export interface LiveFinding {
  record: FindingRecord;
  readonly identity: FindingIdentity;
  readonly key: string;
  /** It is to be written, and whoever writes has been told; further events need not say so again. */
  isQueued: boolean;
  case: FindingCase;
  evidence: QuietEvidence;
  /** Grows with everything that is to be written. */
  version: number;
  written: number;
  /** The first event that is not written yet. */
  pending: number | undefined;
  /** The first event since the write that is under way, or was last, began. */
  since: number | undefined;
  /** The first event of what is written, but perhaps by a leader that is one no more; and when it was. */
  unproven: { readonly first: number; readonly at: number } | undefined;
  isLetGo: boolean;
  readonly podsKnown: Set<string>;
  /** Pods that were told apart before a restart and are known no more, all of them made before then. */
  forgotten: { readonly pods: number; readonly before: number };
  /** The clock as the write that is under way, or was last, has it. */
  storing: QuietClock | undefined;
  /** Of a subject that runs and ends: undefined until it is looked at after the behaviour was last seen. */
  runs: Runs | undefined;
  /** Of the last event that this process has counted, as it was read: one item may hold several alerts. */
  lastPlace: JournalPlace | undefined;
}

/** Nothing of it is to be written yet. */
export const bringToLife = (identity: FindingIdentity, record: FindingRecord): LiveFinding => ({
  record,
  identity,
  key: findingKey(identity),
  isQueued: false,
  case: { phase: 'New', riskAcceptedUntil: undefined, actor: '' },
  evidence: 'Running',
  version: 0,
  written: 0,
  pending: undefined,
  since: undefined,
  unproven: undefined,
  isLetGo: false,
  podsKnown: new Set(record.pods),
  forgotten: { pods: record.podsSeen - record.pods.length, before: record.state.lastSeen },
  storing: undefined,
  runs: undefined,
  lastPlace: undefined,
});
