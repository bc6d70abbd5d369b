// Where events lie from their acknowledgement until somebody has made of them what there is to make. Appending waits for the disk, and
// many that wait share one write and one sync. A journal never overwrites: where its room is used up, it says so.
import { randomUUID } from 'node:crypto';
import type { Log } from '../../kube/log.ts';
import type { Disk, DiskFile } from './disk.ts';
import { partsOf, positionAfter, recordBytes, type JournalRecord } from './record.ts';
import { findSegments, readSegment, segmentName, type Segment } from './segments.ts';
import { createTail } from './tail.ts';

export interface Journal {
  /** Of this very journal: one that begins anew on an empty disk is another. */
  readonly id: string;
  /** Resolves with the position of the first event once the disk has all of them. Rejects with a JournalError where it has not. */
  /** `content`: what it was made of, which those that follow closely are given with it. */
  append(payload: Buffer, count: number, content?: unknown): Promise<number>;
  /** The same with several records, one behind the other: where one of them is refused, all are. */
  appendAll(drafts: readonly [Draft, ...Draft[]]): Promise<number>;
  /** Every record from the one that holds a position on, whole, and then those that come, until the signal aborts. */
  follow(from: number, signal: AbortSignal): AsyncGenerator<JournalRecord>;
  /** The consumer has made something of everything up to a position, and `state` is what it would begin with; its room is given back. */
  release(position: number, state: Buffer): Promise<void>;
  /** As it was last released. */
  readonly released: { readonly position: number; readonly state: Buffer };
  usage(): JournalUsage;
  /** Waits for what is being written. */
  close(): Promise<void>;
}

/** A record that has no position yet. */
export type Draft = Omit<JournalRecord, 'position'>;

export interface JournalUsage {
  readonly bytes: number;
  readonly limit: number;
  /** Events that are acknowledged and not yet released; gaps between them count, and none behind the last. */
  readonly waiting: number;
  /** Why nothing can be appended now, in words. */
  readonly trouble: string | undefined;
}

export class JournalError extends Error {
  /** Full: no room on the disk, or none within the limit. Busy: too much waits already. Failed: the disk says anything else. */
  readonly kind: 'full' | 'busy' | 'failed';

  constructor(kind: 'full' | 'busy' | 'failed', message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'JournalError';
    this.kind = kind;
  }
}

export interface JournalOptions {
  readonly disk: Disk;
  /** All segments together. */
  readonly maxBytes: number;
  readonly segmentBytes: number;
  readonly log: Log;
}

interface Waiting {
  readonly drafts: readonly [Draft, ...Draft[]];
  readonly bytes: number;
  readonly resolve: (position: number) => void;
  readonly reject: (error: JournalError) => void;
}

/** What may wait for the disk: some seconds of a burst. Past it senders are asked to come again. */
const mostWaitingBytes = 32 * 1024 * 1024;
/** In one write, so that the first of a burst does not wait for the last. */
const batchBytes = 4 * 1024 * 1024;
const releasedName = 'released';
const idName = 'id';

