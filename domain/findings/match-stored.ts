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
  if (matchers.length === 0) return 'no';
  // Of many matchers most compare the same few fields.
  const known = new Map<EventField, readonly Value[] | typeof unknown>();
  const valuesIn = (field: EventField): readonly Value[] | typeof unknown => {
    let values = known.get(field);
    if (values === undefined) {
      const texts = valuesOf(field, event, context);
      values = texts === unknown ? unknown : texts.map(valueOf);
      known.set(field, values);
    }
    return values;
  };
  let best: Answer = 'no';
  for (const { allOf } of matchers) {
    const answer = matchesAll(allOf, valuesIn);
    if (answer === 'yes') return 'yes';
    if (answer === 'maybe') best = 'maybe';
  }
  return best;
};

const matchesAll = (
  allOf: readonly Comparison[],
  valuesIn: (field: EventField) => readonly Value[] | typeof unknown,
): Answer => {
  let worst: Answer = 'yes';
  for (const comparison of allOf) {
    const answer = compare(comparison, valuesIn(comparison.field));
    if (answer === 'no') return 'no';
    if (answer === 'maybe') worst = 'maybe';
  }
  return worst;
};

const compare = (comparison: Comparison, values: readonly Value[] | typeof unknown): Answer => {
  if (values === unknown) return 'maybe';
  let best: Answer = 'no';
  for (const { text, left } of values) {
    if (left === undefined) {
      if (fits(comparison, text)) return 'yes';
    } else if (couldFit(comparison, left)) {
      best = 'maybe';
    }
  }
  return best;
};

interface Value {
  readonly text: string;
  /** Of one that is masked or cut. */
  readonly left: Left | undefined;
}

/** What is left of a text: its beginning, its end, and all of it with a star for what is missing. */
interface Left {
  readonly head: string;
  readonly tail: string;
  readonly pattern: string;
}

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

const valueOf = (text: string): Value => {
  if (!text.endsWith(ellipsis) && !text.includes(masked)) return { text, left: undefined };
  const pattern = (text.endsWith(ellipsis) ? `${text.slice(0, -ellipsis.length)}*` : text).replaceAll(masked, '*');
  const head = pattern.slice(0, pattern.indexOf('*'));
  return { text, left: { pattern, head, tail: pattern.slice(pattern.lastIndexOf('*') + 1) } };
};

/** Whether it leaves room for what is compared with. For most only its beginning and its end are looked at, which costs nothing. */
const couldFit = ({ equals, prefix, suffix, glob }: Comparison, { head, tail, pattern }: Left): boolean => {
  const mayBegin = (start: string): boolean => head.startsWith(start) || start.startsWith(head);
  const mayEnd = (end: string): boolean => tail.endsWith(end) || end.endsWith(tail);
  return (
    equals.some((value) => mayBegin(value) && mayEnd(value) && globMatches(pattern, value)) ||
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
