// What of a request lies in the journal: a line that says who sent it when, then a line for each event.
import { object, text } from '../../facts/read.ts';
import type { Item } from './items.ts';
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

export const encodeEntry = ({ source, sender, node, at, items, shed }: Omit<Entry, 'origin' | 'via'>): Buffer => {
  let text = JSON.stringify({ source, sender, node, at, shed });
  for (const item of items) text += `\n${JSON.stringify(item)}`;
  return Buffer.from(text, 'utf8');
};

/** Undefined for what another version has written in another way. */
export const decodeEntry = (payload: Buffer): Entry | undefined => {
  try {
    const [head = '', ...lines] = payload.toString('utf8').split('\n');
    const { source, sender, node, at, origin, via, shed } = object(JSON.parse(head));
    const known = sources.find((each) => each === source);
    if (known === undefined || typeof at !== 'number' || typeof sender !== 'string') return undefined;
    const items = lines.map((line) => JSON.parse(line) as Item);
    return {
      source: known,
      sender,
      node: typeof node === 'string' ? node : undefined,
      at,
      ...(origin === undefined ? {} : { origin: readOrigin(origin), via: readOrigin(via ?? origin) }),
      items,
      ...(shed === true ? { shed } : {}),
    };
  } catch {
    return undefined;
  }
};

/** The same entry with the place that it comes from; the first that it had stays. Undefined for what is no entry. */
export const withOrigin = (payload: Buffer, via: Origin): Buffer | undefined => {
  const line = payload.indexOf(10);
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
