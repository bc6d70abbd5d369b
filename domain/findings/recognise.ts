// Which of the behaviours that the product knows an event may be. Every event is asked, and most are none: so what their matchers want is
// looked up, rather than compared one by one.
import { behaviours, isBehaviour, type Behaviour } from './behaviours.ts';
import type { Comparison, EventField, SecurityEvent } from './types.ts';

/** Those that the event is, as far as it alone tells, in the order of the table. */
export const recognise = (event: SecurityEvent): readonly Behaviour[] => {
  const candidates = candidatesOf(event);
  return candidates === none ? none : candidates.filter((behaviour) => isBehaviour(behaviour, event));
};

const none: readonly Behaviour[] = [];

/** Of each matcher its first comparison: unless that holds, the matcher does not. */
interface First {
  readonly behaviour: Behaviour;
  readonly comparison: Comparison;
}

const firsts: readonly First[] = behaviours.flatMap((behaviour) =>
  behaviour.match.flatMap(({ allOf: [comparison] }) => (comparison === undefined ? [] : [{ behaviour, comparison }])),
);

const isByValue = ({ comparison: { prefix, suffix, glob } }: First): boolean =>
  prefix.length + suffix.length + glob.length === 0;

const indexOf = (field: EventField): ReadonlyMap<string, readonly Behaviour[]> => {
  const index = new Map<string, readonly Behaviour[]>();
  for (const { behaviour, comparison } of firsts.filter(isByValue)) {
    if (comparison.field !== field) continue;
    for (const value of comparison.equals) index.set(value, [...(index.get(value) ?? none), behaviour]);
  }
  return index;
};

const byRule = indexOf('Rule');
const byTag = indexOf('Tag');
const byProcess = indexOf('ProcessName');
const byDestination = indexOf('Destination');
const indexed: ReadonlySet<EventField> = new Set(['Rule', 'Tag', 'ProcessName', 'Destination']);

/** Whose matchers compare otherwise: they are asked always. */
const others: readonly Behaviour[] = [
  ...new Set(
    firsts
      .filter((first) => !isByValue(first) || !indexed.has(first.comparison.field))
      .map(({ behaviour }) => behaviour),
  ),
];

/** All that the event can be. */
const candidatesOf = ({ rule, tags, process, destination }: SecurityEvent): readonly Behaviour[] => {
  let found = others;
  const add = (more: readonly Behaviour[] | undefined): void => {
    if (more !== undefined && !more.every((behaviour) => found.includes(behaviour))) found = [...found, ...more];
  };
  if (rule !== undefined) add(byRule.get(rule));
  for (const tag of tags) add(byTag.get(tag));
  const program = process?.name;
  if (program !== undefined) add(byProcess.get(program));
  if (destination !== undefined) add(byDestination.get(destination));
  return found.length < 2 ? found : behaviours.filter((behaviour) => found.includes(behaviour));
};
