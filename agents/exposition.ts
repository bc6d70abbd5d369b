// The Prometheus text format as agents really write it: headers repeated for each sample, label values with quotes, backslashes,
// braces and newlines that nobody escaped, exemplars, timestamps, CRLF. Reads what can be read, counts what cannot, never throws.
import type { Labels } from '../domain/types.ts';

export interface Sample {
  readonly labels: Labels;
  /** NaN where the line has none: an info metric says all in its labels. */
  readonly value: number;
}

export interface Exposition {
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  /** Lines that are neither a sample nor a comment nor empty. */
  readonly unreadable: number;
  /** Whether there was more than the bounds allow. */
  readonly truncated: boolean;
}

/** A big agent with per-CPU counters on 256 cores writes under 10,000 samples. */
const maximumSamples = 50_000;
/** Above what the operator takes of one answer, so this holds only where somebody else calls. */
const maximumLength = 16 * 1024 * 1024;
/** Longer lines are no samples: the names and values of an agent's labels are far below this, even in a custom metric. */
const maximumLine = 16 * 1024;
/** Labels of one sample; a Falco rule has one for each of its tags. */
const maximumLabels = 128;
/** A value and a timestamp. A look further, from each quote of a hostile line, would cost the square of its length. */
const maximumNumbers = 80;
/** Of more unreadable lines than this nobody meant an exposition, and each costs several attempts. */
const maximumUnreadable = 1000;
/** How many more lines a label value with bare newlines may take. */
const maximumContinuation = 8;

/** `wanted`: names of metrics; others are passed over unread, which is much cheaper. All where left out. */
export const parseExposition = (text: string, wanted?: ReadonlySet<string>): Exposition => {
  const samples = new Map<string, Sample[]>();
  let [count, unreadable] = [0, 0];
  let truncated = text.length > maximumLength;
  const lines = createLines(truncated ? text.slice(0, maximumLength) : text);
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    if (isEnd(line)) break;
    if (isBlank(line)) continue;
    if (count === maximumSamples || unreadable > maximumUnreadable) {
      truncated = true;
      break;
    }
    const name = nameOf(line);
    if (name !== undefined && wanted !== undefined && !wanted.has(name)) continue;
    const sample = name === undefined ? undefined : readFrom(line, name.length, lines);
    if (name === undefined || sample === undefined) {
      unreadable++;
      continue;
    }
    count++;
    const others = samples.get(name);
    if (others === undefined) samples.set(name, [sample]);
    else others.push(sample);
  }
  return { samples, unreadable, truncated };
};

export const samplesOf = ({ samples }: Exposition, name: string): readonly Sample[] => samples.get(name) ?? [];

/** The sum over a metric's samples, of those with these labels where some are given; undefined where there is none with a number. */
export const totalOf = (exposition: Exposition, name: string, labels: Labels = {}): number | undefined => {
  const wanted = Object.entries(labels);
  const values = samplesOf(exposition, name)
    .filter((sample) => wanted.every(([key, value]) => sample.labels[key] === value))
    .map(({ value }) => value)
    .filter(Number.isFinite);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
};

interface Lines {
  /** Without its line break; undefined at the end. */
  readonly next: () => string | undefined;
  /** The one that `next` would give when it has been called `ahead` times more. */
  readonly peek: (ahead: number) => string | undefined;
}

const createLines = (text: string): Lines => {
  let position = 0;
  const lineAt = (start: number): { readonly line: string; readonly after: number } | undefined => {
    if (start >= text.length) return undefined;
    const end = text.indexOf('\n', start);
    const stop = end === -1 ? text.length : end;
    const line = text.slice(start, text[stop - 1] === '\r' && stop > start ? stop - 1 : stop);
    return { line, after: stop + 1 };
  };
  return {
    next: () => {
      const found = lineAt(position);
      if (found !== undefined) position = found.after;
      return found?.line;
    },
    peek: (ahead) => {
      let found = lineAt(position);
      for (let index = 0; index < ahead && found !== undefined; index++) found = lineAt(found.after);
      return found?.line;
    },
  };
};

const isEnd = (line: string): boolean => line.startsWith('# EOF');

const isBlank = (line: string): boolean => line.startsWith('#') || line.trim() === '';

const isHeader = (line: string): boolean => /^# (?:HELP|TYPE|UNIT|EOF)\b/.test(line);

