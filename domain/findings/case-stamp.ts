// Who decided on a case last. The webhook stamps the finding with the request's user, the API server lets nobody stamp another's name, and
// the operator believes a stamp only of the very version that it looks at: so a change that no webhook saw is nobody's, and never another's.
import type { CaseFile } from './finding-object.ts';
import type { FindingCase } from './life-cycle.ts';
import type { CasePhase } from './types.ts';

/** The ValidatingAdmissionPolicy in the chart knows it by this name, and reads it by the form that `writeStamp` gives it. */
export const caseStampAnnotation = 'workloadprotection.dev/case-decided-by';

export interface CaseStamp {
  /** Of the finding: a stamp that was copied from another, or from a backup, is none. */
  readonly uid: string;
  /** Of the version of the finding that it speaks of. */
  readonly generation: number;
  readonly phase: CasePhase;
  readonly user: string;
}

export const unknownActor = 'unknown (the webhook was away)';

/** In an order in which an expression of the API server can build it; the user stands last, since nobody knows what is in a name. */
export const writeStamp = ({ uid, generation, phase, user }: CaseStamp): string =>
  `${uid} ${generation} ${phase} ${user}`;

/** The user, where the stamp is of that version. */
export const readStamp = (stamp: string | undefined, of: Omit<CaseStamp, 'user'>): string | undefined => {
  const before = writeStamp({ ...of, user: '' });
  return stamp?.startsWith(before) === true && stamp.length > before.length ? stamp.slice(before.length) : undefined;
};

/** What of a case is a decision: from it transitions follow. */
export type Decision = Pick<CaseFile, 'riskAcceptedUntil' | 'riskAcceptedReason'> & { readonly phase: CasePhase };

export const isSameDecision = (one: Decision, other: Decision): boolean =>
  one.phase === other.phase &&
  one.riskAcceptedUntil === other.riskAcceptedUntil &&
  one.riskAcceptedReason === other.riskAcceptedReason;

export interface StampedChange {
  readonly uid: string;
  /** Before the change. */
  readonly generation: number;
  readonly stamp: string | undefined;
  readonly before: Decision;
  readonly after: Decision;
  /** Whether anything of the spec is another, and so the generation will be. */
  readonly isOtherSpec: boolean;
  readonly user: string;
}

/** The stamp that is to stand there after the change. One that holds goes along with changes of anything else, so that it holds afterwards. */
export const stampOf = ({
  uid,
  generation,
  stamp,
  before,
  after,
  isOtherSpec,
  user,
}: StampedChange): string | undefined => {
  const next = { uid, generation: generation + 1, phase: after.phase };
  if (!isSameDecision(before, after)) return writeStamp({ ...next, user });
  const decided = isOtherSpec ? readStamp(stamp, { uid, generation, phase: before.phase }) : undefined;
  return decided === undefined ? stamp : writeStamp({ ...next, user: decided });
};

/** The finding of a case, as far as a stamp speaks of it. */
export interface StampedCase {
  readonly uid: string | undefined;
  readonly generation: number | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly phase: CasePhase;
  readonly riskAcceptedUntil: number | undefined;
}

/** Who decided: of what stands there as it stood before, whoever was known to; of anything else whoever the stamp names, or nobody knows. */
export const seeCase = (
  { uid = '', generation = 0, annotations, phase, riskAcceptedUntil }: StampedCase,
  before: FindingCase | undefined,
): FindingCase => {
  const isSame = before?.phase === phase && before.riskAcceptedUntil === riskAcceptedUntil;
  const user = readStamp(annotations?.[caseStampAnnotation], { uid, generation, phase });
  const known = user ?? (isSame ? before.actor : '');
  return { phase, riskAcceptedUntil, actor: known === '' ? unknownActor : known };
};
