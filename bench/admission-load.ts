// Load on an admission server, from a process of its own: so many connections, kept, each with one request at a time; or a fixed number
// of requests a second over them. The client is written by hand, since a full one costs more than the server that it measures.
import { connect, type TLSSocket } from 'node:tls';
import { reviews } from './admission-world.ts';
import { percentile } from './figures.ts';

interface LoadRequest {
  readonly port: number;
  readonly ca: string;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second over all connections; left out: as many as are answered. */
  readonly rate?: number;
}

export interface LoadResult {
  readonly perSecond: number;
  /** All that were asked, those of the warm-up too: what the server's CPU went into. */
  readonly answered: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

/** Templates in flight at a time, more than are remembered of none: each comes again and again. */
const templates = 300;
const warmUpMs = 500;

interface Connection {
  readonly ask: (request: Buffer) => Promise<boolean>;
  readonly end: () => void;
}

const open = async ({ port, ca }: LoadRequest): Promise<Connection> => {
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    const opened = connect({ host: '127.0.0.1', port, ca }, () => resolve(opened));
    opened.once('error', reject);
  });
  socket.setNoDelay(true);
  let received = '';
  let settle: ((ok: boolean) => void) | undefined;
  const finish = (ok: boolean): void => {
    received = '';
    const waiting = settle;
    settle = undefined;
    waiting?.(ok);
  };
  socket.setEncoding('latin1');
  socket.on('data', (part: string) => {
    received += part;
    const head = received.indexOf('\r\n\r\n');
    if (head < 0) return;
    const [, length = '0'] = /\r\ncontent-length: (\d+)/i.exec(received) ?? [];
    if (received.length >= head + 4 + Number(length)) finish(received.startsWith('HTTP/1.1 200'));
  });
  socket.on('close', () => finish(false));
  socket.on('error', () => finish(false));
  return {
    ask: (request) =>
      new Promise((resolve) => {
        settle = resolve;
        socket.write(request);
      }),
    end: () => socket.destroy(),
  };
};

const bodies = (): readonly Buffer[] =>
  reviews(templates).map((body) =>
    Buffer.from(
      `POST /validate/pods?timeout=5s HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ),
  );

const run = async (asked: LoadRequest): Promise<LoadResult> => {
  const connections = await Promise.all(Array.from({ length: asked.connections }, () => open(asked)));
  const requests = bodies();
  const times: number[] = [];
  const from = performance.now() + warmUpMs;
  const until = from + asked.seconds * 1000;
  let [next, failed] = [0, 0];
  const once = async (connection: Connection, since: number): Promise<void> => {
    const ok = await connection.ask(requests[next++ % requests.length] ?? Buffer.alloc(0));
    if (since < from) return;
    if (ok) times.push(performance.now() - since);
    else failed += 1;
  };
  const unpaced = async (connection: Connection): Promise<void> => {
    while (performance.now() < until) await once(connection, performance.now());
  };
  /** Measured from when a request was due, where one before it held it up: it has waited for the server, too. */
  const paced = async (connection: Connection, index: number): Promise<void> => {
    const everyMs = (1000 * asked.connections) / (asked.rate ?? 1);
    for (let due = from - warmUpMs + (everyMs * index) / asked.connections; due < until; due += everyMs) {
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      // A timer is late by a millisecond of its own, which is not the server's.
      await once(connection, wait > 0 ? performance.now() : due);
    }
  };
  await Promise.all(connections.map(asked.rate === undefined ? unpaced : paced));
  for (const { end } of connections) end();
  return {
    perSecond: times.length / asked.seconds,
    answered: next,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    failed,
  };
};

if (import.meta.main)
  process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '{}') as LoadRequest)));
