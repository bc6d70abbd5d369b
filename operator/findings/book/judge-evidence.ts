// Whether the evidence of a finding would count again by the policies of now. It is asked for at every look, and changes only with the
// policies, with where pods run, and with what was seen last.
import type { CoverageModel } from '../../../domain/coverage/model.ts';
import type { EvidenceEvent, FindingRecord } from '../../../domain/findings/record.ts';
import { createRulesDigest } from '../../../domain/findings/rules-digest.ts';
import { whyNotCounted } from '../../../domain/findings/still-counts.ts';
import type { Policy } from '../../../domain/types.ts';
import type { NamedBehaviours } from './named-behaviours.ts';
import { selectingSeen } from './selecting-policies.ts';

/** In words; undefined where all of it would count. */
export type JudgeEvidence = (record: FindingRecord) => string | undefined;

interface Judged {
  readonly named: ReadonlySet<string>;
  readonly image: string | undefined;
  /** By the place in the evidence. */
  readonly selecting: readonly (readonly Policy[])[];
  readonly why: string | undefined;
}

export const createJudgeEvidence = (
  model: Pick<CoverageModel, 'inventory'>,
  namedNow: NamedBehaviours,
): JudgeEvidence => {
  const digest = createRulesDigest();
  const judged = new WeakMap<readonly EvidenceEvent[], Judged>();
  return (record) => {
    const { evidence, image, subject } = record;
    const named = namedNow();
    const known = judged.get(evidence);
    const selecting = evidence.map((event) => selectingSeen(model, subject, event));
    const isAsBefore =
      known?.named === named &&
      known.image === image &&
      known.selecting.every((policies, index) => policies === selecting[index]);
    if (isAsBefore) return known.why;
    const bySeen = new Map(evidence.map((event, index) => [event, selecting[index] ?? []]));
    const why = whyNotCounted(record, {
      named,
      digest,
      selecting: (event) => bySeen.get(event) ?? selectingSeen(model, subject, event),
    });
    judged.set(evidence, { named, image, selecting, why });
    return why;
  };
};
