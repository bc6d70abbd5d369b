// The HTTPS server that events come to. A request is answered with 202 only once the journal holds what it brought; everything that
// could be too much has a bound, and past it the sender is told when to come again.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants } from 'node:crypto';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Address } from '../../process/flag-kinds.ts';
import { createIngestHandler, type IngestOptions } from './handler.ts';

export interface IngestServerOptions extends IngestOptions {
  readonly address: Address;
  readonly trust: ServerTrust;
}

export interface ServerTrust {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** PEM: whose certificates are taken from clients. Empty: nobody's. */
  readonly ca: string;
}

export interface IngestServer {
  /** Serves until the signal aborts, then answers what it is reading. */
  run(signal: AbortSignal): Promise<void>;
  /** The port, once it listens. Rejected where it never does. */
  readonly listening: Promise<number>;
  /** From the next handshake on. */
  use(trust: ServerTrust): void;
}

/** From the first byte to the last of the headers, and of all; agents are near and send at once. */
const headersMs = 10_000;
const requestMs = 20_000;
const handshakeMs = 10_000;
/** Agents that keep connections use them every few seconds; idle ones of thousands of nodes would cost 50 KB each. */
const keepAliveMs = 15_000;
/** At 50 KB each, 100 MB at worst. More are closed before a handshake. */
const mostConnections = 2000;
/** Of one address: whoever opens all that it can leaves as many to others. Many senders may stand behind one address, such as a gateway's. */
const mostOfOneAddress = mostConnections / 2;
const lastAnswersMs = 5000;

export function createIngestServer(options: IngestServerOptions): IngestServer {
  const { address, trust, clock, log, metrics } = options;
  const listening = Promise.withResolvers<number>();
  // Who does not wait for it must not be ended by its rejection.
  listening.promise.catch(() => {});
  let isStopping = false;
  const handle = createIngestHandler(options);
  const server = createServer(tlsOptions(trust), (request: IncomingMessage, response: ServerResponse) => {
    if (isStopping) response.setHeader('connection', 'close');
    void handle(request, response);
  });
  server.headersTimeout = headersMs;
  server.requestTimeout = requestMs;
  server.keepAliveTimeout = keepAliveMs;
  server.maxConnections = mostConnections;
  const byAddress = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const from = socket.remoteAddress ?? '';
    const count = (byAddress.get(from) ?? 0) + 1;
    byAddress.set(from, count);
    socket.once('close', () => {
      const left = (byAddress.get(from) ?? 1) - 1;
      if (left > 0) byAddress.set(from, left);
      else byAddress.delete(from);
    });
    if (count <= mostOfOneAddress) return;
    metrics.refused('none', 'connections');
    socket.destroy();
  });
  server.on('drop', () => metrics.refused('none', 'connections'));
  server.on('tlsClientError', (error, socket) => {
    log.debug({ error: error.message }, 'a TLS handshake failed');
    // Nothing can be said to it; and left open, those that only connect would be all that there may be.
    socket.destroy();
  });
  // A request that is none; what it says is not repeated.
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    metrics.refused('none', error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'timeout' : 'malformed');
    const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
    if (!socket.writable) return void socket.destroy();
    socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    // Whoever never closes would keep a connection of those that there may be.
    (socket as Socket).destroySoon();
  });

  return {
    listening: listening.promise,
    use: (next) => server.setSecureContext(tlsOptions(next)),
    async run(signal) {
      try {
        listening.resolve(await listen(server, address));
      } catch (error) {
        listening.reject(error);
        throw error;
      }
      await aborted(signal);
      isStopping = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cancel = clock.after(lastAnswersMs, () => server.closeAllConnections());
      await closed;
      cancel();
    },
  };
}

/** A session that is taken up again would bring a trust that may since have ended. */
const tlsOptions = ({ cert, key, ca }: ServerTrust): ServerOptions => ({
  cert,
  key,
  ...(ca === '' ? {} : { ca }),
  minVersion: 'TLSv1.2',
  ALPNProtocols: ['http/1.1', 'http/1.0'],
  requestCert: true,
  // Other proofs will do, too.
  rejectUnauthorized: false,
  secureOptions: constants.SSL_OP_NO_TICKET,
  handshakeTimeout: handshakeMs,
  // How often the deadlines above are looked at.
  connectionsCheckingInterval: 2000,
});

const listen = (server: Server, { host, port }: Address): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new Error(`cannot take in events on ${host}:${port}; choose another --ingest-address`, { cause: error }));
    });
    // Bound to a TCP address, never to a pipe.
    server.listen({ host, port }, () => resolve((server.address() as AddressInfo).port));
  });

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
