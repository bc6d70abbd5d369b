// Warnings and refusals in words. A warning is an HTTP header that kubectl prints: one line of at most 256 characters, three at most,
// without control characters, or the API server drops it.
import { compareText } from '../coverage/verdict.ts';
import type { BreakGlass } from '../types.ts';
import type { PolicyAnswer } from './answer.ts';

export const maximumWarnings = 3;
export const maximumWarningLength = 256;
/** Of a refusal, which is a message in a Status: some ten lines of a terminal. */
const maximumMessageLength = 1000;
/** Names of policies may be 253 characters each. */
const longestNames = 80;
const shortestCause = 60;
/** Of a break-glass, in a warning that must say more than it. */
const longestReason = 60;

/** What annotations ask for; `problem` where they do not hold. */
export type Emergency =
  | { readonly ok: true; readonly value: BreakGlass }
  | { readonly ok: false; readonly problem: string };

export interface Wording {
  /** `pod`, or `pods of this Deployment`. */
  readonly subject: string;
  readonly isHypothetical: boolean;
}

/** Any sentences as warnings: as many as pass, each as long as passes. */
export const asWarnings = (sentences: readonly string[]): readonly string[] => {
  const lines = sentences.map((sentence) => clip(oneLine(sentence), maximumWarningLength));
  if (lines.length <= maximumWarnings) return lines;
  const kept = lines.slice(0, maximumWarnings - 1);
  return [...kept, `and ${lines.length - kept.length} more warnings`];
};

/** One line for each distinct cause, so that policies which complain of the same thing do so once. */
export const wordWarnings = (flagged: readonly PolicyAnswer[], wording: Wording): readonly string[] =>
  asWarnings([...grouped(flagged, wording)].map(([, answers]) => wordWarning(answers, wording)));

/** That it is let through although it would have been refused: on whose word, and until when. */
export const wordBreakGlass = (
  freed: readonly PolicyAnswer[],
  { reason, until }: BreakGlass,
  wording: Wording,
): readonly string[] =>
  [...grouped(freed, wording)].map(
    ([, answers]) =>
      `let through by break-glass until ${new Date(until).toISOString()} (${clip(oneLine(reason), longestReason)}): ${wordWarning(answers, wording)}`,
  );

/** Why it is refused, what mends it, and how to be let through all the same. */
export const wordRefusal = (
  denying: readonly PolicyAnswer[],
  wording: Wording,
  emergency: Emergency | undefined,
): string => {
  const sentences = [...grouped(denying, wording)].map(([, answers]) => {
    const [first] = answers;
    return `${headOf(answers, wording)}${first?.gap === undefined ? '' : `: ${first.gap.cause}. Remedy: ${first.gap.remedy}`}`;
  });
  const names = denying.map(({ policy }) => policy.name).join(', ');
  const way = `${wordGlass(denying, wording, emergency)}To be let through all the same, ask for an entry with reason and end in spec.exemptions of WorkloadPolicy ${clip(names, longestNames)}`;
  return `${clip(oneLine(sentences.join('; ')), maximumMessageLength - way.length)}. ${way}`;
};

/** How to break the glass, or why it did not help. */
const wordGlass = (
  denying: readonly PolicyAnswer[],
  { subject }: Wording,
  emergency: Emergency | undefined,
): string => {
  const forbidding = denying.filter(({ policy }) => policy.admission.breakGlass === 'Forbidden');
  if (forbidding.length > 0) {
    if (emergency === undefined) return '';
    const names = forbidding.map(({ policy }) => policy.name).join(', ');
    return `Break-glass does not help: it is forbidden by WorkloadPolicy ${clip(names, longestNames)}. `;
  }
  const how = `workloadprotection.dev/break-glass: "<reason>" and workloadprotection.dev/break-glass-until: "<end, such as 2027-03-01T00:00:00Z>"`;
  return emergency?.ok === false
    ? `Its break-glass does not hold: ${clip(oneLine(emergency.problem), longestReason)}; write ${how}. `
    : `In an emergency, annotate the ${subject} with ${how}. `;
};

const grouped = (answers: readonly PolicyAnswer[], wording: Wording): ReadonlyMap<string, readonly PolicyAnswer[]> => {
  const groups = new Map<string, PolicyAnswer[]>();
  for (const answer of answers) {
    const key = `${claimOf(answer, wording)}\n${answer.gap?.cause ?? ''}`;
    groups.set(key, [...(groups.get(key) ?? []), answer]);
  }
  return groups;
};

const wordWarning = (answers: readonly PolicyAnswer[], wording: Wording): string => {
  const head = oneLine(headOf(answers, wording));
  const gap = answers[0]?.gap;
  if (gap === undefined) return head;
  const cause = oneLine(gap.cause);
  const remedy = oneLine(gap.remedy);
  const whole = `${head}: ${cause}. ${remedy}`;
  if (lengthOf(whole) <= maximumWarningLength) return whole;
  // A command that is cut is of no use; the report has it whole.
  const command = remedy.indexOf(': ');
  const short = command < 0 ? remedy : `${remedy.slice(0, command)}: see kubectl describe cov cluster`;
  const room = maximumWarningLength - lengthOf(`${head}: . ${short}`);
  return `${head}: ${clip(cause, Math.max(room, shortestCause))}. ${short}`;
};

const headOf = (answers: readonly PolicyAnswer[], wording: Wording): string => {
  const names = answers.map(({ policy }) => policy.name).toSorted(compareText);
  const [first] = answers;
  const claim = first === undefined ? '' : claimOf(first, wording);
  return `${names.length > 1 ? 'WorkloadPolicies' : 'WorkloadPolicy'} ${clip(names.join(', '), longestNames)}: ${claim}`;
};

const claimOf = ({ verdict, nodes }: PolicyAnswer, { subject, isHypothetical }: Wording): string => {
  if (isHypothetical) {
    return verdict === 'Unknown'
      ? `no node of today fits the ${subject}, and whether one to come will be protected is not known`
      : `no node of today fits the ${subject}, and one to come will not be protected`;
  }
  const where = nodes.total === 1 ? 'the one node that fits' : `the ${nodes.total} nodes that fit`;
  if (verdict === 'Partly') {
    return `the ${subject} may be unprotected, on ${nodes.unprotected + nodes.unknown} of ${where}`;
  }
  if (nodes.unknown === 0) return `the ${subject} will be unprotected on ${nodes.total === 1 ? '' : 'any of '}${where}`;
  return nodes.unprotected === 0
    ? `whether the ${subject} will be protected is not known of ${where}`
    : `the ${subject} will not be protected on ${nodes.unprotected} of ${where}, and on the others it is not known`;
};

/** The API server drops a warning with control characters in it; objects of others may hold any. */
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\s]+/gu, ' ').trim();

const lengthOf = (text: string): number => Array.from(text).length;

const clip = (text: string, length: number): string => {
  const characters = Array.from(text);
  return characters.length <= length
    ? text
    : `${characters
        .slice(0, Math.max(0, length - 1))
        .join('')
        .trimEnd()}…`;
};
