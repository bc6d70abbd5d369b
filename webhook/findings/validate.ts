// What is wrong with the case of a finding beyond what its definition can say, which knows no hour.
import { findingSchema, type Finding } from '../../crds/schema/finding.ts';
import type { FieldCause } from '../review.ts';

export interface Validation {
  /** The finding is refused for these. */
  readonly errors: readonly FieldCause[];
  /** It is accepted, and probably not what was meant. */
  readonly warnings: readonly string[];
}

type Case = Finding['spec']['case'];

/** Most frameworks want risks to be looked at again once a year. */
const longestAcceptanceMs = 366 * 24 * 3_600_000;

/** Only what the request changes is judged: what was written in time may run out. */
export const validateCase = (raw: unknown, oldRaw: unknown, now: number): Validation => {
  const [after, before] = [caseOf(raw), caseOf(oldRaw)];
  // Its definition has refused it.
  if (after === undefined) return { errors: [], warnings: [] };
  return {
    errors: findPastAcceptance(after, before, now),
    warnings: [...warnOfLongAcceptance(after, before, now), ...warnOfPastDueDate(after, before, now)],
  };
};

const caseOf = (raw: unknown): Case | undefined => {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const parsed = findingSchema.safeParse({ ...raw, status: undefined });
  return parsed.success ? parsed.data.spec.case : undefined;
};

const findPastAcceptance = (after: Case, before: Case | undefined, now: number): readonly FieldCause[] => {
  const { phase, riskAcceptedUntil: until } = after;
  const isOld = before?.phase === phase && before.riskAcceptedUntil === until;
  if (phase !== 'RiskAccepted' || until === undefined || isOld || Date.parse(until) > now) return [];
  return [
    {
      field: 'spec.case.riskAcceptedUntil',
      message: `${until} is past: accept the risk until a day to come, or choose another phase`,
    },
  ];
};

const warnOfLongAcceptance = (after: Case, before: Case | undefined, now: number): readonly string[] => {
  const { phase, riskAcceptedUntil: until } = after;
  if (phase !== 'RiskAccepted' || until === undefined || before?.riskAcceptedUntil === until) return [];
  return Date.parse(until) - now > longestAcceptanceMs
    ? [`spec.case.riskAcceptedUntil: ${until} is more than a year away; nothing will ask about this risk until then`]
    : [];
};

const warnOfPastDueDate = (after: Case, before: Case | undefined, now: number): readonly string[] => {
  const { dueDate } = after;
  if (dueDate === undefined || dueDate === before?.dueDate) return [];
  // A due date is over with its day, wherever on Earth.
  return dueDate < new Date(now).toISOString().slice(0, 10) ? [`spec.case.dueDate: ${dueDate} is past`] : [];
};
