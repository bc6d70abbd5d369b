// A standby's end of a hand-over: whatever it has acknowledged goes to the leader in order, and leaves its own journal only once the leader
// has made of it what there is to make: should the leader be lost before, this replica works it in itself. While there is no leader, or
// none that answers, it waits here. In return the leader tells which ids are counted, should this replica lead next.
import { Agent, request as httpsRequest } from 'node:https';
import { checkServerIdentity } from 'node:tls';
import { Backoff } from '../../kube/backoff.ts';
import { sleep, type Clock, type Random } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import type { Journal } from '../journal/journal.ts';
import { partsOf, positionAfter, recordBytes, type JournalRecord } from '../journal/record.ts';
import { hashesIn, type KeptIds } from './kept-ids.ts';
import { idsHeader, includedHeader, journalHeader, receiverPath } from './receiver.ts';

export interface HandOverOptions {
  readonly journal: Journal;
  readonly ids: Pick<KeptIds, 'keep'>;
  /** Where the leader takes events in; undefined while nobody else leads. */
  readonly leader: () => { readonly host: string; readonly port: number } | undefined;
  /** What this replica shows, and whom it believes. */
  readonly identity: () => ReplicaIdentity | undefined;
  /** The name that the leader's certificate carries. */
  readonly host: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface ReplicaIdentity {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** What comes within this time goes together. */
const gatherMs = 20;
const batchBytes = 1024 * 1024;
const deadlineMs = 10_000;
/** More than a leader tells at once. */
const mostAnswered = 4 * 1024 * 1024;
/** How soon the leader is asked again how far it is. */
const askEveryMs = 2000;
const backoffOptions = { firstMs: 200, capMs: 5000, resetAfterMs: 60_000 };

/** Ends when the signal aborts. */
export const handOver = async (options: HandOverOptions, signal: AbortSignal): Promise<void> => {
  const { journal, clock, random, log } = options;
  const backoff = new Backoff(backoffOptions, clock, random);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const records = journal.follow(journal.released.position + 1, signal);
  let next = records.next();
  let delivered = journal.released.position;

  let mark = '';
  const ask = async (batch: readonly JournalRecord[]): Promise<string | { readonly included: number }> => {
    const answer = await deliver(options, agent, batch, mark, signal);
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
    agent.destroy();
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

interface Answer {
  readonly included: number;
  readonly ids: Buffer;
  readonly mark: string;
}

/** How far the leader is with this journal, or what went wrong. */
const deliver = (
  { journal, leader, identity, host }: HandOverOptions,
  agent: Agent,
  batch: readonly JournalRecord[],
  mark: string,
  signal: AbortSignal,
): Promise<string | Answer> =>
  new Promise((resolve) => {
    const [to, shown] = [leader(), identity()];
    if (to === undefined) return resolve('nobody leads');
    if (shown === undefined) return resolve('there is no certificate to show yet');
    const body = Buffer.concat(batch.flatMap(partsOf));
    const request = httpsRequest(
      {
        ...to,
        ...shown,
        path: receiverPath,
        method: 'POST',
        agent,
        servername: host,
        checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
        signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
        headers: { [journalHeader]: journal.id, [idsHeader]: mark, 'content-length': body.length },
      },
      (response) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        response.on('data', (part: Buffer) => {
          bytes += part.length;
          if (bytes <= mostAnswered) parts.push(part);
        });
        response.once('end', () => {
          const said = Buffer.concat(parts);
          resolve(
            response.statusCode === 200
              ? {
                  included: Number(response.headers[includedHeader] ?? 0) || 0,
                  ids: said,
                  mark: String(response.headers[idsHeader] ?? ''),
                }
              : `${to.host} answers ${response.statusCode}: ${said.toString('utf8', 0, 200).trim()}`,
          );
        });
        response.once('error', (error) => resolve(error.message));
      },
    );
    request.once('error', (error) => resolve(`${to.host}:${to.port}: ${error.message}`));
    request.end(body);
  });
