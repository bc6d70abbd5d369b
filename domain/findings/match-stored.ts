// Whether an event that is kept as evidence is what a matcher describes. What is stored may be masked or cut, and then only what is left
// of it can tell: the answer is maybe wherever what is missing could make the difference.
import { fits, globMatches, type MatchContext } from './match.ts';
import type { EvidenceEvent } from './record.ts';
import { masked } from './secret-patterns.ts';
import type { Comparison, EventField, EventMatcher } from './types.ts';

export type Answer = 'yes' | 'maybe' | 'no';

/** Whether any of the matchers fits. */
export const matchesStored = (
  matchers: readonly EventMatcher[],
  event: EvidenceEvent,
  context: MatchContext,
): Answer => {
  let best: Answer = 'no';
  for (const { allOf } of matchers) {
    const answer = least(allOf, (comparison) => compare(comparison, event, context));
    if (answer === 'yes') return 'yes';
    if (answer === 'maybe') best = 'maybe';
  }
  return best;
};

const least = (allOf: readonly Comparison[], answerOf: (comparison: Comparison) => Answer): Answer => {
  let worst: Answer = 'yes';
  for (const comparison of allOf) {
    const answer = answerOf(comparison);
    if (answer === 'no') return 'no';
    if (answer === 'maybe') worst = 'maybe';
  }
  return worst;
};

const compare = (comparison: Comparison, event: EvidenceEvent, context: MatchContext): Answer => {
  const values = valuesOf(comparison.field, event, context);
  if (values === unknown) return 'maybe';
  let best: Answer = 'no';
  for (const value of values) {
    if (isWhole(value)) {
      if (fits(comparison, value)) return 'yes';
    } else if (couldFit(comparison, value)) {
      best = 'maybe';
    }
  }
  return best;
};

/** Anything may have stood there. */
const unknown = Symbol('unknown');

const valuesOf = (
  field: EventField,
  event: EvidenceEvent,
  { namespace, workload, container, image }: MatchContext,
): readonly string[] | typeof unknown => {
  // Stored before these were kept.
  const isOfBefore = event.agentType === undefined;
  switch (field) {
    case 'Agent':
      return isOfBefore ? unknown : present(event.agentType);
    case 'Policy':
      return isOfBefore ? unknown : present(event.policy);
    case 'Rule':
      return present(event.rule);
    case 'Tag':
      return isOfBefore ? unknown : event.tags;
    case 'Executable':
      return present(event.executable);
    case 'ProcessName':
      return isOfBefore ? unknown : present(event.process);
    case 'Arguments':
      return present(event.arguments);
    case 'ParentName':
      return present(event.parent);
    case 'FilePath':
      return present(event.file);
    case 'Destination':
      return present(event.destination);
    case 'Namespace':
      return present(namespace);
    case 'Workload':
      return present(workload);
    case 'Container':
      return present(container);
    case 'Image':
      return present(image);
  }
};

const present = (value: string | undefined): readonly string[] => (value === undefined ? [] : [value]);

/** Stands at the end of what was too long. */
const ellipsis = '…';

const isWhole = (text: string): boolean => !text.endsWith(ellipsis) && !text.includes(masked);

/** Whether what is left of it leaves room for what is compared with. Only its beginning and its end are looked at: they cost nothing. */
const couldFit = ({ equals, prefix, suffix, glob }: Comparison, text: string): boolean => {
  const pattern = (text.endsWith(ellipsis) ? `${text.slice(0, -ellipsis.length)}*` : text).replaceAll(masked, '*');
  const head = pattern.slice(0, pattern.indexOf('*'));
  const tail = pattern.slice(pattern.lastIndexOf('*') + 1);
  const mayBegin = (start: string): boolean => head.startsWith(start) || start.startsWith(head);
  const mayEnd = (end: string): boolean => tail.endsWith(end) || end.endsWith(tail);
  return (
    equals.some((value) => globMatches(pattern, value)) ||
    prefix.some(mayBegin) ||
    suffix.some(mayEnd) ||
    glob.some((wanted) => mayBegin(literalStart(wanted)) && mayEnd(literalEnd(wanted)))
  );
};

const literalStart = (glob: string): string => {
  const end = glob.search(/[*?]/);
  return end < 0 ? glob : glob.slice(0, end);
};
const literalEnd = (glob: string): string => glob.slice(Math.max(glob.lastIndexOf('*'), glob.lastIndexOf('?')) + 1);