export async function openJournal({ disk, maxBytes, segmentBytes, log }: JournalOptions): Promise<Journal> {
  const id = await readId(disk);
  let released = readReleased(await disk.readWhole(releasedName));
  const segments: Segment[] = [];
  /** The position that the next event gets. */
  let next = released.position + 1;
  /** Of the last event that the disk has: what failed has taken positions behind it. */
  let last = released.position;
  for (const found of await findSegments(disk)) {
    next = Math.max(next, found.first);
    for await (const { record, offset } of readSegment(disk, found.name, 0, Number.POSITIVE_INFINITY)) {
      found.size = offset;
      last = Math.max(last, positionAfter(record) - 1);
    }
    next = Math.max(next, last + 1);
    await cutTail(disk, found, log);
    if (found.size > 0) segments.push(found);
  }
  let current: { readonly file: DiskFile; readonly segment: Segment } | undefined;
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  let writing: Promise<void> | undefined;
  let releasing: Promise<void> = Promise.resolve();
  let trouble: string | undefined;
  let isClosed = false;
  let grown = Promise.withResolvers<void>();
  const tail = createTail(next);

  const used = (): number => segments.reduce((sum, { size }) => sum + size, 0);

  /** The segment that has room for so much, begun anew where the last has not. */
  const segmentFor = async (first: number, bytes: number): Promise<NonNullable<typeof current>> => {
    if (current !== undefined && current.segment.size > 0 && current.segment.size + bytes > segmentBytes) {
      const { file } = current;
      current = undefined;
      await file.close();
    }
    if (current === undefined) {
      const segment = { name: segmentName(first), first, size: 0 };
      current = { file: await disk.create(segment.name), segment };
      segments.push(segment);
    }
    return current;
  };

  /** After an error nobody knows what the file holds behind its last sync: it gets no more, and positions are not used twice. */
  const abandon = async (): Promise<void> => {
    const failed = current;
    current = undefined;
    if (failed === undefined) return;
    const { file, segment } = failed;
    if (segment.size === 0) segments.splice(segments.indexOf(segment), 1);
    try {
      await file.close();
      if (segment.size === 0) await disk.remove(segment.name);
      else await disk.truncate(segment.name, segment.size);
    } catch (error) {
      log.warn(
        { error, segment: segment.name },
        'the rest of a failed write stays in the journal; it was not acknowledged',
      );
    }
  };

  const write = async (batch: readonly Waiting[]): Promise<void> => {
    const first = next;
    const records: JournalRecord[] = [];
    const positions = batch.map(({ drafts }) => {
      const position = next;
      for (const draft of drafts) {
        records.push({ ...draft, position: next });
        next += draft.count;
      }
      return position;
    });
    const bytes = Buffer.concat(records.flatMap(partsOf));
    try {
      if (used() + bytes.length > maxBytes) {
        throw new JournalError('full', `the journal holds ${used()} of ${maxBytes} bytes that nobody has read yet`);
      }
      const { file, segment } = await segmentFor(first, bytes.length);
      await file.append(bytes);
      await file.sync();
      segment.size += bytes.length;
    } catch (error) {
      const failure = asJournalError(error);
      trouble = failure.message;
      // Without a byte written the segment is as good as before.
      if (error !== failure) await abandon();
      for (const { reject } of batch) reject(failure);
      return;
    }
    trouble = undefined;
    last = first + records.reduce((sum, { count }) => sum + count, 0) - 1;
    for (const record of records) tail.add(record);
    for (const [index, { resolve }] of batch.entries()) resolve(positions[index] ?? first);
    grown.resolve();
    grown = Promise.withResolvers();
  };

  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      let bytes = 0;
      const ends = waiting.findIndex((each) => (bytes += each.bytes) > batchBytes);
      // One that is larger than a batch is one.
      const batch = waiting.slice(0, ends < 0 ? waiting.length : Math.max(1, ends));
      waiting = waiting.slice(batch.length);
      waitingBytes -= batch.reduce((sum, each) => sum + each.bytes, 0);
      await write(batch);
    }
    writing = undefined;
  };

  const forget = async (position: number): Promise<void> => {
    // A segment ends where the next begins; the last may still grow.
    while (segments.length > 1 && (segments[1]?.first ?? 0) <= position + 1) {
      const [oldest] = segments;
      if (oldest === undefined) return;
      await disk.remove(oldest.name);
      segments.shift();
    }
  };

  const appendAll: Journal['appendAll'] = (drafts) =>
    new Promise((resolve, reject) => {
      if (isClosed) return reject(new JournalError('busy', 'the journal is closed'));
      const bytes = drafts.reduce((sum, { payload }) => sum + recordBytes(payload), 0);
      // What is more than that by itself may wait alone, or it would never be taken.
      if (waitingBytes > 0 && waitingBytes + bytes > mostWaitingBytes)
        return reject(new JournalError('busy', `${waitingBytes} bytes wait for the disk already`));
      waiting.push({ drafts, bytes, resolve, reject });
      waitingBytes += bytes;
      // In the next turn, so that everything that comes in this one goes with it.
      writing ??= Promise.resolve().then(writeAll);
    });

  return {
    id,
    append: (payload, count, content) => appendAll([{ payload, count, content }]),
    appendAll,
    async *follow(from, signal) {
      const follower = tail.follow(from);
      let name = '';
      let offset = 0;
      try {
        while (!signal.aborted) {
          const more = grown.promise;
          for (let record = follower.next(); record !== undefined; record = follower.next()) {
            yield record;
            if (signal.aborted) return;
          }
          // What came before the oldest that is in memory.
          for (const segment of follower.isBehind() ? segments.slice() : []) {
            if (segment.first < follower.position && isBehind(segments, segment, follower.position)) continue;
            if (segment.name < name) continue;
            if (segment.name !== name) [name, offset] = [segment.name, 0];
            for await (const read of readSegment(disk, name, offset, segment.size)) {
              offset = read.offset;
              if (signal.aborted) return;
              if (positionAfter(read.record) <= follower.position) continue;
              follower.pass(read.record);
              yield read.record;
            }
          }
          if (more === grown.promise) await untilAborted(more, signal);
        }
      } finally {
        follower.end();
      }
    },
    release(position, state) {
      releasing = releasing.then(async () => {
        await disk.replace(releasedName, writeReleased(position, state));
        released = { position, state };
        await forget(position);
      });
      const done = releasing;
      // One failure does not stop those that come after it.
      releasing = done.catch(() => {});
      return done;
    },
    get released() {
      return released;
    },
    usage: () => ({ bytes: used(), limit: maxBytes, waiting: Math.max(0, last - released.position), trouble }),
    async close() {
      isClosed = true;
      await writing;
      await releasing;
      await current?.file.close();
      current = undefined;
    },
  };
}

