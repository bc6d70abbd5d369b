// The end of a journal in memory: whoever follows it closely need not read from the disk what was written a moment ago. Kept only for as
// long as somebody follows who has not come past it, and up to a bound; whoever is further behind reads the disk.
import { positionAfter, recordBytes, type JournalRecord } from './record.ts';

export interface Tail {
  /** Of a record that the disk has. */
  add(record: JournalRecord): void;
  follow(from: number): Follower;
}

export interface Follower {
  /** Of the event that comes next. */
  readonly position: number;
  /** The record that comes next, if it is in memory. */
  next(): JournalRecord | undefined;
  /** Whether the record that comes next, if there is one, lies on the disk alone. */
  isBehind(): boolean;
  /** A record was read from the disk. */
  pass(record: JournalRecord): void;
  end(): void;
}

/** What is parsed takes several times as much; a leader that keeps up is behind by less. */
const mostBytes = 8 * 1024 * 1024;

/** `next`: the position that the next event gets. */
export const createTail = (next: number): Tail => {
  /** The oldest first. */
  let records: JournalRecord[] = [];
  /** How many of them are forgotten: they are cut off when they are most. */
  let gone = 0;
  let bytes = 0;
  /** Everything from here on is in memory. */
  let from = next;
  let end = next;
  const followers = new Set<{ position: number }>();

  const forget = (): void => {
    let slowest = followers.size === 0 ? end : Number.POSITIVE_INFINITY;
    for (const { position } of followers) slowest = Math.min(slowest, position);
    for (; gone < records.length; gone++) {
      const record = records[gone];
      if (record === undefined) break;
      const after = positionAfter(record);
      if (after > slowest && bytes <= mostBytes) break;
      bytes -= recordBytes(record.payload);
      from = after;
    }
    if (gone < records.length / 2) return;
    records = records.slice(gone);
    gone = 0;
    if (records.length === 0) from = end;
  };

  return {
    add(record) {
      records.push(record);
      bytes += recordBytes(record.payload);
      end = positionAfter(record);
      forget();
    },
    follow(start) {
      const follower = { position: start };
      followers.add(follower);
      return {
        get position() {
          return follower.position;
        },
        next() {
          if (follower.position < from) return undefined;
          forget();
          let index = gone;
          let record = records[index];
          // One that begins before and ends behind is given whole: of what was released, it may hold a part that was not.
          while (record !== undefined && positionAfter(record) <= follower.position) record = records[++index];
          if (record !== undefined) follower.position = positionAfter(record);
          return record;
        },
        isBehind: () => follower.position < from,
        pass(record) {
          follower.position = positionAfter(record);
        },
        end() {
          followers.delete(follower);
          forget();
        },
      };
    },
  };
};
