import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterAccess } from './access.ts';
import { KubeError, classify } from './errors.ts';
import { createWriter } from './apply.ts';
import { resources } from './resource.ts';
import { issueCertificate } from './testing/certificates.ts';
import { eventually } from './testing/eventually.ts';
import { fasterClock } from './testing/fake-clock.ts';
import { type FakeKube, type FaultKind, startFakeKube } from './testing/fake-kube.ts';
import { type Transport, type TransportOptions, createTransport } from './transport.ts';

/** A retry waits milliseconds; the deadline of 30 s is 0.6 s. */
const clock = fasterClock(50);
const path = '/api/v1/pods';
let kube: FakeKube;
let open: Transport[];

beforeEach(async () => {
  kube = await startFakeKube();
  open = [];
});

afterEach(async () => {
  await Promise.all(open.map((transport) => transport.close()));
  await kube.close();
});

function connect(options: Partial<TransportOptions> = {}, access: ClusterAccess = kube.access): Transport {
  const transport = createTransport(access, { userAgent: 'test/1', ...options });
  open.push(transport);
  return transport;
}

async function failure(promise: Promise<unknown>): Promise<KubeError> {
  const error: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof KubeError)) throw new Error(`expected a KubeError, got ${String(error)}`);
  return error;
}

describe('requests', () => {
  test('a hundred at once share eight connections', async () => {
    const transport = connect();
    await Promise.all(Array.from({ length: 100 }, () => transport.request({ method: 'GET', path })));
    expect(kube.requests).toHaveLength(100);
    expect(kube.connections.opened).toBeLessThanOrEqual(8);
  });

  test('of a writer that may write no more are not sent, also where the first try was', async () => {
    let may = true;
    kube.inject({ fault: { answer: 503 } });
    const transport = connect({ clock });
    const writer = createWriter(transport, () => {
      const answer = may;
      may = false;
      return answer;
    });
    const object = { metadata: { name: 'one', namespace: 'team' } };
    const error = await failure(writer.apply(resources.pods, object, { fieldManager: 'test' }));
    expect(kube.requests).toHaveLength(1);
    expect(classify(error)).toBe('fatal');
    for (const write of [
      () => writer.create(resources.pods, object),
      () => writer.replace(resources.pods, object),
      () => writer.delete(resources.pods, object.metadata),
      () => writer.mergePatch(resources.pods, object.metadata, {}),
    ])
      expect((await failure(write())).message).toContain('another may lead');
    expect(kube.requests).toHaveLength(1);
  });

  test('say who asks', async () => {
    const access = { ...kube.access, authorise: () => Promise.resolve({ authorization: 'Bearer abc' }) };
    await connect({}, access).request({ method: 'GET', path, query: { limit: 5, continue: undefined } });
    expect(kube.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer abc',
      'user-agent': 'test/1',
      accept: 'application/json',
    });
    expect(kube.requests[0]?.query).toEqual({ limit: '5' });
  });

  test.each([200, 422])('hand on what the server warns of beside an answer %s', async (answer) => {
    const headers = { warning: '299 - "spec.case.dueDate: 2020-01-01 is past", 299 - "another"' };
    kube.inject({ fault: { answer, headers, body: {} } });
    const warnings: string[] = [];
    await connect({ onWarning: (text) => warnings.push(text) })
      .request({ method: 'GET', path })
      .catch(() => undefined);
    expect(warnings).toEqual(['spec.case.dueDate: 2020-01-01 is past', 'another']);
  });

  test('an answer that does not come fails at the deadline', async () => {
    kube.inject({ fault: { hang: true }, times: 10 });
    const error = await failure(connect().request({ method: 'GET', path, deadlineMs: 50 }));
    expect(error.message).toBe('GET /api/v1/pods: DeadlineExceeded: no complete answer within 50 ms');
    expect(classify(error)).toBe('retryable');
  });

  test('a caller that stops is told so, and that is no failure to retry', async () => {
    kube.inject({ fault: { hang: true }, times: 10 });
    const stop = new AbortController();
    const pending = failure(connect().request({ method: 'GET', path, signal: stop.signal }));
    await eventually('the request is out', () => kube.requests.length === 1);
    stop.abort();
    expect(classify(await pending)).toBe('fatal');
  });

  test('a server that cannot be reached is said to be so', async () => {
    const access = { ...kube.access, server: 'http://127.0.0.1:1' };
    const error = await failure(connect({ clock }, access).request({ method: 'GET', path }));
    expect(error.message).toContain('GET /api/v1/pods: ECONNREFUSED: no answer from the API server');
  });
});

