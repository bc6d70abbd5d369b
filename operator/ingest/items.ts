// From a body to the events in it: one JSON object, an array of them, or one on each line. One bad event does not spoil the others.
import { clean, type Problem } from './clean.ts';

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

/**
 * What a body may come to in memory, before it is parsed: an object or list takes some 50 bytes where it was written with two, a field as much
 * where it was written with five. 10,000 events with a hundred fields each stay below it; what is made to hurt does not.
 */
const mostWeight = 2_000_000;
const containerWeight = 3;

/** A text instead where there are no events in it at all. */
export const readItems = (body: string): Items | Problem => {
  if (weightOf(body) > mostWeight) return { field: '', message: 'the body holds too many objects, lists and fields' };
  const values = parseAll(body);
  if (!Array.isArray(values)) return values as Problem;
  if (values.length === 0) return { field: '', message: 'the body holds no event' };
  if (values.length > mostItems)
    return { field: '', message: `the body holds ${values.length} events; at most ${mostItems} may come at once` };
  const good: { index: number; item: Item }[] = [];
  const bad: Refusal[] = [];
  for (const [index, parsed] of values.entries()) {
    const { value, error } = parsed as Parsed;
    if (error !== undefined) bad.push({ index, field: '', message: error });
    else if (typeof value !== 'object' || value === null || Array.isArray(value))
      bad.push({ index, field: '', message: 'an event must be a JSON object' });
    else {
      const cleaned = clean(value);
      if (cleaned.ok) good.push({ index, item: cleaned.value as Item });
      else bad.push({ index, ...cleaned.problem });
    }
  }
  return { good, bad };
};

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

interface Parsed {
  readonly value?: unknown;
  readonly error?: string;
}

const parseAll = (body: string): readonly Parsed[] | Problem => {
  const whole = parse(body);
  if (whole.error === undefined) {
    return Array.isArray(whole.value) ? whole.value.map((value: unknown) => ({ value })) : [whole];
  }
  const lines = body.split('\n', mostItems + 1).filter((line) => line.trim() !== '');
  // One broken document over many lines is not many events: its first line is no whole one.
  const isLines = lines.length > 1 && lines.some((line) => parse(line).error === undefined && line.startsWith('{'));
  return isLines ? lines.map(parse) : { field: '', message: whole.error };
};

const parse = (text: string): Parsed => {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { error: `is not JSON: ${describe(error)}` };
  }
};

/** V8 quotes what it found, which came from a stranger. */
const describe = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(/^(.{120}).*$/s, '$1…')
    .replace(/[^\x20-\x7e…]/g, '?');
