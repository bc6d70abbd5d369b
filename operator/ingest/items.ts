// From a body to the events in it: one JSON object, an array of them, or one on each line. One bad event does not spoil the others.
import { clean, isPlain, isShallow, type Problem } from './clean.ts';

/** An event as JSON.parse and `clean` left it. */
export type Item = Readonly<Record<string, unknown>>;

export interface Refusal extends Problem {
  readonly index: number;
}

export interface Items {
  readonly good: readonly { readonly index: number; readonly item: Item }[];
  readonly bad: readonly Refusal[];
}

/** In one request: a second of a busy cluster; more is to come in several. */
export const mostItems = 10_000;

const byteOrderMark = '\ufeff';

/**
 * What a body may come to in memory, before it is parsed: an object or list takes some 50 bytes where it was written with two, a field as much
 * where it was written with five. 10,000 events with a hundred fields each stay below it; what is made to hurt does not.
 */
const mostWeight = 2_000_000;
const containerWeight = 3;

/** A text instead where there are no events in it at all. */
export const readItems = (text: string): Items | Problem => {
  // What some clients put before every text.
  const body = text.startsWith(byteOrderMark) ? text.slice(1) : text;
  if (mayWeighTooMuch(body) && weightOf(body) > mostWeight)
    return { field: '', message: 'the body holds too many objects, lists and fields' };
  const values = parseAll(body);
  if ('message' in values) return values;
  if (values.length === 0) return { field: '', message: 'the body holds no event' };
  if (values.length > mostItems)
    return { field: '', message: `the body holds ${values.length} events; at most ${mostItems} may come at once` };
  const needsNoCleaning = isPlain(body);
  const good: { index: number; item: Item }[] = [];
  const bad: Refusal[] = [];
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value instanceof Broken) bad.push({ index, field: '', message: value.message });
    else if (typeof value !== 'object' || value === null || Array.isArray(value))
      bad.push({ index, field: '', message: 'an event must be a JSON object' });
    else if (needsNoCleaning && isShallow(value)) good.push({ index, item: value as Item });
    else {
      const cleaned = clean(value);
      if (cleaned.ok) good.push({ index, item: cleaned.value as Item });
      else bad.push({ index, ...cleaned.problem });
    }
  }
  return { good, bad };
};

/** Without those that have a fault. */
export const refusing = ({ good, bad }: Items, faultIn: (item: Item) => Problem | undefined): Items => {
  const refused: Refusal[] = [];
  const kept = good.filter(({ index, item }) => {
    const fault = faultIn(item);
    if (fault !== undefined) refused.push({ index, ...fault });
    return fault === undefined;
  });
  return refused.length === 0
    ? { good, bad }
    : { good: kept, bad: [...bad, ...refused].sort((a, b) => a.index - b.index) };
};

/** A pair of brackets weighs as much as three colons, so that what is shorter cannot. */
const mayWeighTooMuch = ({ length }: string): boolean => length * containerWeight > mostWeight;

/** Those in texts are counted, too: a rough measure is enough. */
const weightOf = (body: string): number => {
  let weight = 0;
  for (let index = 0; index < body.length; index++) {
    const code = body.charCodeAt(index);
    if (code === 0x7b || code === 0x5b) weight += containerWeight;
    else if (code === 0x3a) weight++;
  }
  return weight;
};

/** In place of a value that is not JSON. */
class Broken {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

const parseAll = (body: string): readonly unknown[] | Problem => {
  const whole = parse(body);
  if (!(whole instanceof Broken)) return Array.isArray(whole) ? whole : [whole];
  const lines = body.split('\n', mostItems + 1).filter((line) => line.trim() !== '');
  // One broken document over many lines is not many events: its first line is no whole one.
  const isLines = lines.length > 1 && lines.some((line) => line.startsWith('{') && !(parse(line) instanceof Broken));
  return isLines ? lines.map(parse) : { field: '', message: whole.message };
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    return new Broken(`is not JSON: ${describe(error)}`);
  }
};

/** V8 quotes what it found, which came from a stranger. */
const describe = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(/^(.{120}).*$/s, '$1…')
    .replace(/[^\x20-\x7e…]/g, '?');
