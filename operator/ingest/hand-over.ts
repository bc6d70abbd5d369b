// A standby's end of a hand-over: whatever it has acknowledged goes to the leader in order, and leaves its own journal only once the leader
// has made of it what there is to make: should the leader be lost before, this replica works it in itself. While there is no leader, or
// none that answers, it waits here. In return the leader tells which ids are counted, should this replica lead next.
import { Backoff } from '../../kube/backoff.ts';
import { sleep, type Clock, type Random } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import type { Journal } from '../journal/journal.ts';
import { partsOf, positionAfter, recordBytes, type JournalRecord } from '../journal/record.ts';
import type { Connection, LeaderAddress } from './deliver.ts';
import { hashesIn, type KeptIds } from './kept-ids.ts';

export interface HandOverOptions {
  readonly journal: Journal;
  readonly ids: Pick<KeptIds, 'keep'>;
  /** Where the leader takes events in; undefined while nobody else leads. */
  readonly leader: () => LeaderAddress | undefined;
  readonly connect: () => Connection;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What comes within this time goes together. */
const gatherMs = 20;
const batchBytes = 1024 * 1024;
/** How soon the leader is asked again how far it is. */
const askEveryMs = 2000;
const backoffOptions = { firstMs: 200, capMs: 5000, resetAfterMs: 60_000 };

/** Ends when the signal aborts. */
export const handOver = async (options: HandOverOptions, signal: AbortSignal): Promise<void> => {
  const { journal, clock, random, log } = options;
  const backoff = new Backoff(backoffOptions, clock, random);
  const connection = options.connect();
  const records = journal.follow(journal.released.position + 1, signal);
  let next = records.next();
  let delivered = journal.released.position;

  let mark = '';
  const ask = async (batch: readonly JournalRecord[]): Promise<string | { readonly included: number }> => {
    const body = Buffer.concat(batch.flatMap(partsOf));
    const answer = await connection.deliver({ journal: journal.id, body, mark }, signal);
    if (typeof answer === 'string') return answer;
    ({ mark } = answer);
    await options.ids.keep(hashesIn(answer.ids));
    return answer;
  };

  /** Until the leader has it, or the signal aborts; answers whether it does. */
  const insist = async (batch: readonly JournalRecord[]): Promise<boolean> => {
    for (;;) {
      if (signal.aborted) return false;
      const answer = await ask(batch);
      if (typeof answer !== 'string') {
        const last = batch.at(-1);
        if (last !== undefined) delivered = positionAfter(last) - 1;
        await release(journal, Math.min(answer.included, delivered));
        return true;
      }
      // Nothing waits here but to know more.
      if (batch.length === 0 && journal.released.position >= delivered) return !signal.aborted;
      const waitMs = backoff.next();
      log.info({ trouble: answer, waitMs: Math.round(waitMs) }, 'what was taken in cannot be handed to the leader yet');
      await sleep(clock, waitMs, signal);
    }
  };

  try {
    for (;;) {
      const isToAsk = journal.released.position < delivered || options.leader() !== undefined;
      const first = await untilNext(next, isToAsk, clock, signal);
      if (first === undefined) {
        if (!(await insist([]))) return;
        continue;
      }
      const batch = await gather(first, () => (next = records.next()), clock);
      if (batch.length === 0 || !(await insist(batch))) return;
    }
  } finally {
    connection.close();
    await next;
  }
};

/** Undefined where nothing came for a while and the leader is to be asked how far it is. */
const untilNext = async (
  next: Promise<IteratorResult<JournalRecord>>,
  isToAsk: boolean,
  clock: Clock,
  signal: AbortSignal,
): Promise<IteratorResult<JournalRecord> | undefined> => {
  if (!isToAsk) return next;
  const enough = new AbortController();
  try {
    return await Promise.race([
      next,
      sleep(clock, askEveryMs, AbortSignal.any([signal, enough.signal])).then(() => undefined),
    ]);
  } finally {
    enough.abort();
  }
};

const release = async (journal: Journal, position: number): Promise<void> => {
  if (position > journal.released.position) await journal.release(position, journal.released.state);
};

/** The first and those that are there soon after it; empty where there will be none. */
const gather = async (
  first: IteratorResult<JournalRecord>,
  proceed: () => Promise<IteratorResult<JournalRecord>>,
  clock: Clock,
): Promise<readonly JournalRecord[]> => {
  if (first.done === true) return [];
  const batch = [first.value];
  let bytes = recordBytes(first.value.payload);
  const enough = new AbortController();
  const waited = sleep(clock, gatherMs, enough.signal).then(() => undefined);
  let next = proceed();
  while (bytes < batchBytes) {
    const more = await Promise.race([next, waited]);
    if (more === undefined || more.done === true) break;
    batch.push(more.value);
    bytes += recordBytes(more.value.payload);
    next = proceed();
  }
  enough.abort();
  return batch;
};
