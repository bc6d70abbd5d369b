// From the answer to what the API server is told. Deny over Warn over Audit; refused is only what is certain, and only kinds that the
// policy refuses; what was as bad before is left alone.
import type { AdmissionMode, Policy } from '../types.ts';
import type { Answer, PolicyAnswer } from './answer.ts';
import { isWorse } from './ratchet.ts';
import { asWarnings, wordBreakGlass, wordRefusal, wordWarnings, type Emergency } from './wording.ts';

export interface Decision {
  readonly allowed: boolean;
  /** For a refusal only. */
  readonly message: string | undefined;
  readonly warnings: readonly string[];
  /** What the audit log keeps, where anything was judged; the API server puts the webhook's name before each key. */
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

export interface Circumstances {
  /** Where it asks to be let through all the same. */
  readonly emergency?: Emergency | undefined;
  /** On an update, the answer for what it was: only what has become worse is spoken of. */
  readonly before?: Answer | undefined;
}

/** More policies than these would only fill the audit log. */
const maximumAuditedPolicies = 10;

export const decidePlacement = (answer: Answer, kind: string, { emergency, before }: Circumstances = {}): Decision => {
  if (answer.kind !== 'Judged') {
    return answer.kind === 'NotSelected' ? allowed : { ...allowed, auditAnnotations: { verdict: answer.kind } };
  }
  const flagged = answer.policies
    .filter((each) => each.isFlagged && (before === undefined || isWorse(each, before)))
    .toSorted(byWeight);
  const wording = {
    subject: kind === 'Pod' ? 'pod' : `pods of this ${kind}`,
    isHypothetical: answer.isHypothetical,
  };
  const denying = flagged.filter(
    ({ policy, isCertain }) => isCertain && modeOf(policy) === 'Deny' && policy.admission.refuses.includes(kind),
  );
  const warning = flagged.filter(({ policy }) => modeOf(policy) === 'Deny' || modeOf(policy) === 'Warn');
  const broken =
    emergency?.ok === true && denying.every(({ policy }) => policy.admission.breakGlass === 'Allowed')
      ? emergency.value
      : undefined;
  const annotations = {
    verdict: answer.verdict,
    // Those that complain, or those that are content.
    policies: namesOf(flagged.length === 0 ? answer.policies : flagged),
    ...(flagged[0]?.gap === undefined ? {} : { cause: flagged[0].gap.cause }),
  };
  if (denying.length === 0)
    return { ...allowed, warnings: wordWarnings(warning, wording), auditAnnotations: annotations };
  if (broken === undefined) {
    const message = wordRefusal(denying, wording, emergency);
    return { allowed: false, message, warnings: [], auditAnnotations: annotations };
  }
  const others = warning.filter((each) => !denying.includes(each));
  return {
    ...allowed,
    warnings: asWarnings([...wordBreakGlass(denying, broken, wording), ...wordWarnings(others, wording)]),
    auditAnnotations: {
      ...annotations,
      'break-glass': broken.reason,
      'break-glass-until': new Date(broken.until).toISOString(),
      'break-glass-policies': namesOf(denying),
    },
  };
};

const allowed: Decision = { allowed: true, message: undefined, warnings: [] };

const modeOf = ({ admission }: Policy): AdmissionMode => admission.mode;

const weight: Readonly<Record<AdmissionMode, number>> = { Off: 0, Audit: 1, Warn: 2, Deny: 3 };

/** The gravest first; they come sorted by name, which stays so among equals. */
const byWeight = (a: PolicyAnswer, b: PolicyAnswer): number => weight[modeOf(b.policy)] - weight[modeOf(a.policy)];

const namesOf = (answers: readonly PolicyAnswer[]): string => {
  const names = answers.slice(0, maximumAuditedPolicies).map(({ policy }) => policy.name);
  return answers.length > names.length ? `${names.join(',')},…` : names.join(',');
};
