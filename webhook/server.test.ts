import { request as httpsRequest, Agent, type RequestOptions } from 'node:https';
import { connect } from 'node:tls';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../kube/clock.ts';
import { silentLog } from '../kube/log.ts';
import { eventually } from '../kube/testing/eventually.ts';
import { bundleOf, type Material } from '../certificates/material.ts';
import { renew } from '../certificates/renew.ts';
import { createHealthServer } from '../process/http-health.ts';
import { createWebhookMetrics, type WebhookMetrics } from './metrics.ts';
import type { Ruling } from './review.ts';
import { createAdmissionServer, type AdmissionServer, type AdmissionServerOptions, type Webhook } from './server.ts';

const issue = (): Promise<Material> => renew(undefined, { kind: 'all', hosts: ['127.0.0.1'] }, Date.now());
const certificateOf = ({ leaf, leafKey }: Material) => ({ cert: leaf.pem, key: leafKey });

interface Running {
  readonly server: AdmissionServer;
  readonly material: Material;
  readonly port: number;
  readonly stop: () => void;
  readonly done: Promise<void>;
  readonly metrics: WebhookMetrics;
  readonly agent: Agent;
}

const running: Running[] = [];

afterEach(async () => {
  for (const { stop, done, agent } of running.splice(0)) {
    stop();
    agent.destroy();
    await done;
  }
});

const start = async (webhook: Webhook, options: Partial<AdmissionServerOptions> = {}): Promise<Running> => {
  const material = await issue();
  const metrics = createWebhookMetrics({
    cacheStaleness: () => ({}),
    reportAge: () => undefined,
    certificateExpiry: () => ({}),
    selfProbe: () => undefined,
  });
  const server = createAdmissionServer({
    address: { host: '127.0.0.1', port: 0 },
    certificate: certificateOf(material),
    webhooks: { '/validate/pods': webhook },
    failurePolicy: 'Ignore',
    drainMs: 0,
    clock: systemClock,
    log: silentLog,
    metrics,
    ...options,
  });
  const controller = new AbortController();
  const done = server.run(controller.signal);
  // Where it cannot listen, the next line says so.
  done.catch(() => {});
  const port = await server.listening;
  const agent = new Agent({ keepAlive: true, ca: bundleOf(material), maxSockets: 1 });
  const started = { server, material, port, stop: () => controller.abort(), done, metrics, agent };
  running.push(started);
  return started;
};

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly reused: boolean;
}

const post = (
  { port, agent }: Pick<Running, 'port' | 'agent'>,
  body: string,
  { path = '/validate/pods', type = 'application/json', method = 'POST' } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const options: RequestOptions = { host: '127.0.0.1', port, path, method, agent, headers: { 'content-type': type } };
    const sent = httpsRequest(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, reused: sent.reusedSocket }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });

const review = (overrides: object = {}): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u-1',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      operation: 'CREATE',
      object: { metadata: { name: 'p' } },
      ...overrides,
    },
  });

const allow = (): Ruling => ({ allowed: true, verdict: 'Protected' });

