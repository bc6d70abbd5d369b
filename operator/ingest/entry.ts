// What of a request lies in the journal: a line that says who sent it when, then a line for each event.
import type { Item } from './items.ts';
import { sources, type Source } from './source.ts';

export interface Entry {
  readonly source: Source;
  readonly sender: string;
  /** The node that its sender is limited to. */
  readonly node: string | undefined;
  /** When it came, epoch milliseconds. */
  readonly at: number;
  readonly items: readonly Item[];
}

export const encodeEntry = ({ source, sender, node, at, items }: Entry): Buffer => {
  let text = JSON.stringify({ source, sender, node, at });
  for (const item of items) text += `\n${JSON.stringify(item)}`;
  return Buffer.from(text, 'utf8');
};

/** Undefined for what another version has written in another way. */
export const decodeEntry = (payload: Buffer): Entry | undefined => {
  try {
    const [head = '', ...lines] = payload.toString('utf8').split('\n');
    const { source, sender, node, at } = JSON.parse(head) as Readonly<Record<string, unknown>>;
    const known = sources.find((each) => each === source);
    if (known === undefined || typeof at !== 'number' || typeof sender !== 'string') return undefined;
    const items = lines.map((line) => JSON.parse(line) as Item);
    return { source: known, sender, node: typeof node === 'string' ? node : undefined, at, items };
  } catch {
    return undefined;
  }
};
