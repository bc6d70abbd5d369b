// Notes of a finding's case: whoever adds one signs it, and none is ever changed or lost. What a request may leave out, it may not invent.
import { list, object, text, textOrNone } from '../../facts/read.ts';

export interface Note {
  readonly text: string;
  readonly author: string;
  readonly time: string;
}

export type Stamped =
  /** `notes`: as they are to be stored. */
  | { readonly ok: true; readonly notes: readonly unknown[] }
  | { readonly ok: false; readonly index: number; readonly message: string };

/** The old notes as they were, and after them those that the request adds. */
export const stampNotes = (before: unknown, after: unknown, author: string, now: number): Stamped => {
  const [old, asked] = [list(before), list(after)];
  const known = recogniseAll(asked, old);
  const added: Note[] = [];
  for (const [index, note] of asked.entries()) {
    if (known.has(index)) continue;
    const problem = problemOf(note, author);
    if (problem !== undefined) return { ok: false, index, message: problem };
    added.push({ text: text(object(note)['text']), author, time: new Date(Math.max(now, endOf(old))).toISOString() });
  }
  return { ok: true, notes: [...old, ...added] };
};

/** Which of the notes that are asked for are old ones: first those that are the same to the letter, then those that leave something out. */
const recogniseAll = (asked: readonly unknown[], old: readonly unknown[]): ReadonlySet<number> => {
  const free = new Set(old.keys());
  const known = new Set<number>();
  for (const isIt of [isSame, isSameAsFarAsSaid]) {
    for (const [index, note] of asked.entries()) {
      if (known.has(index)) continue;
      const match = [...free].find((candidate) => isIt(note, old[candidate]));
      if (match === undefined) continue;
      free.delete(match);
      known.add(index);
    }
  }
  return known;
};

const fields = ['text', 'author', 'time'] as const;

const isSame = (note: unknown, old: unknown): boolean =>
  fields.every((field) => object(note)[field] === object(old)[field]);

/** What lies in Git has no author and no time: applied again, it is the note that it was the first time. */
const isSameAsFarAsSaid = (note: unknown, old: unknown): boolean =>
  object(note)['text'] === object(old)['text'] &&
  fields.every((field) => textOrNone(object(note)[field]) === undefined || object(note)[field] === object(old)[field]);

const problemOf = (note: unknown, user: string): string | undefined => {
  const { author, time } = object(note);
  if (textOrNone(author) !== undefined && author !== user)
    return `a note of ${text(author)} cannot be added or changed by ${user}: notes are only ever added, each signed by who adds it; leave author and time out`;
  return textOrNone(time) === undefined
    ? undefined
    : 'notes are only ever added, none is changed, and their time is stamped: add a new one, without author and time';
};

/** Clocks of two replicas differ: a later note is never stamped earlier. */
const endOf = (notes: readonly unknown[]): number =>
  notes.reduce<number>((latest, note) => Math.max(latest, Date.parse(text(object(note)['time'])) || 0), 0);