describe('the admission server', () => {
  it('answers with the uid of the question and what was ruled', async () => {
    const server = await start(() => ({
      allowed: true,
      verdict: 'Unprotected',
      warnings: ['careful'],
      auditAnnotations: { verdict: 'Unprotected' },
    }));
    const { status, headers, text } = await post(server, review());
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8' });
    expect(JSON.parse(text)).toEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: {
        uid: 'u-1',
        allowed: true,
        warnings: ['careful'],
        auditAnnotations: { verdict: 'Unprotected', decision: 'u-1' },
      },
    });
  });

  it('refuses with a status, and with each field at fault', async () => {
    const server = await start(() => ({
      allowed: false,
      code: 422,
      message: 'spec.a: no',
      causes: [{ field: 'spec.a', message: 'no' }],
      verdict: 'Refused',
    }));
    expect(JSON.parse((await post(server, review())).text)).toMatchObject({
      response: {
        allowed: false,
        status: {
          code: 422,
          reason: 'Invalid',
          message: 'spec.a: no',
          details: { causes: [{ reason: 'FieldValueInvalid', field: 'spec.a', message: 'no' }] },
        },
      },
    });
  });

  it.each<[string, string, object, number, RegExp]>([
    ['what is no JSON', '{', {}, 400, /the body is not JSON/],
    ['what is no review', '{"kind":"Pod"}', {}, 400, /not an AdmissionReview of admission\.k8s\.io\/v1/],
    ['a review of another version', review().replace('k8s.io/v1', 'k8s.io/v1beta1'), {}, 400, /apiVersion/],
    ['a review without a uid', review({ uid: '' }), {}, 400, /request\.uid/],
    ['nothing', '', {}, 400, /not an AdmissionReview/],
    ['an array', '[]', {}, 400, /not an AdmissionReview/],
    ['another content type', review(), { type: 'text/plain' }, 415, /must be application\/json/],
    ['another path', review(), { path: '/mutate' }, 404, /there are \/validate\/pods/],
    ['another method', '', { method: 'GET' }, 404, /for POST/],
    ['a body beyond all objects', `{"a":"${'x'.repeat(7 * 1024 * 1024)}"}`, {}, 413, /larger than 7340032 bytes/],
  ])('turns away %s in clear words', async (_, body, options, status, words) => {
    const server = await start(allow);
    const answer = await post(server, body, options);
    expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(words)]);
    // And is none the worse for it.
    expect((await post(server, review())).status).toBe(200);
  });

  it('takes an update of the largest objects that there are', async () => {
    const large = { metadata: { annotations: { a: 'x'.repeat(3 * 1024 * 1024) } } };
    const server = await start(allow);
    expect((await post(server, review({ object: large, oldObject: large }))).status).toBe(200);
  });

  it.each([
    ['Ignore', true],
    ['Fail', false],
  ] as const)(
    'where it fails itself and the policy is %s, says allowed: %s, and counts it',
    async (failurePolicy, allowed) => {
      const server = await start(
        () => {
          throw new Error('a bug');
        },
        { failurePolicy },
      );
      const { status, text } = await post(server, review());
      expect(status).toBe(200);
      expect(JSON.parse(text)).toMatchObject({ response: { uid: 'u-1', allowed } });
      expect(text).toContain('failed on this object');
      expect(await server.metrics.registry.metrics()).toContain('workload_protection_webhook_panics_total 1');
    },
  );

  it('waits for who must read something first, and lets nothing through unsaid where that fails', async () => {
    const server = await start(async ({ uid }) => {
      await Promise.resolve();
      if (uid === 'broken') throw new Error('a bug');
      return { allowed: false, message: 'no', verdict: 'Unprotected' };
    });
    const [late, broken] = [await post(server, review()), await post(server, review({ uid: 'broken' }))];
    expect(JSON.parse(late.text)).toMatchObject({ response: { uid: 'u-1', allowed: false } });
    expect(JSON.parse(broken.text)).toMatchObject({ response: { uid: 'broken', allowed: true } });
    expect(broken.text).toContain('failed on this object');
    const text = await server.metrics.registry.metrics();
    expect(text).toContain('verdict="Unprotected",answer="deny"} 1');
    expect(text).toContain('verdict="Error",answer="warn"} 1');
  });

  it('refuses what it cannot judge where it is asked for that, whatever the policy else', async () => {
    const server = await start(() => {
      throw new Error('a bug');
    });
    const answers = [];
    for (const path of ['/validate/pods', '/validate/pods/fail-closed']) {
      answers.push(JSON.parse((await post(server, review(), { path })).text));
    }
    expect(answers).toMatchObject([{ response: { allowed: true } }, { response: { allowed: false } }]);
  });

  it('goes on answering probes while it has more to judge than it can, and loses none of it', async () => {
    const answered: string[] = [];
    const health = createHealthServer({
      address: { host: '127.0.0.1', port: 0 },
      metrics: new Registry(),
      live: {},
      ready: {},
    });
    const stop = new AbortController();
    const probing = health.run(stop.signal);
    const url = await health.listening;
    const server = await start(() => {
      for (const end = performance.now() + 25; performance.now() < end;);
      return { allowed: true, verdict: 'Protected' };
    });
    const reviews = Array.from({ length: 60 }, async () => {
      const { status } = await post(server, review());
      answered.push(`review ${status}`);
    });
    await reviews[0];
    const probed = fetch(`${url}/healthz`).then(({ status }) => answered.push(`probe ${status}`));
    await Promise.all([...reviews, probed]);
    expect(answered.filter((answer) => answer === 'review 200')).toHaveLength(60);
    expect(answered).toContain('probe 200');
    expect(answered.at(-1)).not.toBe('probe 200');
    stop.abort();
    await probing;
  });

  it.each([
    ['Ignore', true],
    ['Fail', false],
  ] as const)(
    'asked for too late, judges no more; with the policy %s it says allowed: %s, and counts it',
    async (failurePolicy, allowed) => {
      let now = 0;
      let judged = 0;
      const server = await start(
        () => {
          judged += 1;
          return { allowed: true, verdict: 'Protected' };
        },
        // Every look at the clock finds 300 ms gone: half of a second's timeout is over before the decision, that of 30 s is not.
        { failurePolicy, clock: { ...systemClock, monotonic: () => (now += 300) } },
      );
      const { text } = await post(server, review(), { path: '/validate/pods?timeout=1s' });
      expect(JSON.parse(text)).toMatchObject({ response: { uid: 'u-1', allowed } });
      expect(text).toContain('too much is asked of the webhook now');
      expect(judged).toBe(0);
      await post(server, review(), { path: '/validate/pods?timeout=30s' });
      expect(judged).toBe(1);
      expect(await server.metrics.registry.metrics()).toContain('shed_total{reason="late"} 1');
    },
  );

  it('turns away, unread, what there is no memory for, until there is again', async () => {
    const server = await start(allow);
    const held = Array.from({ length: 4 }, () =>
      httpsRequest({
        host: '127.0.0.1',
        port: server.port,
        path: '/validate/pods',
        method: 'POST',
        ca: bundleOf(server.material),
        agent: false,
        headers: { 'content-type': 'application/json', 'content-length': 6 * 1024 * 1024 },
      }),
    );
    for (const request of held) {
      request.on('error', () => {});
      request.flushHeaders();
    }
    const metric = (sample: string) => async () => (await server.metrics.registry.metrics()).includes(sample);
    await eventually('four in flight', metric('requests_in_flight 4'));
    const { status, text } = await post(server, review());
    expect([status, text]).toEqual([503, expect.stringContaining('too much is being judged')]);
    expect(await metric('shed_total{reason="large"} 1')()).toBe(true);
    for (const request of held) request.destroy();
    await eventually('nothing in flight', metric('requests_in_flight 0'));
    expect((await post(server, review())).status).toBe(200);
  });

  it('keeps connections for longer than the API server does, and says nothing of itself', async () => {
    const server = await start(allow);
    const first = await post(server, review());
    expect(first.headers).toMatchObject({ connection: 'keep-alive', 'keep-alive': 'timeout=95' });
    expect(first.headers).not.toHaveProperty('x-powered-by');
    expect(first.headers).not.toHaveProperty('etag');
    expect((await post(server, review())).reused).toBe(true);
  });

  it('while it drains, answers still, and sends each connection elsewhere', async () => {
    const server = await start(allow, { drainMs: 60_000, clock: { ...systemClock, after: () => () => {} } });
    expect((await post(server, review())).headers).toMatchObject({ connection: 'keep-alive' });
    server.stop();
    const draining = await post(server, review());
    expect([draining.status, draining.headers]).toMatchObject([200, { connection: 'close' }]);
    const next = await post(server, review());
    expect([next.status, next.reused]).toEqual([200, false]);
    running.splice(0);
    server.agent.destroy();
  });

  it('ends after the drain, idle connections or not', async () => {
    const server = await start(allow);
    await post(server, review());
    server.stop();
    await server.done;
    await expect(post(server, review())).rejects.toThrow(/ECONNREFUSED|socket hang up|ECONNRESET/);
  });

  it('serves a new certificate without a restart', async () => {
    const server = await start(allow);
    await post(server, review());
    const next = await issue();
    server.server.use(certificateOf(next));
    const seen = await new Promise<string>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: server.port, ca: bundleOf(next) }, () => {
        resolve(socket.getPeerX509Certificate()?.toString() ?? '');
        socket.destroy();
      });
      socket.on('error', reject);
    });
    expect(seen).toBe(next.leaf.pem);
    // Who is connected stays so.
    expect(await post(server, review())).toMatchObject({ status: 200, reused: true });
  });

  it('counts by kind, operation, verdict and answer, with other kinds as one', async () => {
    const server = await start(() => ({ allowed: true, warnings: ['w'], verdict: 'Unprotected' }));
    await post(server, review());
    await post(server, review({ kind: { group: 'x', version: 'v1', kind: 'Thing' }, operation: 'UPDATE' }));
    const text = await eventually(
      'two requests',
      () => server.metrics.registry.metrics(),
      (seen) => seen.includes('kind="other"'),
    );
    expect(text).toContain('requests_total{kind="Pod",operation="CREATE",verdict="Unprotected",answer="warn"} 1');
    expect(text).toContain('requests_total{kind="other",operation="UPDATE",verdict="Unprotected",answer="warn"} 1');
  });

  it('fails clearly where the address is taken', async () => {
    const { port } = await start(allow);
    await expect(start(allow, { address: { host: '127.0.0.1', port } })).rejects.toThrow(
      `127.0.0.1:${port}; choose another --address`,
    );
  });
});
