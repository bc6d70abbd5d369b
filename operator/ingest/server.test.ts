import { request as httpsRequest, Agent } from 'node:https';
import { connect as openSocket } from 'node:net';
import { connect } from 'node:tls';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../kube/clock.ts';
import { silentLog } from '../../kube/log.ts';
import { eventually } from '../../kube/testing/eventually.ts';
import { JournalError, openJournal, type Journal } from '../journal/journal.ts';
import { memoryDisk, noSpace, type MemoryDisk } from '../journal/testing/memory-disk.ts';
import { createAuthenticate } from './authenticate.ts';
import { decodeEntry, type Entry } from './entry.ts';
import type { IngestOptions } from './handler.ts';
import type { Proof } from './sender.ts';
import { createIngestServer, type IngestServer } from './server.ts';
import { createTestAuthority, type TestAuthority, type TestPair } from './testing/authority.ts';

const token = '0123456789abcdef';
let authority: TestAuthority;
let clients: TestAuthority;
let own: TestPair;

beforeAll(async () => {
  [authority, clients] = await Promise.all([createTestAuthority(), createTestAuthority()]);
  own = await authority.issue('server');
});

let disk: MemoryDisk;
let journal: Journal;
let server: IngestServer;
let port: number;
let reviewed: Proof;
let counted: string[];
let shed: (string | undefined)[];
let clientAuthorities: string;
const agent = new Agent({ keepAlive: true });
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  disk = memoryDisk();
  reviewed = { kind: 'unknown', message: 'nobody knows the token' };
  counted = [];
  shed = [];
  clientAuthorities = clients.ca;
  const metrics: IngestOptions['metrics'] = {
    events: (source, outcome, count) => void (count > 0 && counted.push(`${source} ${outcome} ${count}`)),
    received: () => {},
    refused: (source, reason) => void counted.push(`${source} refused ${reason}`),
    answered: () => {},
  };
  journal = await openJournal({ disk, maxBytes: 100_000_000, segmentBytes: 10_000_000, log: silentLog });
  server = createIngestServer({
    address: { host: '127.0.0.1', port: 0 },
    trust: { ...own, ca: clients.ca },
    authenticate: createAuthenticate(
      {
        byToken: (sent) => (sent === token ? { name: 'token sidekick', node: undefined } : undefined),
        authorities: () => clientAuthorities,
      },
      { prove: async () => reviewed },
    ),
    journal: { append: (payload, count) => journal.append(payload, count) },
    receiver: { receive: async () => {} },
    shed: (_, node) => void shed.push(node),
    clock: systemClock,
    log: silentLog,
    metrics,
  });
  const stop = new AbortController();
  const done = server.run(stop.signal);
  stops.push(async () => {
    stop.abort();
    await done;
  });
  port = await server.listening;
});

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(() => agent.destroy());

interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly client?: TestPair;
  readonly authorised?: boolean;
}

interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

const send = (body: string | Buffer, sent: Sent = {}): Promise<Received> =>
  new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port,
        path: sent.path ?? '/ingest/v1/falco',
        method: sent.method ?? 'POST',
        ca: authority.ca,
        ...(sent.client === undefined ? { agent } : { ...sent.client, agent: false }),
        headers: {
          'content-type': 'application/json',
          ...(sent.authorised === false || sent.client !== undefined ? {} : { authorization: `Bearer ${token}` }),
          ...sent.headers,
        },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: JSON.parse(Buffer.concat(parts).toString() || '{}') as Received['body'],
          }),
        );
      },
    );
    request.once('error', reject);
    request.end(body);
  });

/** What the journal holds on the disk after a crash. */
const journalled = async (): Promise<readonly Entry[]> => {
  const after = await openJournal({ disk: disk.crash(0, false), maxBytes: 1e9, segmentBytes: 1e7, log: silentLog });
  const { waiting } = after.usage();
  const entries: Entry[] = [];
  if (waiting === 0) return entries;
  for await (const { position, count, payload } of after.follow(1, new AbortController().signal)) {
    const entry = decodeEntry(payload);
    if (entry !== undefined) entries.push(entry);
    if (position + count > waiting) break;
  }
  return entries;
};

