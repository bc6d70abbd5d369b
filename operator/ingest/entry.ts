// What of a request lies in the journal: a line that says who sent it when, then its body as it came where all of it was taken, or a line
// for each event.
import { object, text } from '../../facts/read.ts';
import { readItems, type Item } from './items.ts';
import { sources, type Source } from './source.ts';

export interface Entry {
  readonly source: Source;
  readonly sender: string;
  /** The node that its sender is limited to. */
  readonly node: string | undefined;
  /** When it came, epoch milliseconds. */
  readonly at: number;
  /** Where it lay first, if another replica handed it over. */
  readonly origin?: Origin;
  /** Where it lay before it came here: where it lay first, or with a replica between that has led in the meantime. */
  readonly via?: Origin;
  readonly items: readonly Item[];
  /** Holds no items, and says that some were turned away: of the node, or where there is none, of anybody. */
  readonly shed?: true;
}

export interface Origin {
  readonly journal: string;
  readonly position: number;
}

/** `body`: as it came, where `readItems` makes of it all the items and nothing else. */
export const encodeEntry = (
  { source, sender, node, at, items, shed }: Omit<Entry, 'origin' | 'via'>,
  body?: Buffer,
): Buffer => {
  if (body !== undefined) {
    const head = JSON.stringify({ source, sender, node, at, asItCame: true });
    return Buffer.concat([Buffer.from(`${head}\n`, 'utf8'), body]);
  }
  let text = JSON.stringify({ source, sender, node, at, shed });
  for (const item of items) text += `\n${JSON.stringify(item)}`;
  return Buffer.from(text, 'utf8');
};

/** Undefined for what another version has written in another way. */
export const decodeEntry = (payload: Buffer): Entry | undefined => {
  try {
    const line = payload.indexOf(lineFeed);
    const end = line < 0 ? payload.length : line;
    const { source, sender, node, at, origin, via, shed, asItCame } = object(
      JSON.parse(payload.toString('utf8', 0, end)),
    );
    const known = sources.find((each) => each === source);
    if (known === undefined || typeof at !== 'number' || typeof sender !== 'string') return undefined;
    return {
      source: known,
      sender,
      node: typeof node === 'string' ? node : undefined,
      at,
      ...(origin === undefined ? {} : { origin: readOrigin(origin), via: readOrigin(via ?? origin) }),
      items: line < 0 ? [] : itemsIn(payload.toString('utf8', line + 1), asItCame === true),
      ...(shed === true ? { shed } : {}),
    };
  } catch {
    return undefined;
  }
};

const lineFeed = 10;

const itemsIn = (text: string, isBody: boolean): readonly Item[] => {
  if (!isBody) return text.split('\n').map((line) => JSON.parse(line) as Item);
  const items = readItems(text);
  if ('message' in items) throw new Error(items.message);
  return items.good.map(({ item }) => item);
};

/** The same entry with the place that it comes from; the first that it had stays. Undefined for what is no entry. */
export const withOrigin = (payload: Buffer, via: Origin): Buffer | undefined => {
  const line = payload.indexOf(lineFeed);
  const end = line < 0 ? payload.length : line;
  try {
    const head = object(JSON.parse(payload.toString('utf8', 0, end)));
    const stamped = JSON.stringify({ ...head, origin: head.origin ?? via, via });
    return Buffer.concat([Buffer.from(stamped), payload.subarray(end)]);
  } catch {
    return undefined;
  }
};

const readOrigin = (value: unknown): Origin => {
  const { journal, position } = object(value);
  return { journal: text(journal), position: typeof position === 'number' ? position : 0 };
};
