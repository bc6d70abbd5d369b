// Asks one agent's pod over HTTP, and believes nothing of it: whoever listens there may hang, pour, or answer in a language that is
// none. All that it can cost is its own turn.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Answer, Probe } from '../../agents/agent.ts';
import type { Clock } from '../../kube/clock.ts';
import { startDeadline } from '../../kube/deadline.ts';
import { Trouble, troubleOf } from './trouble.ts';

export interface Endpoint {
  /** An address, never a name: nothing is looked up. */
  readonly address: string;
  readonly port: number;
  /** Undefined for plain HTTP. */
  readonly tls: Trust | undefined;
  readonly token: string | undefined;
}

export interface Trust {
  readonly context: SecureContext;
  /** The name that the certificate must carry; undefined for the address itself. */
  readonly serverName: string | undefined;
  readonly insecure: boolean;
}

/** What makes the next TLS handshake with the same pod cheap; belongs to one pod and one Trust. */
export interface Resumption {
  session?: Buffer;
}

export interface Asked {
  readonly answers: ReadonlyMap<string, Answer>;
  /** Why asking ended before the last probe; undefined where all were answered, in whatever way. */
  readonly trouble: Trouble | undefined;
}

/** Bytes of answers that are held at this moment, by all that are being asked together. */
export interface Held {
  bytes: number;
}

export interface AskOptions {
  readonly clock: Clock;
  readonly held: Held;
  readonly userAgent: string;
}

export const limits = {
  /** For one complete answer. Agents render their metrics in milliseconds; seconds are for nodes under full load. */
  answerMs: 5000,
  /** Ten times the largest expositions that agents' default metrics come to; after expansion as well as before. */
  answerBytes: 4 * 1024 * 1024,
  /** Of all answers at once, so that a fleet that begins to pour does not fill the memory. */
  heldBytes: 48 * 1024 * 1024,
  /** An answer up to this size is taken even then: sixty-odd of them are no danger, and a small answer is what an honest agent gives. */
  smallBytes: 512 * 1024,
} as const;

/** Asks all probes in turn over one connection, which ends with the last: five thousand agents are not five thousand open sockets. */
export const ask = async (
  endpoint: Endpoint,
  probes: readonly Probe[],
  resumption: Resumption,
  options: AskOptions,
  signal: AbortSignal,
): Promise<Asked> => {
  const answers = new Map<string, Answer>();
  const pool = endpoint.tls === undefined ? new HttpAgent(onePerPod) : new HttpsAgent(onePerPod);
  try {
    for (const { name, path } of probes) {
      try {
        answers.set(name, await askOnce(endpoint, path, pool, resumption, options, signal));
      } catch (error) {
        const trouble = troubleOf(error, endpoint.port);
        answers.set(name, { failed: trouble.message });
        // Whoever does not answer this does not answer the next, and one deadline is enough to spend on it.
        if (trouble.endsConversation) return { answers: withUnasked(answers, probes, trouble), trouble };
      }
    }
    return { answers, trouble: undefined };
  } finally {
    pool.destroy();
  }
};

const onePerPod = { keepAlive: true, maxSockets: 1, maxFreeSockets: 1 } as const;

const withUnasked = (
  answers: ReadonlyMap<string, Answer>,
  probes: readonly Probe[],
  { message }: Trouble,
): ReadonlyMap<string, Answer> => new Map(probes.map(({ name }) => [name, answers.get(name) ?? { failed: message }]));

const askOnce = async (
  endpoint: Endpoint,
  path: string,
  pool: HttpAgent,
  resumption: Resumption,
  { clock, held, userAgent }: AskOptions,
  signal: AbortSignal,
): Promise<Answer> => {
  if (isIP(endpoint.address) === 0) throw new Trouble('unreachable', 'its pod has no address');
  const deadline = startDeadline(clock, limits.answerMs, signal);
  try {
    const response = await send(endpoint, path, pool, userAgent, resumption, deadline.signal);
    return await answerOf(response, held);
  } catch (error) {
    if (!deadline.expired) throw error;
    throw new Trouble('timeout', `it gave no complete answer within ${limits.answerMs / 1000} s`);
  } finally {
    deadline.done();
  }
};

const send = (
  { address, port, tls, token }: Endpoint,
  path: string,
  agent: HttpAgent,
  userAgent: string,
  resumption: Resumption,
  signal: AbortSignal,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const options: RequestOptions = {
      host: address,
      port,
      path,
      agent,
      signal,
      headers: {
        accept: 'text/plain;version=0.0.4, application/json;q=0.9, */*;q=0.1',
        'accept-encoding': 'gzip',
        'user-agent': userAgent,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    };
    const request =
      tls === undefined ? httpRequest(options) : httpsRequest({ ...options, ...connection(tls, resumption) });
    request.once('socket', (socket) => {
      if (tls === undefined || request.reusedSocket) return;
      (socket as TLSSocket).on('session', (session) => {
        resumption.session = session;
      });
    });
    request.once('response', resolve);
    // Stays until the end: a connection may break after the answer has begun, and then fails the reading of it, too.
    request.on('error', reject);
    request.end();
  });

const connection = ({ context, serverName, insecure }: Trust, { session }: Resumption): ConnectionOptions => ({
  secureContext: context,
  rejectUnauthorized: !insecure,
  ...(serverName === undefined ? {} : { servername: serverName }),
  ...(session === undefined ? {} : { session }),
});

const answerOf = async (response: IncomingMessage, held: Held): Promise<Answer> => {
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400) {
    response.destroy();
    throw new Trouble(
      'redirect',
      'it redirects, and no redirect is followed: set telemetry.scheme, port and path',
      false,
    );
  }
  const bytes = await bytesOf(response, held);
  return { status, body: (await decoded(bytes, response.headers['content-encoding'])).toString('utf8') };
};

const bytesOf = async (response: IncomingMessage, held: Held): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    if (Number(response.headers['content-length'] ?? 0) > limits.answerBytes) throw tooLarge();
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      held.bytes += chunk.length;
      if (size > limits.answerBytes) throw tooLarge();
      if (held.bytes > limits.heldBytes && size > limits.smallBytes) throw tooMuch();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  } finally {
    held.bytes -= size;
    // What is left of an answer that nobody reads on must not keep its connection.
    if (!response.complete) response.destroy();
  }
};

const expand = promisify(gunzip);

const decoded = async (bytes: Buffer, encoding = 'identity'): Promise<Buffer> => {
  if (encoding === 'identity') return bytes;
  if (encoding !== 'gzip') throw new Trouble('garbage', 'its answer is in an encoding that was not asked for');
  try {
    return await expand(bytes, { maxOutputLength: limits.answerBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new Trouble('garbage', 'its answer says that it is gzip, and is not');
  }
};

const tooLarge = (): Trouble =>
  new Trouble('oversize', `its answer is larger than ${limits.answerBytes / 1024 / 1024} MiB`);

const tooMuch = (): Trouble => new Trouble('oversize', 'its answer is large while those of too many others are, too');