describe('what is sent', () => {
  it('is acknowledged once the disk has it', async () => {
    expect(await send('{"rule":"Terminal shell in container","hostname":"n1"}')).toMatchObject({
      status: 202,
      body: { accepted: 1, rejected: 0, errors: [] },
    });
    expect(await journalled()).toEqual([
      {
        source: 'falco',
        sender: 'token sidekick',
        node: undefined,
        at: expect.any(Number),
        items: [{ rule: 'Terminal shell in container', hostname: 'n1' }],
      },
    ]);
    expect(counted).toEqual(['falco accepted 1']);
  });

  it.each([
    ['an array', '[{"rule":"1"},{"rule":"2"}]', {}],
    ['lines', '{"rule":"1"}\n{"rule":"2"}\n', { 'content-type': 'application/x-ndjson' }],
    ['gzip', gzipSync('[{"rule":"1"},{"rule":"2"}]'), { 'content-encoding': 'gzip' }],
    [
      'the type that falcosidekick sends',
      '[{"rule":"1"},{"rule":"2"}]',
      { 'content-type': 'application/json; charset=utf-8' },
    ],
  ])('may be %s', async (_, body, headers) => {
    expect(await send(body, { headers })).toMatchObject({ status: 202, body: { accepted: 2 } });
    expect((await journalled())[0]?.items).toEqual([{ rule: '1' }, { rule: '2' }]);
  });

  it('is taken as far as it is good, and says of the rest what is wrong, ten times at most', async () => {
    const answer = await send(`{"rule":"1"}\n${'7\n'.repeat(15)}`);
    expect(answer).toMatchObject({ status: 202, body: { accepted: 1, rejected: 15 } });
    expect(answer.body['errors']).toHaveLength(10);
    expect((answer.body['errors'] as unknown[])[0]).toEqual({
      index: 1,
      field: '',
      message: 'an event must be a JSON object',
    });
    expect(counted).toEqual(['falco rejected 15', 'falco accepted 1']);
  });

  it('is refused where nothing of it is good, and the field is named', async () => {
    expect(await send('[{"x":{"__proto__":1}}]')).toMatchObject({
      status: 400,
      body: { accepted: 0, rejected: 1, errors: [{ index: 0, field: 'x.__proto__' }] },
    });
    expect(await journalled()).toEqual([]);
  });

  it('is refused where the agent sends nothing of the kind, or whoever sends to the wrong path would never hear of it', async () => {
    expect(await send('[{"rule":"1"},{"process_exec":{}},{"rule":"1","output_fields":[]}]')).toMatchObject({
      status: 202,
      body: {
        accepted: 1,
        rejected: 2,
        errors: [
          { index: 1, field: 'rule' },
          { index: 2, field: 'output_fields' },
        ],
      },
    });
    expect(await send('{"rule":"1"}', { path: '/ingest/v1/tetragon' })).toMatchObject({
      status: 400,
      body: { errors: [{ index: 0, field: 'process_exec' }] },
    });
    expect(await send('{"node":"n1"}', { path: '/ingest/v1/generic' })).toMatchObject({
      status: 400,
      body: { errors: [{ index: 0, field: 'rule' }] },
    });
  });

  it('may be the data of a CloudEvent of which headers say the rest', async () => {
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': 'c-1',
      'ce-source': 'https://falco.org',
      'ce-type': 'falco.rule.output%2Ev1',
      'ce-time': '2026-08-01T10:00:00Z',
      'ce-priority': 'Notice',
    };
    expect(await send('{"rule":"1"}', { path: '/ingest/v1/generic', headers })).toMatchObject({ status: 202 });
    expect((await journalled())[0]?.items).toEqual([
      {
        specversion: '1.0',
        id: 'c-1',
        source: 'https://falco.org',
        type: 'falco.rule.output.v1',
        time: '2026-08-01T10:00:00Z',
        data: { rule: '1' },
      },
    ]);
  });

  it('may come by HTTP of old, which some clients ask for before anything else', async () => {
    const socket = connect({ host: '127.0.0.1', port, ca: authority.ca, ALPNProtocols: ['http/1.0'] });
    const answered = new Promise<string>((resolve, reject) => {
      let text = '';
      socket.on('data', (part: Buffer) => (text += part.toString()));
      socket.once('end', () => resolve(text)).once('error', reject);
    });
    socket.write(
      `POST /ingest/v1/falco HTTP/1.0\r\nauthorization: Bearer ${token}\r\ncontent-length: 12\r\n\r\n{"rule":"1"}`,
    );
    expect(await answered).toMatch(/^HTTP\/1\.1 202 /);
  });

  it.each<[string, number, string | Buffer, Sent, string]>([
    ['no JSON', 400, 'Warning: a shell', {}, 'falco refused malformed'],
    ['no gzip', 400, '{}', { headers: { 'content-encoding': 'gzip' } }, 'falco refused malformed'],
    [
      'an encoding that nobody sends',
      415,
      '{}',
      { headers: { 'content-encoding': 'br' } },
      'falco refused unsupported',
    ],
    [
      'the text of Falco without json_output',
      415,
      'x',
      { headers: { 'content-type': 'text/plain' } },
      'falco refused unsupported',
    ],
    ['more than a body may be', 413, Buffer.alloc(5_000_000, ' '), {}, 'falco refused tooLarge'],
    [
      'a bomb',
      413,
      gzipSync(Buffer.alloc(60_000_000, ' ')),
      { headers: { 'content-encoding': 'gzip' } },
      'falco refused tooLarge',
    ],
    ['an unknown path', 404, '{}', { path: '/ingest/v1/other' }, 'none refused notFound'],
    ['another method', 405, '', { method: 'PUT' }, 'falco refused method'],
  ])('is refused where it is %s', async (_, status, body, sent, expected) => {
    expect((await send(body, sent)).status).toBe(status);
    expect(counted).toEqual([expected]);
    // The next request is none the worse for it.
    expect((await send('{"rule":"1"}')).status).toBe(202);
  });

  it('may have a length that is not said before', async () => {
    const answer = await send('', { headers: { 'transfer-encoding': 'chunked' } });
    expect(answer.status).toBe(400);
  });

  it('never brings the server down, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), fc.boolean(), async (bytes, isGzip) => {
        const { status } = await send(Buffer.from(bytes), { headers: isGzip ? { 'content-encoding': 'gzip' } : {} });
        expect([202, 400, 413]).toContain(status);
      }),
      { numRuns: 60 },
    );
    expect(counted.filter((line) => line.endsWith('failed'))).toEqual([]);
  });
});

