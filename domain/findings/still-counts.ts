// Whether what was seen of a behaviour would count again, were it to go on, by the policies of now. Where it would not, that nothing comes
// proves nothing: a policy that excludes a program makes it as silent as an image that has none.
import type { Policy } from '../types.ts';
import { behaviourNamed } from './behaviours.ts';
import { countsAnywhere, isTooYoung, minimumAge } from './classify.ts';
import { maskSecrets } from './mask.ts';
import { matchesStored } from './match-stored.ts';
import { ofSubject, type MatchContext } from './match.ts';
import { emptyEvidence, type EvidenceEvent, type FindingRecord } from './record.ts';
import { isStoredRule } from './rule-name.ts';
import type { RulesDigest } from './rules-digest.ts';
import type { EventMatcher, PostureRule } from './types.ts';

export interface CountingNow {
  /** Policies that select whoever was seen. */
  readonly selecting: (event: EvidenceEvent) => readonly Policy[];
  /** Behaviours that any policy of the cluster names. */
  readonly named: ReadonlySet<string>;
  readonly digest: RulesDigest;
}

type Seen = Pick<FindingRecord, 'behaviour' | 'subject' | 'image' | 'rules' | 'evidence'>;

/** In words, with what to do about it; undefined where all that is known of it would count again. */
export const whyNotCounted = (seen: Seen, now: CountingNow): string | undefined => {
  const context = contextOf(seen);
  let doubt: string | undefined;
  for (const event of seen.evidence) {
    const why = whyNot(seen.behaviour, event, context, now);
    if (why?.isSure === true) return wordsOf(event, why);
    doubt ??= why && wordsOf(event, why);
  }
  return doubt ?? whyRuleNotCounted(seen, context, now);
};

/** Why an event would not be counted, in words; or might not. */
interface NotCounted {
  readonly isSure: boolean;
  readonly why: string;
}

/** Of policies that all leave it alone, one that may not do so makes it unsure. */
const whyNot = (
  behaviour: string,
  event: EvidenceEvent,
  context: MatchContext,
  { selecting, named, digest }: CountingNow,
): NotCounted | undefined => {
  if (event.countedBy !== undefined && event.countedBy === digest(behaviour, selecting(event), named)) return undefined;
  const known = behaviourNamed(behaviour);
  if (countsAnywhere(behaviour, named)) {
    const isYoung = isTooYoung(known, undefined, event.podAge);
    return isYoung ? tooYoung('where no policy names it, it', minimumAge(known, undefined), event) : undefined;
  }
  let found: NotCounted | undefined;
  for (const { name, posture } of selecting(event)) {
    for (const rule of posture) {
      if (rule.behaviour !== behaviour) continue;
      const why = whyNotBy(rule, `policy ${name}`, event, context);
      if (why === undefined) return undefined;
      if (found === undefined || found.isSure) found = why;
    }
  }
  return found ?? { isSure: true, why: 'no policy that selects it names the behaviour any more' };
};

const whyNotBy = (
  rule: PostureRule,
  policy: string,
  event: EvidenceEvent,
  context: MatchContext,
): NotCounted | undefined => {
  const known = behaviourNamed(rule.behaviour);
  const described = known === undefined ? matchesStored(rule.match, event, context) : 'yes';
  if (described === 'no') return { isSure: true, why: `${policy} describes the behaviour otherwise by now` };
  if (isTooYoung(known, rule, event.podAge)) return tooYoung(policy, minimumAge(known, rule), event);
  const excluded = matchesStored(rule.exclude, event, context);
  if (excluded === 'yes') return { isSure: true, why: `${policy} excludes it` };
  if (excluded === 'maybe') return { isSure: false, why: `${policy} may exclude it` };
  return described === 'yes'
    ? undefined
    : { isSure: false, why: `${policy} may describe the behaviour otherwise by now` };
};

const tooYoung = (who: string, minimum: number, { podAge = 0 }: EvidenceEvent): NotCounted => ({
  isSure: true,
  why: `${who} counts only in pods that are at least ${minimum / 1000} s old, and this one was ${Math.floor(podAge / 1000)} s`,
});

/** Of a rule of which no event is kept any more nothing is known but its name. */
const whyRuleNotCounted = (
  { behaviour, rules, evidence }: Seen,
  context: MatchContext,
  { selecting, named }: CountingNow,
): string | undefined => {
  if (countsAnywhere(behaviour, named)) return undefined;
  const forgotten = rules.filter(
    (stored) => !evidence.some(({ rule }) => rule !== undefined && isStoredRule(stored, rule)),
  );
  for (const rule of forgotten) {
    const event = { ...emptyEvidence, rule };
    const excluding = selecting(event).filter(({ posture }) => posture.some((each) => each.behaviour === behaviour));
    const isLeftAlone = excluding.every(({ posture }) =>
      posture.every(
        (each) =>
          each.behaviour !== behaviour || matchesStored(each.exclude.filter(isByRule), event, context) === 'yes',
      ),
    );
    const [first] = excluding;
    if (first !== undefined && isLeftAlone) {
      return wordsOf(event, { isSure: true, why: `policy ${first.name} excludes it` });
    }
  }
  return undefined;
};

const isByRule = ({ allOf }: EventMatcher): boolean =>
  allOf.every(({ field }) => field === 'Rule' || ofSubject.has(field));

const contextOf = ({ subject, image }: Seen): MatchContext => ({
  namespace: subject.namespace,
  workload: subject.kind === 'Node' ? undefined : subject.name,
  container: subject.container,
  image,
});

const wordsOf = (event: EvidenceEvent, { isSure, why }: NotCounted): string => {
  const what = whatWasSeen(event);
  return isSure
    ? `${what} would not be counted again: ${why}, so that nothing is heard of it if it goes on. Take that back, or accept the risk`
    : `whether ${what} would be counted again cannot be told: ${why}, and what it asks for is masked, cut or not kept in the evidence. Take that back, or accept the risk`;
};

const whatWasSeen = ({ rule, process, executable, pod }: EvidenceEvent): string => {
  const program = process ?? executable;
  const parts = [
    ...(program === undefined ? [] : [`process ${brief(program)}`]),
    ...(rule === undefined ? [] : [`rule ${brief(rule)}`]),
    ...(pod === undefined ? [] : [`pod ${pod}`]),
  ];
  return parts.length === 0 ? 'what was seen of it' : `what was seen of it (${parts.join(', ')})`;
};

/** A sentence that is cut would not tell what to do. */
const longestName = 100;
const brief = (text: string): string => maskSecrets(text).slice(0, longestName);
