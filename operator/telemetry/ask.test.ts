import { createServer as createPlainServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext, type TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../../kube/clock.ts';
import { issueCertificate } from '../../kube/testing/certificates.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { ask, limits, type Endpoint, type Held, type Resumption, type Trust } from './ask.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

interface Listening {
  readonly port: number;
  readonly connections: () => number;
}

const listen = async (server: Server, host = '127.0.0.1'): Promise<Listening> => {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
};

const serve = (listener: RequestListener, host?: string): Promise<Listening> =>
  listen(createPlainServer(listener), host);

const endpoint = (port: number, rest: Partial<Endpoint> = {}): Endpoint => ({
  address: '127.0.0.1',
  port,
  tls: undefined,
  token: undefined,
  ...rest,
});
const metrics = { name: 'metrics', path: '/metrics', needed: true };
const versions = { name: 'versions', path: '/versions', needed: true };

const read = (
  to: Endpoint,
  {
    clock = systemClock,
    held = { bytes: 0 },
    resumption = {},
    probes = [metrics],
    signal = new AbortController().signal,
  }: {
    clock?: Clock;
    held?: Held;
    resumption?: Resumption;
    probes?: (typeof metrics)[];
    signal?: AbortSignal;
  } = {},
) => ask(to, probes, resumption, { clock, held, userAgent: 'test' }, signal);

describe('an agent that answers', () => {
  it('is asked every probe over one connection, which then ends', async () => {
    const seen: (string | undefined)[] = [];
    const ended = Promise.withResolvers<void>();
    const { port, connections } = await serve((request, response) => {
      seen.push(request.url);
      request.socket.once('close', () => ended.resolve());
      response.end(`answer to ${request.url}`);
    });
    const { answers, trouble } = await read(endpoint(port), { probes: [versions, metrics] });
    expect(Object.fromEntries(answers)).toEqual({
      versions: { status: 200, body: 'answer to /versions' },
      metrics: { status: 200, body: 'answer to /metrics' },
    });
    expect(trouble).toBeUndefined();
    expect(seen).toEqual(['/versions', '/metrics']);
    await ended.promise;
    expect(connections()).toBe(1);
  });

  it('is told from one that says no, which is an answer too', async () => {
    const { port } = await serve((request, response) => {
      response.writeHead(request.url === '/metrics' ? 404 : 200).end('x');
    });
    const { answers, trouble } = await read(endpoint(port), { probes: [metrics, versions] });
    expect(answers.get('metrics')).toEqual({ status: 404, body: 'x' });
    expect(answers.get('versions')).toEqual({ status: 200, body: 'x' });
    expect(trouble).toBeUndefined();
  });

  it('may compress', async () => {
    const { port } = await serve((request, response) => {
      expect(request.headers['accept-encoding']).toBe('gzip');
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('up 1\n'));
    });
    expect((await read(endpoint(port))).answers.get('metrics')).toEqual({ status: 200, body: 'up 1\n' });
  });

  it('may have an address of IPv6', async () => {
    const { port } = await serve((request, response) => response.end(request.headers.host), '::1');
    const { answers } = await read(endpoint(port, { address: '::1' }));
    expect(answers.get('metrics')).toEqual({ status: 200, body: `[::1]:${port}` });
  });

  it('is sent the token where there is one, and nothing where there is none', async () => {
    const { port } = await serve((request, response) => response.end(String(request.headers.authorization)));
    expect((await read(endpoint(port, { token: 'secret' }))).answers.get('metrics')).toMatchObject({
      body: 'Bearer secret',
    });
    expect((await read(endpoint(port))).answers.get('metrics')).toMatchObject({ body: 'undefined' });
  });
});