it.each([
  ['too large', 9_000_000, '/ingest/v1/falco', true, 413],
  ['of somebody unknown', 3_000_000, '/ingest/v1/falco', false, 401],
  ['for a path that there is not', 3_000_000, '/ingest/v1/other', true, 404],
])(
  'a client that sends all of a body before it looks for an answer is told that it is %s',
  async (_, size, path, isKnown, status) => {
    const socket = connect({ host: '127.0.0.1', port, ca: authority.ca });
    let answer = '';
    const head = `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${isKnown ? token : 'wrong'}\r\ncontent-length: ${size}\r\n\r\n`;
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).write(head);
      let sent = 0;
      const more = (error?: Error | null): void => {
        if (error) return reject(error);
        if (sent === size) return resolve();
        sent += 100_000;
        socket.write(Buffer.alloc(100_000, 'x'), more);
      };
      more();
    });
    const ended = new Promise<void>((resolve, reject) => void socket.once('end', resolve).once('error', reject));
    socket.on('data', (part: Buffer) => (answer += part.toString()));
    await ended;
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  },
);

describe('who sends', () => {
  it('is asked to prove it', async () => {
    const answer = await send('{}', { authorised: false });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('Bearer');
    expect(counted).toEqual(['falco refused unauthenticated']);
  });

  it.each([
    ['a token that nobody knows', 'Bearer another-token', 401],
    ['another scheme', `Basic ${token}`, 401],
    ['a token with a line end in it', 'Bearer a b', 401],
  ])('is refused with %s', async (_, authorization, status) => {
    expect((await send('{"rule":"1"}', { headers: { authorization } })).status).toBe(status);
  });

  it.each<[Proof, number]>([
    [{ kind: 'forbidden', message: 'no right' }, 403],
    [{ kind: 'unavailable', message: 'no API server' }, 503],
  ])('is answered as the review of its token says: %j', async (proof, status) => {
    reviewed = proof;
    expect((await send('{}', { headers: { authorization: 'Bearer a.b.c' } })).status).toBe(status);
  });

  it('may be Datadog, which can send a secret in one header only', async () => {
    const headers = { 'dd-api-key': token };
    expect((await send('{}', { authorised: false, headers, path: '/ingest/v1/datadog' })).status).toBe(202);
    expect((await send('{}', { authorised: false, headers, path: '/ingest/v1/falco' })).status).toBe(401);
  });

  it('may present a certificate of the authority that the Secret names', async () => {
    expect((await send('{"rule":"1"}', { client: await clients.issue('falco') })).status).toBe(202);
    expect((await journalled())[0]).toMatchObject({ sender: 'certificate falco', node: undefined });
  });

  it('may not present one of another authority, nor any where the Secret names none', async () => {
    const stranger = await createTestAuthority();
    expect((await send('{}', { client: await stranger.issue('falco') })).status).toBe(401);
    clientAuthorities = '';
    expect((await send('{}', { client: await clients.issue('falco') })).status).toBe(401);
  });

  it('is trusted by a new authority from the next handshake on, and no more by the old one', async () => {
    const next = await createTestAuthority();
    const [before, after] = await Promise.all([clients.issue('falco'), next.issue('falco')]);
    expect((await send('{"rule":"1"}', { client: before })).status).toBe(202);
    server.use({ ...own, ca: next.ca });
    expect((await send('{"rule":"1"}', { client: before })).status).toBe(401);
    expect((await send('{"rule":"1"}', { client: after })).status).toBe(202);
  });

  it('may speak of its own node only where it is limited to one', async () => {
    reviewed = { kind: 'sender', sender: { name: 'ServiceAccount falco/falco', node: 'n1' } };
    const headers = { authorization: 'Bearer a.b.c' };
    expect(
      await send('[{"rule":"1","hostname":"n1"},{"rule":"1","hostname":"n2"},{"rule":"1"}]', { headers }),
    ).toMatchObject({
      status: 202,
      body: { accepted: 2, rejected: 1, errors: [{ index: 1, field: 'hostname' }] },
    });
    expect((await journalled())[0]).toMatchObject({
      node: 'n1',
      items: [{ rule: '1', hostname: 'n1' }, { rule: '1' }],
    });
    expect((await send('{"rule":"1","hostname":"n2"}', { headers })).status).toBe(400);
  });

  it('may speak of any node where it forwards', async () => {
    expect(await send('[{"rule":"1","hostname":"n1"},{"rule":"1","hostname":"n2"}]')).toMatchObject({
      body: { accepted: 2 },
    });
  });

  it('is slowed down where it floods, be it with what is refused', async () => {
    reviewed = { kind: 'sender', sender: { name: 'ServiceAccount falco/falco', node: 'n1' } };
    const headers = { authorization: 'Bearer a.b.c' };
    const many = `[${'{},'.repeat(9999)}{}]`;
    const statuses = [];
    for (let index = 0; index < 4; index++) statuses.push((await send(many, { headers })).status);
    expect(statuses).toContain(429);
    const refused = await send(many, { headers });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    // Whom it does not concern.
    expect((await send('{"rule":"1"}')).status).toBe(202);
    expect([...new Set(shed)]).toEqual(['n1']);
  });
});