describe('retries', () => {
  const flaky: readonly [string, FaultKind][] = [
    ['500', { answer: 500 }],
    ['429', { answer: 429 }],
    ['503', { answer: 503 }],
    ['a reset', { reset: true }],
  ];

  test.each(flaky)('a read is repeated after %s', async (_name, fault) => {
    kube.inject({ fault, times: 2 });
    await connect({ clock }).request({ method: 'GET', path });
    expect(kube.requests).toHaveLength(3);
  });

  test('server-side apply is repeated', async () => {
    kube.inject({ fault: { answer: 500 } });
    const writer = createWriter(connect({ clock }));
    await writer.apply(resources.configMaps, { metadata: { namespace: 'n', name: 'a' } }, { fieldManager: 'test' });
    expect(kube.requests.map(({ method, query }) => [method, query])).toEqual([
      ['PATCH', { fieldManager: 'test', force: 'true' }],
      ['PATCH', { fieldManager: 'test', force: 'true' }],
    ]);
    expect(kube.requests[1]?.headers['content-type']).toBe('application/apply-patch+yaml');
    expect(kube.requests[1]?.body).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
  });

  test.each(['POST', 'PUT', 'PATCH'] as const)('%s is not repeated: it may have been done', async (method) => {
    kube.inject({ fault: { answer: 500 } });
    await failure(connect({ clock }).request({ method, path: `${path}/x`, body: {} }));
    expect(kube.requests).toHaveLength(1);
  });

  test.each([400, 403, 404, 409, 410, 422])('%i is an answer and not repeated', async (answer) => {
    kube.inject({ fault: { answer } });
    const error = await failure(connect({ clock }).request({ method: 'GET', path }));
    expect(error.code).toBe(answer);
    expect(kube.requests).toHaveLength(1);
  });

  test('end after five, with the last answer', async () => {
    kube.inject({ fault: { answer: 503 }, times: 100 });
    expect((await failure(connect({ clock }).request({ method: 'GET', path }))).code).toBe(503);
    expect(kube.requests).toHaveLength(5);
  });

  test('a Retry-After beyond the deadline ends them at once', async () => {
    kube.inject({ fault: { answer: 429, headers: { 'retry-after': '60' } } });
    expect((await failure(connect().request({ method: 'GET', path }))).retryAfterMs).toBe(60_000);
  });

  test('a token that is refused is read anew, once, whatever the verb', async () => {
    kube.settings.token = 'new';
    let token = 'old';
    const authorise = (fresh?: boolean): Promise<Record<string, string>> => {
      if (fresh) token = 'new';
      return Promise.resolve({ authorization: `Bearer ${token}` });
    };
    await connect({}, { ...kube.access, authorise }).request({
      method: 'POST',
      path,
      body: { metadata: { name: 'a' } },
    });
    expect(kube.requests).toHaveLength(2);
    kube.settings.token = 'newer';
    const error = await failure(connect({}, { ...kube.access, authorise }).request({ method: 'GET', path }));
    expect(classify(error)).toBe('unauthorized');
    expect(kube.requests).toHaveLength(4);
  });
});

