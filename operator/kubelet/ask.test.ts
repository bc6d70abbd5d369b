import type { RequestListener } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { issueLeaf, issueRoot } from '../../certificates/issue.ts';
import { systemClock } from '../../kube/clock.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { askKubelet, limits, type KubeletCredentials } from './ask.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const day = 86_400_000;
const now = Date.now();
const root = await issueRoot({ from: now - day, to: now + day });
const signed = async (hosts: readonly string[], to = now + day): Promise<ServerOptions> => {
  const { certificate, key } = await issueLeaf(root, hosts, { from: now - 2 * day, to });
  return { cert: certificate, key };
};

const listen = async (server: Server, host: string): Promise<number> => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
};

const serve = async (listener: RequestListener, host = '127.0.0.1', certificate?: ServerOptions): Promise<number> =>
  listen(createTlsServer(certificate ?? (await signed([host])), listener), host);

/** Shows each token in turn, the last one again and again. */
const showing = (tokens: readonly string[] = ['t-1'], insecure = false): KubeletCredentials => {
  let shown = 0;
  return {
    trust: () => Promise.resolve({ context: createSecureContext({ ca: root.certificate }), insecure }),
    token: (fresh) => {
      if (fresh === true) shown = Math.min(shown + 1, tokens.length - 1);
      return Promise.resolve(tokens[shown] ?? '');
    },
  };
};

const ask = (
  port: number,
  { address = '127.0.0.1', credentials = showing(), clock = systemClock, signal = new AbortController().signal } = {},
) => askKubelet({ address, port }, { credentials, clock, userAgent: 'test' }, signal);

const exposition = (version: number | string): string =>
  `go_goroutines 7\n# TYPE kubelet_cgroup_version gauge\nkubelet_cgroup_version ${version}\nup 1\n`;
const says =
  (version: number | string): RequestListener =>
  (_, response) =>
    void response.end(exposition(version));

describe('a kubelet that answers', () => {
  test.each([1, 2] as const)('says cgroup v%i', async (version) => {
    expect(await ask(await serve(says(version)))).toBe(version);
  });

  test('is asked for its metrics with the token, uncompressed', async () => {
    let seen: object = {};
    const port = await serve(({ url, method, headers }, response) => {
      seen = { url, method, token: headers.authorization, encoding: headers['accept-encoding'] };
      response.end(exposition(1));
    });
    await ask(port);
    expect(seen).toEqual({ url: '/metrics', method: 'GET', token: 'Bearer t-1', encoding: undefined });
  });

  test('may have an address of IPv6', async () => {
    expect(await ask(await serve(says(2), '::1'), { address: '::1' })).toBe(2);
  });

  test('is left as soon as it has said it', async () => {
    const closed = Promise.withResolvers<void>();
    const port = await serve((request, response) => {
      request.socket.once('close', () => closed.resolve());
      response.write(exposition(2));
    });
    expect(await ask(port)).toBe(2);
    await closed.promise;
  });

  test('is shown another token, once, where it does not take the first', async () => {
    const port = await serve(({ headers }, response) => {
      if (headers.authorization === 'Bearer t-2') response.end(exposition(1));
      else response.writeHead(401).end();
    });
    expect(await ask(port, { credentials: showing(['t-1', 't-2']) })).toBe(1);
    await expect(ask(port, { credentials: showing(['t-0', 't-1', 't-2']) })).rejects.toMatchObject({
      outcome: 'unauthorised',
    });
  });
});

