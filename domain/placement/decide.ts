// From the answer to what the API server is told. Deny over Warn over Audit; only a pod is ever refused, and only on what is certain.
import type { AdmissionMode, Policy } from '../types.ts';
import type { Answer, PolicyAnswer } from './answer.ts';
import { wordRefusal, wordWarnings } from './wording.ts';

export interface Decision {
  readonly allowed: boolean;
  /** For a refusal only. */
  readonly message: string | undefined;
  readonly warnings: readonly string[];
  /** What the audit log keeps; the API server puts the webhook's name before each key. */
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** More policies than these would only fill the audit log. */
const maximumAuditedPolicies = 10;

export const decidePlacement = (answer: Answer, kind: string): Decision => {
  if (answer.kind !== 'Judged') {
    return { ...allowed, auditAnnotations: answer.kind === 'NotSelected' ? {} : { verdict: answer.kind } };
  }
  const flagged = answer.policies.filter(({ isFlagged }) => isFlagged).toSorted(byWeight);
  const wording = {
    subject: kind === 'Pod' ? 'pod' : `pods of this ${kind}`,
    isHypothetical: answer.isHypothetical,
  };
  const denying =
    kind === 'Pod' ? flagged.filter(({ policy, isCertain }) => isCertain && modeOf(policy) === 'Deny') : [];
  const warning = flagged.filter(({ policy }) => modeOf(policy) === 'Deny' || modeOf(policy) === 'Warn');
  const annotations = {
    verdict: answer.verdict,
    ...(flagged.length === 0 ? {} : { policies: namesOf(flagged) }),
    ...(flagged[0]?.gap === undefined ? {} : { cause: flagged[0].gap.cause }),
  };
  return denying.length > 0
    ? { allowed: false, message: wordRefusal(denying, wording), warnings: [], auditAnnotations: annotations }
    : { ...allowed, warnings: wordWarnings(warning, wording), auditAnnotations: annotations };
};

const allowed: Decision = { allowed: true, message: undefined, warnings: [], auditAnnotations: {} };

const modeOf = ({ admission }: Policy): AdmissionMode => admission.mode;

const weight: Readonly<Record<AdmissionMode, number>> = { Off: 0, Audit: 1, Warn: 2, Deny: 3 };

/** The gravest first; they come sorted by name, which stays so among equals. */
const byWeight = (a: PolicyAnswer, b: PolicyAnswer): number => weight[modeOf(b.policy)] - weight[modeOf(a.policy)];

const namesOf = (answers: readonly PolicyAnswer[]): string => {
  const names = answers.slice(0, maximumAuditedPolicies).map(({ policy }) => policy.name);
  return answers.length > names.length ? `${names.join(',')},…` : names.join(',');
};