const nameOf = (line: string): string | undefined => {
  if (line.length > maximumLine) return undefined;
  return /^[A-Za-z_:][\w:]*(?=[{ \t]|$)/.exec(line)?.[0];
};

const readFrom = (line: string, start: number, lines: Lines): Sample | undefined =>
  sampleOf(line, start) ?? sampleOverLines(line, start, lines);

/** As the format demands, and where that fails as it is written without escapes. */
const sampleOf = (line: string, start: number): Sample | undefined =>
  readSample(line, start, escapedValue) ?? readSample(line, start, bareValue);

/** A value with bare newlines goes on in the lines that follow, as long as these are no samples of their own. */
const sampleOverLines = (first: string, start: number, lines: Lines): Sample | undefined => {
  let joined = first;
  for (let more = 0; more < maximumContinuation; more++) {
    const line = lines.peek(more);
    if (line === undefined || isHeader(line) || joined.length + line.length > maximumLine) return undefined;
    const name = nameOf(line);
    if (name !== undefined && readSample(line, name.length, escapedValue) !== undefined) return undefined;
    joined = `${joined}\n${line}`;
    const sample = readSample(joined, start, bareValue);
    if (sample === undefined) continue;
    for (let taken = 0; taken <= more; taken++) lines.next();
    return sample;
  }
  return undefined;
};

/** A label's value that starts here, and where the text goes on after its closing quote. */
type ReadValue = (line: string, start: number) => { readonly value: string; readonly after: number } | undefined;

const readSample = (line: string, afterName: number, readValue: ReadValue): Sample | undefined => {
  const labels: Record<string, string> = {};
  let position = skipSpace(line, afterName);
  if (line[position] !== '{') return withValue(labels, line, position);
  position = skipSpace(line, position + 1);
  for (let count = 0; line[position] !== '}'; count++) {
    const key = labelAt(line, position);
    if (key === undefined || count === maximumLabels) return undefined;
    const read = readValue(line, key.after);
    if (read === undefined) return undefined;
    // Defined, not assigned: a label may be called __proto__.
    Object.defineProperty(labels, key.name, { value: read.value, enumerable: true, configurable: true });
    position = skipSpace(line, read.after);
    if (line[position] === ',') position = skipSpace(line, position + 1);
    else if (line[position] !== '}') return undefined;
  }
  return withValue(labels, line, skipSpace(line, position + 1));
};

/** `1`, `1 1395066363000`, `1 # {trace_id="a"} 0.5`, and nothing at all. */
const withValue = (labels: Labels, line: string, start: number): Sample | undefined => {
  const [value = '', next] = line.slice(start, start + maximumNumbers).split(/[ \t]+/, 2);
  if (value === '' || value === '#') return { labels, value: Number.NaN };
  const number = numberOf(value);
  if (number === undefined) return undefined;
  return next === undefined || next === '' || next.startsWith('#') || numberOf(next) !== undefined
    ? { labels, value: number }
    : undefined;
};

const numberOf = (text: string): number | undefined => {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text);
  return infinite === null ? undefined : infinite[1] === '-' ? -Infinity : Infinity;
};

const escapedValue: ReadValue = (line, start) => {
  let value = '';
  for (let position = start; position < line.length; position++) {
    const character = line[position];
    if (character === '"') return { value, after: position + 1 };
    if (character !== '\\') {
      value += character;
      continue;
    }
    position++;
    const escaped = line[position];
    if (escaped === undefined) return undefined;
    value += escaped === 'n' ? '\n' : escaped === '"' || escaped === '\\' ? escaped : `\\${escaped}`;
  }
  return undefined;
};

/** Up to the first quote after which another label, or the end of the labels and a value, follows. */
const bareValue: ReadValue = (line, start) => {
  for (let quote = line.indexOf('"', start); quote !== -1; quote = line.indexOf('"', quote + 1)) {
    const next = skipSpace(line, quote + 1);
    const isLast = line[next] === '}' || (line[next] === ',' && line[skipSpace(line, next + 1)] === '}');
    const goesOn = isLast
      ? withValue({}, line, skipSpace(line, line.indexOf('}', next) + 1)) !== undefined
      : line[next] === ',' && labelAt(line, skipSpace(line, next + 1)) !== undefined;
    if (goesOn) return { value: line.slice(start, quote), after: quote + 1 };
  }
  return undefined;
};

/** `name="`, and where the value starts. */
const labelAt = (line: string, start: number): { readonly name: string; readonly after: number } | undefined => {
  const name = /[A-Za-z_][\w.]*/y;
  name.lastIndex = start;
  const found = name.exec(line)?.[0];
  if (found === undefined) return undefined;
  const equals = skipSpace(line, start + found.length);
  const quote = skipSpace(line, equals + 1);
  return line[equals] === '=' && line[quote] === '"' ? { name: found, after: quote + 1 } : undefined;
};

const skipSpace = (line: string, start: number): number => {
  let position = start;
  while (line[position] === ' ' || line[position] === '\t') position++;
  return position;
};