describe('a kubelet that does not say', () => {
  const answering =
    (status: number, body = '', headers: Readonly<Record<string, string>> = {}): RequestListener =>
    (_, response) =>
      void response.writeHead(status, headers).end(body);

  test.each<[string, RequestListener, string, RegExp]>([
    ['does not know our token', answering(401), 'unauthorised', /authentication\.webhook\.enabled/],
    ['gives us no right', answering(403), 'forbidden', /get nodes\/metrics/],
    ['redirects', answering(302, '', { location: 'https://192.0.2.1/' }), 'redirect', /no redirect/],
    ['fails', answering(500), 'garbage', /answers 500/],
    ['is too old to have the metric', answering(200, 'go_goroutines 7\n'), 'absent', /from 1\.31 on/],
    ['says another version', says(0), 'garbage', /says 0/],
    ['says nonsense', says('two'), 'absent', /no kubelet_cgroup_version/],
    [
      'compresses unasked',
      answering(200, 'x', { 'content-encoding': 'gzip' }),
      'garbage',
      /encoding that was not asked for/,
    ],
    [
      'breaks off',
      (_, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('go_goroutines 7\n', () => response.destroy());
      },
      'broken',
      /closed the connection/,
    ],
  ])('because it %s', async (_, listener, outcome, words) => {
    const failed = ask(await serve(listener));
    await expect(failed).rejects.toMatchObject({ outcome });
    await expect(failed).rejects.toThrow(words);
  });

  test('because it hangs, at whichever point', async () => {
    for (const listener of [
      () => {},
      (_: unknown, response: { write: (text: string) => void }) => response.write('a 1\n'),
    ]) {
      const arrived = Promise.withResolvers<void>();
      const port = await serve((request, response) => {
        listener(request, response);
        arrived.resolve();
      });
      const clock = new FakeClock();
      const failed = expect(ask(port, { clock })).rejects.toMatchObject({
        outcome: 'timeout',
        message: 'it gave no complete answer within 10 s',
      });
      await arrived.promise;
      await clock.advance(limits.answerMs);
      await failed;
    }
  });

  test('because nothing listens there, or something else', async () => {
    const server = createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
    const port = await listen(server, '127.0.0.1');
    await expect(ask(port)).rejects.toMatchObject({
      outcome: 'untrusted',
      message: expect.stringMatching(/^TLS on port/),
    });
    const free = createTcpServer();
    const closed = await listen(free, '127.0.0.1');
    await new Promise((resolve) => free.close(resolve));
    await expect(ask(closed)).rejects.toMatchObject({
      outcome: 'refused',
      message: `nothing listens on port ${closed}`,
    });
  });

  test.each<[string, () => Promise<ServerOptions>, RegExp]>([
    ['of nobody that is trusted', () => selfSigned(['127.0.0.1']), /serverTLSBootstrap/],
    ['for another address', () => signed(['127.0.0.2', 'node-1']), /does not name the internal address/],
    ['that has expired', () => signed(['127.0.0.1'], now - day), /has expired/],
  ])('is sent no token where its certificate is one %s, unless it is not to be verified', async (_, issued, words) => {
    const tokens: (string | undefined)[] = [];
    const port = await serve(
      ({ headers }, response) => {
        tokens.push(headers.authorization);
        response.end(exposition(1));
      },
      '127.0.0.1',
      await issued(),
    );
    const failed = ask(port);
    await expect(failed).rejects.toMatchObject({ outcome: 'untrusted' });
    await expect(failed).rejects.toThrow(words);
    expect(tokens).toEqual([]);
    expect(await ask(port, { credentials: showing(['t-1'], true) })).toBe(1);
    expect(tokens).toEqual(['Bearer t-1']);
  });

  test('because its node tells a name and no address', async () => {
    await expect(ask(1, { address: 'node-1.example.com' })).rejects.toMatchObject({ outcome: 'unreachable' });
  });

  test('because we end', async () => {
    const arrived = Promise.withResolvers<void>();
    const port = await serve(() => arrived.resolve());
    const stop = new AbortController();
    const failed = expect(ask(port, { signal: stop.signal })).rejects.toMatchObject({ name: 'KubeletTrouble' });
    await arrived.promise;
    stop.abort();
    await failed;
  });
});

const selfSigned = async (hosts: readonly string[]): Promise<ServerOptions> => {
  const own = await issueRoot({ from: now - day, to: now + day });
  const { certificate, key } = await issueLeaf(own, hosts, { from: now - day, to: now + day });
  return { cert: certificate, key };
};