/** Whether all that a segment holds lies before a position. */
const isBehind = (segments: readonly Segment[], segment: Segment, position: number): boolean => {
  const following = segments[segments.indexOf(segment) + 1];
  return following !== undefined && following.first <= position;
};

const cutTail = async (disk: Disk, { name, size }: Segment, log: Log): Promise<void> => {
  if (size === 0) return disk.remove(name);
  const rest = await disk.read(name, size, 1);
  if (rest.length === 0) return;
  log.warn(
    { segment: name, size },
    'a segment of the journal ends in a record that is not whole: what a crash tore is cut off',
  );
  await disk.truncate(name, size);
};

const asJournalError = (error: unknown): JournalError => {
  if (error instanceof JournalError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new JournalError('full', `no room on the journal's disk: ${message}`, error)
    : new JournalError('failed', `the journal's disk failed: ${message}`, error);
};

const readId = async (disk: Disk): Promise<string> => {
  const known = await disk.readWhole(idName);
  if (known !== undefined && known.length > 0) return known.toString();
  const id = randomUUID();
  await disk.replace(idName, Buffer.from(id));
  return id;
};

/** The position in eight bytes, then the state. */
const writeReleased = (position: number, state: Buffer): Buffer => {
  const head = Buffer.alloc(8);
  head.writeBigUInt64BE(BigInt(position));
  return Buffer.concat([head, state]);
};

const readReleased = (content: Buffer | undefined): { readonly position: number; readonly state: Buffer } =>
  content === undefined || content.length < 8
    ? { position: 0, state: Buffer.alloc(0) }
    : { position: Number(content.readBigUInt64BE(0)), state: content.subarray(8) };

const untilAborted = (promise: Promise<void>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = (): void => {
      signal.removeEventListener('abort', finish);
      resolve();
    };
    signal.addEventListener('abort', finish, { once: true });
    void promise.then(finish);
  });
