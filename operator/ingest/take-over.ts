// What the leader does with records of another replica: it journals them in the order in which they lie there, what comes twice only once,
// and knows up to where each journal is worked in and written.
import { decodeRecord, type JournalRecord } from '../journal/record.ts';
import type { Journal } from '../journal/journal.ts';
import type { Log } from '../../kube/log.ts';
import { placeLast } from '../place-last.ts';
import { withOrigin, type Origin } from './entry.ts';

export interface TakeOver {
  /** Answers with a status of HTTP and words, once this journal has what the body holds of that one. */
  take(journal: string, body: Buffer): Promise<readonly [number, string]>;
  /** This journal is about to be read from where it was released: only what is found there, or is included, has come from elsewhere. */
  begin(): void;
  /** An entry of this journal came from elsewhere. */
  note(origin: Origin): void;
  /** What came from that journal is worked in and written up to here. */
  include(origin: Origin): void;
  /** Journal → up to where that is. */
  included(): Readonly<Record<string, number>>;
  includedOf(journal: string): number;
  /** Why nothing is taken over now; undefined where this replica leads and knows what it has. */
  readonly closed: () => string | undefined;
}

export interface TakeOverOptions {
  readonly journal: Pick<Journal, 'appendAll'>;
  readonly closed: () => string | undefined;
  readonly log: Log;
}

/** Replicas that ever were; each has one. */
const mostJournals = 100;

export const createTakeOver = ({ journal, closed, log }: TakeOverOptions): TakeOver => {
  const last = new Map<string, number>();
  const included = new Map<string, number>();
  /** One after the other: a replica that asks again while its first attempt is under way must find what that has done. */
  let turn: Promise<unknown> = Promise.resolve();

  const raise = (positions: Map<string, number>, { journal: id, position }: Origin): void => {
    placeLast(positions, id, Math.max(positions.get(id) ?? 0, position), mostJournals);
  };
  const note = (origin: Origin): void => raise(last, origin);

  // What another leader has written while this one stood by is not known here, and comes again: nobody else would tell its replica so.
  // By the journal that it comes from directly: what came by way of a third one may have gaps. So nothing is ever taken for known that is
  // not, and an event can come twice only where an answer and the leader are lost together.
  const isKnown = (id: string, position: number): boolean => (last.get(id) ?? 0) >= position;

  const append = async (id: string, records: readonly JournalRecord[]): Promise<void> => {
    const fresh = records.flatMap(({ position, count, payload: unstamped }) => {
      if (isKnown(id, position)) return [];
      const origin = { journal: id, position };
      const payload = withOrigin(unstamped, origin);
      if (payload === undefined) log.warn({ origin }, 'a record of another replica cannot be read, and is left out');
      return payload === undefined ? [] : [{ origin, count, payload }];
    });
    const [first, ...others] = fresh;
    if (first === undefined) return;
    // All or none: had a later one been written without an earlier one, that would be taken for known.
    await journal.appendAll([first, ...others]);
    for (const { origin } of fresh) note(origin);
  };

  return {
    closed,
    begin() {
      last.clear();
      for (const [id, position] of included) last.set(id, position);
    },
    note,
    include: (origin) => raise(included, origin),
    included: () => Object.fromEntries(included),
    includedOf: (id) => included.get(id) ?? 0,
    take: async (id, body) => {
      const records = decodeAll(body);
      if (records === undefined) return [400, 'the body is not made of whole records'];
      const taken = turn.then(() => append(id, records));
      turn = taken.catch(() => {});
      try {
        await taken;
      } catch (error) {
        // The journal's own words; the replica tries again.
        return [503, error instanceof Error ? error.message : String(error)];
      }
      return [200, 'taken over'];
    },
  };
};

const decodeAll = (bytes: Buffer): readonly JournalRecord[] | undefined => {
  const records: JournalRecord[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const decoded = decodeRecord(bytes, offset);
    if (decoded.kind !== 'record') return undefined;
    records.push(decoded.record);
    offset += decoded.bytes;
  }
  return records;
};
