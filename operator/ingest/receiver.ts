// The leader's end of a hand-over: what another replica has acknowledged comes here in the order in which it came there, and is answered
// once it lies in this journal. What comes twice, because an answer was lost, is taken once.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { decodeRecord, largestPayload, type JournalRecord } from '../journal/record.ts';
import type { Journal } from '../journal/journal.ts';
import type { Log } from '../../kube/log.ts';
import { placeLast } from '../place-last.ts';
import { createBodyReader } from './body.ts';
import { withOrigin, type Origin } from './entry.ts';
import { bytesOfHashes, type KeptIds } from './kept-ids.ts';

export const receiverPath = '/journal/v1';
/** Whose records these are: the id of their journal. */
export const journalHeader = 'x-workload-protection-journal';

/** Up to where what came from that journal is worked in and written: it need not be kept there any longer. */
export const includedHeader = 'x-workload-protection-included';

/** The mark up to which the replica has been told what ids are kept; in an answer, that up to which its body tells. */
export const idsHeader = 'x-workload-protection-ids';

export interface ReceiverOptions {
  readonly journal: Pick<Journal, 'append'>;
  readonly ids: Pick<KeptIds, 'since'>;
  /** Why nothing is taken over now; undefined where this replica leads and knows what it has. */
  readonly closed: () => string | undefined;
  /** The name that a replica's certificate carries. */
  readonly host: string;
  readonly log: Log;
}

export interface Receiver {
  receive(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** An entry of this journal came from elsewhere. */
  note(origin: Origin): void;
  /** Journal → the last position that came from it. */
  known(): Readonly<Record<string, number>>;
  /** What came from that journal is worked in and written up to here. */
  include(origin: Origin): void;
  /** Journal → up to where that is. */
  included(): Readonly<Record<string, number>>;
}

/** One record that is as large as it may be, or many that are not. */
const mostBytes = largestPayload;
/** Replicas that ever were; each has one. */
const mostJournals = 100;

export const createReceiver = ({ journal, ids, closed, host, log }: ReceiverOptions): Receiver => {
  const last = new Map<string, number>();
  const included = new Map<string, number>();
  const bodies = createBodyReader();
  /** One after the other: a replica that asks again while its first attempt is under way must find what that has done. */
  let turn: Promise<unknown> = Promise.resolve();

  const raise = (positions: Map<string, number>, { journal: id, position }: Origin): void => {
    placeLast(positions, id, Math.max(positions.get(id) ?? 0, position), mostJournals);
  };
  const note = (origin: Origin): void => raise(last, origin);

  // By the journal that it comes from directly: what came by way of a third one may have gaps. So nothing is ever taken for known that is
  // not, and an event can come twice only where an answer and the leader are lost together.
  const isKnown = (id: string, position: number): boolean => (last.get(id) ?? 0) >= position;

  const take = async (id: string, records: readonly JournalRecord[]): Promise<void> => {
    const fresh = records.flatMap(({ position, count, payload }) => {
      if (isKnown(id, position)) return [];
      const origin = { journal: id, position };
      const stamped = withOrigin(payload, origin);
      if (stamped === undefined) log.warn({ origin }, 'a record of another replica cannot be read, and is left out');
      return stamped === undefined ? [] : [{ origin, count, stamped }];
    });
    // The journal writes in the order in which it is asked to.
    await Promise.all(fresh.map(({ stamped, count }) => journal.append(stamped, count)));
    for (const { origin } of fresh) note(origin);
  };

  const answer = async (request: IncomingMessage): Promise<readonly [number, string]> => {
    if (request.method !== 'POST') return [405, 'records are handed over by POST'];
    if (!isReplica(request.socket as TLSSocket, host)) return [403, 'only replicas hand over'];
    const why = closed();
    if (why !== undefined) return [503, why];
    const id = request.headers[journalHeader];
    if (typeof id !== 'string' || !/^[-\w]{1,64}$/.test(id)) return [400, `the header ${journalHeader} is missing`];
    const body = await bodies.readBytes(request, mostBytes);
    if (body.kind !== 'bytes') return [body.kind === 'tooLarge' ? 413 : 503, body.kind];
    const records = decodeAll(body.bytes);
    if (records === undefined) return [400, 'the body is not made of whole records'];
    const taken = turn.then(() => take(id, records));
    turn = taken.catch(() => {});
    await taken;
    return [200, 'taken over'];
  };

  return {
    note,
    known: () => Object.fromEntries(last),
    include: (origin) => raise(included, origin),
    included: () => Object.fromEntries(included),
    async receive(request, response) {
      let [status, words]: readonly [number, string] = [503, ''];
      try {
        [status, words] = await answer(request);
      } catch (error) {
        // The journal's own words; the replica tries again.
        words = error instanceof Error ? error.message : String(error);
      }
      if (status !== 200) log.warn({ status, words }, 'what a replica hands over is not taken');
      if (response.destroyed) return;
      const told = status === 200 ? ids.since(String(request.headers[idsHeader])) : undefined;
      response.writeHead(status, {
        'content-type': told === undefined ? 'text/plain' : 'application/octet-stream',
        [includedHeader]: included.get(String(request.headers[journalHeader])) ?? 0,
        ...(told === undefined ? {} : { [idsHeader]: told.mark }),
        ...(request.complete ? {} : { connection: 'close' }),
      });
      response.end(told === undefined ? `${words}\n` : Buffer.concat(told.hashes.map(bytesOfHashes)));
      if (!request.complete) request.resume();
    },
  };
};

/** Its certificate is of an authority that we trust and carries the name of our Service, as ours does. */
const isReplica = (socket: TLSSocket, host: string): boolean =>
  socket.authorized && socket.getPeerX509Certificate()?.checkHost(host) !== undefined;

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