describe('an agent that misbehaves', () => {
  /** Asks, and lets time go on by the deadline once the server says that it is at the point where it hangs. */
  const pastDeadline = async (listener: (request: IncomingMessage, hangs: () => void) => RequestListener) => {
    const clock = new FakeClock();
    const hanging = Promise.withResolvers<void>();
    let asked = 0;
    const { port } = await serve((request, response) => {
      asked += 1;
      listener(request, hanging.resolve)(request, response);
    });
    const reading = read(endpoint(port), { clock, probes: [metrics, versions] });
    await hanging.promise;
    await clock.advance(limits.answerMs);
    return { ...(await reading), asked };
  };

  it('costs one deadline where it hangs, however many probes there are', async () => {
    const { answers, trouble, asked } = await pastDeadline((_, hangs) => () => hangs());
    expect(trouble?.outcome).toBe('timeout');
    expect(asked).toBe(1);
    expect([...answers.values()]).toEqual([
      { failed: 'it gave no complete answer within 5 s' },
      { failed: 'it gave no complete answer within 5 s' },
    ]);
  });

  it('costs no more where it begins an answer and drips', async () => {
    const { trouble } = await pastDeadline((_, hangs) => (__, response) => {
      response.writeHead(200);
      response.write('up 1\n', () => hangs());
    });
    expect(trouble?.outcome).toBe('timeout');
  });

  it('costs no more where it takes the connection and never speaks TLS', async () => {
    const clock = new FakeClock();
    const server = createTcpServer();
    const connected = Promise.withResolvers<void>();
    server.on('connection', (socket: Socket) => {
      socket.on('error', () => {});
      closers.push(() => Promise.resolve(socket.destroy()));
      connected.resolve();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const reading = read(endpoint(port, { tls: trust() }), { clock });
    await connected.promise;
    await clock.advance(limits.answerMs);
    expect((await reading).trouble?.outcome).toBe('timeout');
  });

  const pour = (chunk: Buffer): RequestListener => {
    return (_, response) => {
      const more = (): void => {
        while (!response.destroyed) if (!response.write(chunk)) return void response.once('drain', more);
      };
      more();
    };
  };
  const noise = Buffer.alloc(65_536, 0x61);

  it.each<readonly [string, string, RegExp, RequestListener]>([
    ['never stops answering', 'oversize', /larger than 4 MiB/, pour(noise)],
    [
      'announces 100 MB',
      'oversize',
      /larger than 4 MiB/,
      (_, response) => {
        response.writeHead(200, { 'content-length': '100000000' });
        response.write('up 1\n');
      },
    ],
    [
      'sends a small answer that expands to 100 MB',
      'oversize',
      /larger than 4 MiB/,
      (_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(100_000_000)));
      },
    ],
    [
      'says gzip and is not',
      'garbage',
      /says that it is gzip/,
      (_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end('up 1\n');
      },
    ],
    [
      'uses another encoding',
      'garbage',
      /encoding that was not asked for/,
      (_, response) => {
        response.writeHead(200, { 'content-encoding': 'br' }).end('up 1\n');
      },
    ],
    [
      'does not speak HTTP',
      'garbage',
      /does not speak HTTP/,
      (request) => {
        request.socket.end('+OK what do you want?\r\n\r\n');
      },
    ],
    [
      'breaks off in the middle',
      'broken',
      /closed the connection before/,
      (request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('up', () => request.socket.destroy());
      },
    ],
    ['closes at once', 'broken', /closed the connection before/, (request) => void request.socket.destroy()],
  ])('%s: %s', async (_, outcome, words, listener) => {
    const held = { bytes: 0 };
    const { port } = await serve(listener);
    const { answers, trouble } = await read(endpoint(port), { held, probes: [metrics, versions] });
    expect(trouble?.outcome).toBe(outcome);
    expect(trouble?.message).toMatch(words);
    expect(answers.get('versions')).toEqual({ failed: trouble?.message });
    expect(held.bytes).toBe(0);
  });

  it('is not followed where it redirects', async () => {
    let asked = 0;
    const { port } = await serve((request, response) => {
      asked += 1;
      if (request.url === '/versions') response.end('{}');
      else response.writeHead(302, { location: `http://127.0.0.1:${port}/elsewhere` }).end();
    });
    const { answers, trouble } = await read(endpoint(port), { probes: [metrics, versions] });
    expect(answers.get('metrics')).toEqual({
      failed: 'it redirects, and no redirect is followed: set telemetry.scheme, port and path',
    });
    // Another path of it may well answer.
    expect(answers.get('versions')).toEqual({ status: 200, body: '{}' });
    expect(trouble).toBeUndefined();
    expect(asked).toBe(2);
  });

  it('is cut short where it is large while too much is held for others, unless it is small', async () => {
    const { port } = await serve((request, response) => {
      response.end(request.url === '/metrics' ? Buffer.alloc(limits.smallBytes + 1) : 'small');
    });
    const held = { bytes: limits.heldBytes };
    const { trouble } = await read(endpoint(port), { held });
    expect(trouble?.outcome).toBe('oversize');
    expect((await read(endpoint(port), { held, probes: [versions] })).answers.get('versions')).toMatchObject({
      body: 'small',
    });
    expect(held.bytes).toBe(limits.heldBytes);
  });

  it('is told apart where nothing listens', async () => {
    const { port } = await serve(() => {});
    await Promise.all(closers.splice(0).map((close) => close()));
    const { trouble } = await read(endpoint(port));
    expect(trouble).toMatchObject({ outcome: 'refused', message: `nothing listens on port ${port}` });
  });

  it('is never looked up by a name', async () => {
    const { trouble } = await read(endpoint(80, { address: 'localhost' }));
    expect(trouble).toMatchObject({ outcome: 'unreachable' });
  });
});

