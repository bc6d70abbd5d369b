// Whether an event is what a matcher describes. No regular expressions: whoever writes a policy cannot make the operator slow.
import type { Comparison, EventField, EventMatcher, SecurityEvent } from './types.ts';

/** What is known of the event's subject besides the event itself. */
export interface MatchContext {
  readonly namespace?: string | undefined;
  readonly workload?: string | undefined;
  readonly container?: string | undefined;
  readonly image?: string | undefined;
}

/** Whether any of the matchers fits. */
export const matchesAny = (
  matchers: readonly EventMatcher[],
  event: SecurityEvent,
  context: MatchContext = {},
): boolean => matchers.some(({ allOf }) => allOf.every((comparison) => holds(comparison, event, context)));

/** What is known of a subject without any event. */
export const ofSubject: ReadonlySet<EventField> = new Set<EventField>(['Namespace', 'Workload', 'Container', 'Image']);
const noEvent: SecurityEvent = { at: 0, agentType: '', tags: [], tactics: [], techniques: [], origin: {} };

/** Whether one of the matchers fits whatever happens there, as far as the subject alone tells. */
export const matchesSubject = (matchers: readonly EventMatcher[], context: MatchContext): boolean =>
  matchesAny(
    matchers.filter(({ allOf }) => allOf.every(({ field }) => ofSubject.has(field))),
    noEvent,
    context,
  );

const holds = (comparison: Comparison, event: SecurityEvent, context: MatchContext): boolean =>
  valuesOf(comparison.field, event, context).some((value) => fits(comparison, value));

/** Whether the value is one of those that are compared with. */
export const fits = ({ equals, prefix, suffix, glob }: Comparison, value: string): boolean =>
  equals.includes(value) ||
  prefix.some((start) => value.startsWith(start)) ||
  suffix.some((end) => value.endsWith(end)) ||
  glob.some((pattern) => globMatches(pattern, value));

const valuesOf = (field: EventField, event: SecurityEvent, context: MatchContext): readonly string[] => {
  const { origin, process } = event;
  switch (field) {
    case 'Agent':
      return [event.agentType];
    case 'Policy':
      return present(event.policy);
    case 'Rule':
      return present(event.rule);
    case 'Tag':
      return event.tags;
    case 'Executable':
      return present(process?.executable);
    case 'ProcessName':
      return present(process?.name);
    case 'Arguments':
      return present(process?.arguments);
    case 'ParentName':
      return present(process?.parentName);
    case 'FilePath':
      return present(event.file);
    case 'Destination':
      return present(event.destination);
    case 'Namespace':
      return present(context.namespace ?? origin.namespace);
    case 'Workload':
      return present(context.workload);
    case 'Container':
      return present(context.container ?? origin.container);
    case 'Image':
      return present(context.image ?? origin.image);
  }
};

const present = (value: string | undefined): readonly string[] => (value === undefined ? [] : [value]);

/** `*` is any run of characters, `?` any one. Goes back at most to the last star, so that the cost is the product of the lengths. */
export const globMatches = (pattern: string, text: string): boolean => {
  let [at, position] = [0, 0];
  let star = -1;
  let resume = 0;
  while (position < text.length) {
    if (at < pattern.length && (pattern[at] === '?' || (pattern[at] !== '*' && pattern[at] === text[position]))) {
      at++;
      position++;
    } else if (pattern[at] === '*') {
      star = at++;
      resume = position;
    } else if (star !== -1) {
      at = star + 1;
      position = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
};
