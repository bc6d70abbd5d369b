// Findings as the watch brings them: what is new of each goes into the book, and what is left of one to the tombstones.
import type { Clock } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import type { RawObject } from '../watches.ts';
import type { Authorship } from './authorship.ts';
import type { FindingBook } from './book/book.ts';
import type { BuryDoomed } from './bury-doomed.ts';
import { readFinding } from './read.ts';
import type { Tombstones } from './tombstones.ts';

export interface SeeObjects {
  /** `before`: as it stood until now. */
  readonly see: (object: RawObject, before?: RawObject) => void;
  readonly deleted: (object: RawObject) => void;
}

export interface SeeObjectsOptions {
  readonly book: Pick<FindingBook, 'get' | 'seen' | 'overwritten'>;
  readonly authorship: Pick<Authorship, 'saw' | 'forget'>;
  readonly tombstones: Pick<Tombstones, 'seen'>;
  readonly buryDoomed: BuryDoomed;
  /** Of the operator. */
  readonly namespace: string;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Log;
}

/** Another watch may tell a moment later that the namespace goes. */
const momentMs = 1000;

export const createSeeObjects = (options: SeeObjectsOptions): SeeObjects => {
  const { book, authorship, tombstones, buryDoomed, clock, log } = options;
  return {
    see: (object, before) => {
      const { namespace = '', name } = object.metadata;
      const key = `${namespace}/${name}`;
      const { tombstone } = (object as { readonly status?: { readonly tombstone?: unknown } }).status ?? {};
      const isKnown = tombstone === undefined && book.get(key) !== undefined;
      const isOverwritten = authorship.saw(key, object, before, isKnown);
      // Of one that is known only what people have decided is new: its status is our own word, which is large, and comes back at each write.
      // Where it is somebody else's, ours is written again: what that one counted is in a journal yet, and comes to us.
      const parsed = readFinding(isKnown ? withoutStatus(object) : object);
      // What is left of a finding is none: it must not be looked at, or it would be cleared as one.
      if (parsed.ok && parsed.value.status?.tombstone !== undefined) tombstones.seen(name, parsed.value);
      else if (parsed.ok) book.seen(key, parsed.value);
      else log.warn({ finding: key, error: parsed.error }, 'a Finding cannot be read, and is left as it is');
      if (!isOverwritten) return;
      log.warn({ finding: key }, 'somebody else has written the status of a finding; putting it right');
      book.overwritten(key);
    },
    deleted: (object) => {
      const { namespace = '', name } = object.metadata;
      const key = `${namespace}/${name}`;
      if (namespace === options.namespace) tombstones.seen(name, undefined);
      const finding = book.get(key);
      buryDoomed(finding, object);
      clock.after(momentMs, () => buryDoomed(finding, object));
      authorship.forget(key);
      book.seen(key, undefined);
    },
  };
};

const withoutStatus = (object: RawObject): RawObject => {
  const bare: RawObject & { readonly status?: undefined } = { ...object, status: undefined };
  return bare;
};