describe('the rate', () => {
  test('is bounded, and a Lease neither waits for tokens nor for connections', async () => {
    kube.inject({ plural: 'pods', fault: { hang: true }, times: 100 });
    const transport = connect({ qps: 1, burst: 8 });
    const stop = new AbortController();
    const hanging = Array.from({ length: 20 }, () =>
      failure(transport.request({ method: 'GET', path, signal: stop.signal })),
    );
    await eventually('eight are out', () => kube.requests.length === 8);
    const lease = '/apis/coordination.k8s.io/v1/namespaces/n/leases';
    await transport.request({ method: 'GET', path: lease, priority: 'lease', deadlineMs: 5000 });
    expect(kube.requests.filter(({ path }) => path === lease)).toHaveLength(1);
    expect(kube.requests.length).toBeLessThan(20);
    stop.abort();
    await Promise.all(hanging);
  });
});

describe('watches', () => {
  test('each has a socket of its own, and leaving it closes that', async () => {
    const transport = connect();
    const stop = new AbortController();
    const watches = Array.from({ length: 3 }, async () => {
      const query = { watch: true, resourceVersion: '5000' };
      for await (const chunk of transport.stream({ path, query, signal: stop.signal })) return chunk;
      return undefined;
    });
    await eventually('all are open', () => kube.watches === 3);
    expect(kube.connections.open).toBe(3);
    kube.bookmark();
    await Promise.all(watches);
    await eventually('all are closed', () => kube.watches === 0);
  });

  test('headers that do not come end it', async () => {
    kube.inject({ fault: { hang: true } });
    const read = async (): Promise<void> => {
      const signal = new AbortController().signal;
      for await (const _ of connect().stream({ path, query: { watch: true }, signal, headersTimeoutMs: 30 })) break;
    };
    const error = await failure(read());
    expect(error.message).toBe('WATCH /api/v1/pods: HeadersTimeout: no answer within 30 ms');
  });
});

describe('metrics', () => {
  test('name verb, resource and code, never a name', async () => {
    const seen: string[] = [];
    const transport = connect({
      metrics: { request: (verb, resource, code) => seen.push(`${verb} ${resource} ${code}`) },
    });
    const writer = createWriter(transport);
    await writer.create(resources.findings, { metadata: { namespace: 'team', name: 'a' } });
    await writer.applyStatus(
      resources.findings,
      { metadata: { namespace: 'team', name: 'a' } },
      { fieldManager: 'test' },
    );
    await writer.jsonPatch(resources.findings, { namespace: 'team', name: 'a' }, []);
    await writer.delete(resources.findings, { namespace: 'team', name: 'a' });
    await writer.delete(resources.findings, { namespace: 'team', name: 'a' });
    await transport.request({ method: 'GET', path: '/api/v1/namespaces/x' }).catch(() => {});
    await transport.request({ method: 'GET', path: '/readyz' }).catch(() => {});
    const findings = 'findings.workloadprotection.dev';
    expect(seen).toEqual([
      `create ${findings} 201`,
      `apply ${findings}/status 200`,
      `patch ${findings} 200`,
      `delete ${findings} 200`,
      `delete ${findings} 404`,
      'get namespaces 404',
      'get other 200',
    ]);
  });
});

describe('trust', () => {
  test('a replaced CA is taken up while running, and a foreign one is refused', async () => {
    const [first, second] = [issueCertificate(), issueCertificate()];
    const one = await startFakeKube(first);
    const two = await startFakeKube(second);
    let ca = first.ca;
    const accessTo = (server: FakeKube): ClusterAccess => ({ ...server.access, tls: () => Promise.resolve({ ca }) });
    const transport = connect({ clock }, accessTo(two));
    const error = await failure(transport.request({ method: 'GET', path, deadlineMs: 500_000 }));
    expect(error.reason).toMatch(/SIGNATURE|CERT/);
    await connect({ clock }, accessTo(one)).request({ method: 'GET', path, deadlineMs: 500_000 });
    ca = second.ca;
    await transport.request({ method: 'GET', path, deadlineMs: 500_000 });
    await Promise.all(open.map((transport) => transport.close()));
    await Promise.all([one.close(), two.close()]);
  });
});