describe('where it cannot be kept', () => {
  it('is not acknowledged while the disk is full, and is again when there is room', async () => {
    disk.fail(noSpace());
    const answer = await send('{"rule":"1"}');
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('5');
    expect(counted).toEqual(['falco refused journal']);
    expect(shed).toEqual([undefined]);
    expect(await journalled()).toEqual([]);
    expect((await send('{"rule":"2"}')).status).toBe(202);
  });

  it('is asked to come again where too much waits for the disk', async () => {
    journal = { ...journal, append: async () => Promise.reject(new JournalError('busy', 'much waits')) };
    expect((await send('{"rule":"1"}')).status).toBe(429);
  });

  it('is told so where the handler fails, which is counted', async () => {
    journal = { ...journal, append: async () => Promise.reject(new TypeError('a mistake of ours')) };
    expect((await send('{"rule":"1"}')).status).toBe(503);
    expect(counted).toEqual(['falco refused failed']);
  });
});

it('leaves half of the connections to other addresses, whoever opens all that there may be', async () => {
  const sockets = Array.from({ length: 1010 }, () => openSocket({ host: '127.0.0.1', port }).on('error', () => {}));
  try {
    await eventually(
      'ten that were refused',
      () => counted.filter((each) => each === 'none refused connections').length,
      (refused) => refused === 10,
    );
    const other = openSocket({ host: '127.0.0.1', port, localAddress: '127.0.0.2' }).on('error', () => {});
    sockets.push(other);
    await new Promise((resolve) => void other.once('connect', resolve));
    for (const socket of sockets.splice(0, 500)) socket.destroy();
    await eventually(
      'an answer, as others have gone',
      () =>
        send('{"rule":"1"}').then(
          ({ status }) => status,
          () => 0,
        ),
      (status) => status === 202,
    );
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

it('answers what is no request with 400', async () => {
  const socket = connect({ host: '127.0.0.1', port, ca: authority.ca });
  const answer = await new Promise<string>((resolve, reject) => {
    let text = '';
    socket.on('data', (part: Buffer) => (text += part.toString()));
    socket.once('end', () => resolve(text));
    socket.once('error', reject);
    socket.write('this is no HTTP\r\n\r\n');
  });
  socket.destroy();
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
});