const trust = (rest: Partial<Trust> & { readonly ca?: string } = {}): Trust => ({
  context: createSecureContext(rest.ca === undefined ? {} : { ca: rest.ca }),
  serverName: rest.serverName,
  insecure: rest.insecure ?? false,
});

describe('TLS', () => {
  const issued = issueCertificate();
  const serveTls = (reused: boolean[] = []): Promise<Listening> =>
    listen(
      createTlsServer({ cert: issued.cert, key: issued.key }, (request, response) => {
        reused.push((request.socket as TLSSocket).isSessionReused());
        response.end('up 1\n');
      }),
    );

  it('trusts what the given authority signed', async () => {
    const { port } = await serveTls();
    const { answers } = await read(endpoint(port, { tls: trust({ ca: issued.ca }) }));
    expect(answers.get('metrics')).toEqual({ status: 200, body: 'up 1\n' });
  });

  it('shakes hands more cheaply the second time', async () => {
    const reused: boolean[] = [];
    const { port } = await serveTls(reused);
    const [resumption, tls] = [{}, trust({ ca: issued.ca })];
    await read(endpoint(port, { tls }), { resumption });
    await read(endpoint(port, { tls }), { resumption });
    expect(reused).toEqual([false, true]);
  });

  it.each([
    ['nobody trusted has signed', trust(), /authority/],
    ['is for another name', trust({ ca: issued.ca, serverName: 'falco.example.com' }), /another name/],
  ])('refuses a certificate that %s', async (_, tls, words) => {
    const { port } = await serveTls();
    const { trouble } = await read(endpoint(port, { tls, token: 'secret' }));
    expect(trouble?.outcome).toBe('untrusted');
    expect(trouble?.message).toMatch(words);
    expect(trouble?.message).not.toContain('127.0.0.1');
  });

  it('takes any certificate where it is told to', async () => {
    const { port } = await serveTls();
    const { answers } = await read(endpoint(port, { tls: trust({ insecure: true, serverName: 'falco.example.com' }) }));
    expect(answers.get('metrics')).toMatchObject({ status: 200 });
  });

  it('says so where the other side speaks none', async () => {
    const { port } = await serve((_, response) => response.end('up 1\n'));
    const { trouble } = await read(endpoint(port, { tls: trust() }));
    expect(trouble).toMatchObject({
      outcome: 'untrusted',
      message: `port ${port} does not speak TLS: set telemetry.scheme to HTTP`,
    });
  });
});
