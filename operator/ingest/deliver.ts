// How records come from a standby to the leader: over HTTPS, with the certificates of both checked.
import { Agent, request as httpsRequest } from 'node:https';
import { checkServerIdentity } from 'node:tls';
import { idsHeader, includedHeader, journalHeader, leaderHeader, receiverPath } from './receiver.ts';

/** The way to whoever leads at the time. */
export interface Connection {
  /** How far the leader is, or what went wrong. */
  readonly deliver: (delivery: Delivery, signal: AbortSignal) => Promise<string | Delivered>;
  readonly close: () => void;
}

export interface Delivery {
  /** The id of the journal that the records are of. */
  readonly journal: string;
  /** Whole records, one behind the other; none where the leader is only asked. */
  readonly body: Buffer;
  /** Up to which ids this replica has been told. */
  readonly mark: string;
}

export interface Delivered {
  /** Up to where what came from that journal is worked in and written. */
  readonly included: number;
  /** Of ids that the leader keeps, as bytes. */
  readonly ids: Buffer;
  readonly mark: string;
}

export interface ConnectOptions {
  /** Where the leader takes events in; undefined while nobody else leads. */
  readonly leader: () => LeaderAddress | undefined;
  /** What this replica shows, and whom it believes. */
  readonly identity: () => ReplicaIdentity | undefined;
  /** The name that the leader's certificate carries. */
  readonly host: string;
}

export interface LeaderAddress {
  /** As the Lease names it: another process at the same address has another. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface ReplicaIdentity {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

const deadlineMs = 10_000;
/** More than a leader tells at once. */
const mostAnswered = 4 * 1024 * 1024;

export const connectToLeader = ({ leader, identity, host }: ConnectOptions): Connection => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    deliver: ({ journal, body, mark }, signal) =>
      new Promise((resolve) => {
        const [to, shown] = [leader(), identity()];
        if (to === undefined) return resolve('nobody leads');
        if (shown === undefined) return resolve('there is no certificate to show yet');
        const request = httpsRequest(
          {
            host: to.host,
            port: to.port,
            ...shown,
            path: receiverPath,
            method: 'POST',
            agent,
            servername: host,
            checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
            signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
            headers: {
              [leaderHeader]: to.name,
              [journalHeader]: journal,
              [idsHeader]: mark,
              'content-length': body.length,
            },
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
      }),
    close: () => agent.destroy(),
  };
};
