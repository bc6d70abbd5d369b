// The leader's end of a hand-over: what another replica has acknowledged comes here in the order in which it came there, and is answered
// once it lies in this journal, with how far what came before is written, and with ids that this replica keeps.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { largestPayload } from '../journal/record.ts';
import type { Log } from '../../kube/log.ts';
import { createBodyReader } from './body.ts';
import { bytesOfHashes, type KeptIds } from './kept-ids.ts';
import type { TakeOver } from './take-over.ts';

export const receiverPath = '/journal/v1';
/** Whose records these are: the id of their journal. */
export const journalHeader = 'x-workload-protection-journal';

/** To whom they are handed: the holder of the Lease as the other replica knows it. Whoever else answers at that address lacks what came before. */
export const leaderHeader = 'x-workload-protection-leader';

/** Up to where what came from that journal is worked in and written: it need not be kept there any longer. */
export const includedHeader = 'x-workload-protection-included';

/** The mark up to which the replica has been told what ids are kept; in an answer, that up to which its body tells. */
export const idsHeader = 'x-workload-protection-ids';

export interface ReceiverOptions {
  readonly takeOver: Pick<TakeOver, 'take' | 'includedOf' | 'closed'>;
  readonly ids: Pick<KeptIds, 'since'>;
  /** Under which name this replica holds the Lease; undefined where it does not. */
  readonly leads: () => string | undefined;
  /** The name that a replica's certificate carries. */
  readonly host: string;
  readonly log: Log;
}

export interface Receiver {
  receive(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** One record that is as large as it may be, or many that are not. */
const mostBytes = largestPayload;

export const createReceiver = ({ takeOver, ids, leads, host, log }: ReceiverOptions): Receiver => {
  const bodies = createBodyReader();

  const answer = async (request: IncomingMessage): Promise<readonly [number, string]> => {
    if (request.method !== 'POST') return [405, 'records are handed over by POST'];
    if (!isReplica(request.socket as TLSSocket, host)) return [403, 'only replicas hand over'];
    const why = takeOver.closed();
    if (why !== undefined) return [503, why];
    const to = request.headers[leaderHeader];
    if (to === undefined || to !== leads())
      return [409, 'this is meant for another leader than the one that answers here'];
    const id = request.headers[journalHeader];
    if (typeof id !== 'string' || !/^[-\w]{1,64}$/.test(id)) return [400, `the header ${journalHeader} is missing`];
    const body = await bodies.readBytes(request, mostBytes);
    if (body.kind !== 'bytes') return [body.kind === 'tooLarge' ? 413 : 503, body.kind];
    return takeOver.take(id, body.bytes);
  };

  return {
    async receive(request, response) {
      let [status, words]: readonly [number, string] = [503, ''];
      try {
        [status, words] = await answer(request);
      } catch (error) {
        words = error instanceof Error ? error.message : String(error);
      }
      if (status !== 200) log.warn({ status, words }, 'what a replica hands over is not taken');
      if (response.destroyed) return;
      const told = status === 200 ? ids.since(String(request.headers[idsHeader])) : undefined;
      response.writeHead(status, {
        'content-type': told === undefined ? 'text/plain' : 'application/octet-stream',
        [includedHeader]: takeOver.includedOf(String(request.headers[journalHeader])),
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
