// What is told to the outside, over real sockets: a receiver that fails in every way that we know of, and an operator that is restarted.
import { createHmac } from 'node:crypto';
import { Registry } from 'prom-client';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CloudEvent } from '../../domain/findings/cloud-event.ts';
import type { FindingStanding } from '../../domain/findings/finding-object.ts';
import { aFinding, aVerifiedFinding, now, transition } from '../../domain/findings/testing/finding.ts';
import { createWriter } from '../../kube/apply.ts';
import { systemClock } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import { createReflector } from '../../kube/reflector.ts';
import { resources } from '../../kube/resource.ts';
import { eventually } from '../../kube/testing/eventually.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { startFakeKube, type FakeKube } from '../../kube/testing/fake-kube.ts';
import { createTransport, type Transport } from '../../kube/transport.ts';
import { createOurObjects, type OurObjects, type RawObject } from '../watches.ts';
import { activeForMs, alertOf, type Alert } from './alert.ts';
import { runAlertmanager } from './alertmanager.ts';
import { runCloudEventSink } from './cloud-events.ts';
import { originAnnotations, toldAnnotation } from './deliverable.ts';
import { createSinkMetrics, type SinkMetrics } from './metrics.ts';
import { post, PostError } from './post.ts';
import { noSecret, readSinkSecret, signatureHeaders, type SinkSecret } from './signature.ts';
import { startReceiver, type Received, type ReceiverServer } from './testing/receiver.ts';

const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

let kube: FakeKube;
let receiver: ReceiverServer;
let transport: Transport;
let registry: Registry;
let metrics: SinkMetrics;
let secret: () => SinkSecret;
let stop: () => Promise<void>;

beforeEach(async () => {
  kube = await startFakeKube();
  receiver = await startReceiver();
  transport = createTransport(kube.access, { userAgent: 'test', qps: 1000, burst: 1000 });
  registry = new Registry();
  metrics = createSinkMetrics(registry);
  secret = () => noSecret;
  stop = async () => {};
});

afterEach(async () => {
  await stop();
  await transport.close();
  await receiver.close();
  await kube.close();
});

/** As a leader does: everything read first, then told. */
const lead = async (): Promise<OurObjects> => {
  const ours = createOurObjects();
  const end = new AbortController();
  const watching = (['findings', 'reports'] as const).map((which) =>
    createReflector<RawObject>({
      transport,
      resource: which === 'findings' ? resources.findings : resources.coverageReports,
      sink: ours[which],
      project: (raw) => raw as RawObject,
      clock: systemClock,
      random: Math.random,
      log,
    }),
  );
  const running = watching.map((each) => each.run(end.signal));
  await Promise.all(watching.map(({ synced }) => synced));
  const telling = runCloudEventSink(
    {
      ours,
      url: receiver.url,
      secret: () => secret(),
      cluster: 'north',
      writer: createWriter(transport),
      post,
      metrics,
      queueMetrics: {},
      clock: systemClock,
      log,
    },
    end.signal,
  );
  stop = async () => {
    end.abort();
    await Promise.allSettled([telling, ...running]);
    stop = async () => {};
  };
  return ours;
};

const put = (name: string, history: NonNullable<FindingStanding['history']>, namespace = 'shop'): void => {
  const { metadata: _, ...finding } = aFinding({}, { history });
  const before = kube.cluster.get('workloadprotection.dev/findings', namespace, name);
  kube.put(resources.findings, { ...finding, metadata: { ...before?.metadata, name, namespace } });
};

const second = (at: number): string => `2026-06-01T00:00:0${at}Z`;
const opened = transition(second(1), undefined, 'Open', 'BehaviourSeen');
const claimed = transition(second(2), 'Open', 'Verifying', 'FixClaimed');
const resolved = transition(second(3), 'Verifying', 'Resolved', 'SilenceObserved');
const gone = transition(second(4), 'Open', 'Resolved', 'SubjectGone');

const told = (): readonly CloudEvent[] => receiver.received.map(({ body }) => JSON.parse(body) as CloudEvent);
const types = (): readonly string[] => told().map(({ type }) => type.split('.').at(-2) ?? '');
const annotation = (name: string, namespace = 'shop'): string | undefined =>
  kube.cluster.get('workloadprotection.dev/findings', namespace, name)?.metadata.annotations?.[toldAnnotation];
const isNoted = (name: string) => eventually('the annotation', () => annotation(name) === told().at(-1)?.id);

describe('CloudEvents', () => {
  test('tell each transition once and in order, and note on the object how far they were told', async () => {
    put('gcc', [opened]);
    await lead();
    await isNoted('gcc');
    put('gcc', [opened, claimed, resolved]);
    await eventually('three', types, (all) => all.length === 3);
    await isNoted('gcc');
    expect(types()).toEqual(['open', 'verifying', 'resolved']);
    expect(receiver.received[0]?.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
    expect(await registry.metrics()).toMatch(/sink_deliveries_total\{sink="cloudevents",outcome="delivered"\} 3/);
    await eventually('nothing pending', async () =>
      (await registry.metrics()).includes('sink_pending{sink="cloudevents"} 0'),
    );
  });

  test.each<readonly [string, ReceiverServer['answers'][number]]>([
    ['answers 500', { status: 500 }],
    ['answers 400, as it may be mended', { status: 400 }],
    ['redirects', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }],
    ['asks for patience', { status: 429, headers: { 'retry-after': '0.05' } }],
    ['breaks the connection', { reset: true }],
  ])('are told again to a receiver that %s', async (_, answer) => {
    receiver.answers.push(answer, answer);
    put('gcc', [opened, claimed]);
    await lead();
    await eventually('both', types, (all) => all.length === 2);
    expect(types()).toEqual(['open', 'verifying']);
    expect(receiver.asked()).toBe(4);
    expect(await registry.metrics()).toMatch(/sink_deliveries_total\{sink="cloudevents",outcome="failed"\} 2/);
  });

  test('come again under the same id where the answer was lost, so that a receiver can tell', async () => {
    receiver.answers.push({ reset: true, taken: true });
    put('gcc', [opened]);
    await lead();
    await eventually('twice', types, (all) => all.length === 2);
    const [first, again] = receiver.received;
    expect(first?.headers['webhook-id']).toBe(again?.headers['webhook-id']);
    expect(first?.body).toBe(again?.body);
  });

  test('go on after a restart where they were, with what happened in between', async () => {
    put('gcc', [opened]);
    await lead();
    await isNoted('gcc');
    await stop();
    put('gcc', [opened, claimed, resolved]);
    put('curl', [opened]);
    await lead();
    await eventually('four', types, (all) => all.length === 4);
    expect(types().filter((type) => type === 'open')).toHaveLength(2);
    expect(types().filter((type) => type !== 'open')).toEqual(['verifying', 'resolved']);
  });

  test('wait for a sink that is away while the operator is restarted', async () => {
    receiver.answers.push(...Array.from({ length: 3 }, () => ({ status: 503 }) as const));
    put('gcc', [opened, claimed]);
    await lead();
    await eventually('a failure', receiver.asked, (asked) => asked >= 1);
    await stop();
    await lead();
    await eventually('both', types, (all) => all.length === 2);
    expect(types()).toEqual(['open', 'verifying']);
  });

  test('tell of what was deleted before they could', async () => {
    receiver.answers.push(...Array.from({ length: 6 }, () => ({ status: 503 }) as const));
    put('gcc', [opened, claimed]);
    const ours = await lead();
    await eventually('a failure', receiver.asked, (asked) => asked >= 1);
    kube.remove(resources.findings, 'shop', 'gcc');
    await eventually('gone', () => ours.findings.get('shop', 'gcc') === undefined);
    await eventually('both', types, (all) => all.length >= 2);
    expect(new Set(types())).toEqual(new Set(['open', 'verifying']));
    await eventually('nothing waits', async () =>
      (await registry.metrics()).includes('sink_pending{sink="cloudevents"} 0'),
    );
  });

  test('tell the end of what went with its namespace of its tombstone, in its name, also after a restart', async () => {
    put('gcc', [opened]);
    const ours = await lead();
    await isNoted('gcc');
    const object = ours.findings.get('shop', 'gcc');
    if (object === undefined) throw new Error('the finding is gone too soon');
    await stop();
    kube.remove(resources.findings, 'shop', 'gcc');
    const { metadata: _, spec: __, ...finding } = aFinding({}, { history: [opened, gone] });
    kube.put(resources.findings, {
      ...finding,
      status: { ...finding.status, tombstone: { time: second(4), digest: '', exported: true } },
      metadata: { name: 'shop-gcc', namespace: 'workload-protection', annotations: originAnnotations(object) },
    });
    await lead();
    await eventually('both', types, (all) => all.length === 2);
    await eventually('the annotation', () => annotation('shop-gcc', 'workload-protection') === told().at(-1)?.id);
    const [first, last] = told();
    expect(last).toMatchObject({ source: first?.source, data: { finding: { uid: object.metadata.uid } } });
    expect(last?.id.startsWith(`${object.metadata.uid}-`)).toBe(true);
    expect(last?.data).not.toHaveProperty('case');
    expect(types()).toEqual(['open', 'resolved']);
  });

  test('of one finding wait for no other', async () => {
    receiver.answers.push({ status: 429, headers: { 'retry-after': '600' } });
    put('a', [opened]);
    await lead();
    await eventually('refused', receiver.asked, (asked) => asked === 1);
    put('b', [opened]);
    await eventually('the other', () => told().some(({ source }) => source.endsWith('/shop/b')));
    await eventually('one pending', async () =>
      (await registry.metrics()).includes('sink_pending{sink="cloudevents"} 1'),
    );
  });

  test('tell the digest of a snapshot once it is whole, and not of one that was imported', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const snapshot = (name: string, status: object): void => {
      kube.put(resources.coverageReports, { metadata: { name }, spec: { snapshotOf: { name: 'cluster' } }, status });
    };
    kube.put(resources.coverageReports, { metadata: { name: 'cluster' }, spec: {}, status: { counts: {} } });
    snapshot('s1', { counts: {} });
    snapshot('s2', { snapshot: { digest, takenAt: second(1), imported: true } });
    await lead();
    // As the API server gives it, with its defaults.
    snapshot('s1', { snapshot: { digest, takenAt: second(1), imported: false } });
    await eventually('one', told, (all) => all.length === 1);
    expect(told()[0]).toMatchObject({
      type: 'dev.workloadprotection.snapshot.taken.v1',
      subject: 's1',
      data: { digest, of: 'cluster' },
    });
  });

  test('are not sent unsigned where a key was asked for and is not there', async () => {
    secret = () => {
      throw new Error('the Secret is not there');
    };
    put('gcc', [opened]);
    await lead();
    await eventually('pending', async () => (await registry.metrics()).includes('sink_pending{sink="cloudevents"} 1'));
    expect(receiver.asked()).toBe(0);
    const key = Buffer.from('a key of sixteen bytes');
    secret = () => ({ ...noSecret, keys: [key], authorization: 'Bearer t' });
    await eventually('one', told, (all) => all.length === 1);
    const { headers = {}, body = '' }: Partial<Received> = receiver.received[0] ?? {};
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
    expect(headers.authorization).toBe('Bearer t');
  });

  test('whatever fails and whenever the operator is restarted, each is told, and none before the one before it', async () => {
    const histories = fc.array(fc.constantFrom('fail', 'break', 'restart', 'go'), { minLength: 1, maxLength: 6 });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        run += 1;
        const name = `f${run}`;
        await lead();
        const history: ReturnType<typeof transition>[] = [];
        for (const [index, step] of steps.entries()) {
          history.push(transition(second(index), index === 0 ? undefined : 'Open', 'Open', `Step${index}`));
          if (step === 'fail') receiver.answers.push({ status: 500 });
          if (step === 'break') receiver.answers.push({ reset: true, taken: true });
          put(name, history);
          if (step === 'restart') {
            await stop();
            await lead();
          }
        }
        const own = (): readonly string[] => [
          ...new Set(
            told()
              .filter(({ source }) => source.endsWith(`/${name}`))
              .map(({ data }) => (data as { transition: { reason: string } }).transition.reason),
          ),
        ];
        await eventually('all', own, (all) => all.length === steps.length);
        expect(own()).toEqual(steps.map((_, index) => `Step${index}`));
        await stop();
      }),
      { numRuns: 15 },
    );
  });
});

describe('the Secret', () => {
  const encoded = (data: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));

  test('has one key or several, as text or as libraries make them', () => {
    const key = Buffer.from('0123456789abcdef0123');
    const read = readSinkSecret(
      encoded({ 'signing-key': `whsec_${key.toString('base64')}\n  an older key, as text\n`, 'ca.crt': 'PEM\n' }),
    );
    expect(read).toEqual({
      keys: [key, Buffer.from('an older key, as text')],
      authorization: undefined,
      alertmanagerAuthorization: undefined,
      ca: 'PEM',
    });
    expect(signatureHeaders(read.keys, 'id', 7, '{}')['webhook-signature']?.split(' ')).toHaveLength(2);
    expect(signatureHeaders([], 'id', 7, '{}')).toEqual({ 'webhook-id': 'id', 'webhook-timestamp': '7' });
  });

  test.each([
    [{}, 'it has no key "signing-key"'],
    [{ 'signing-key': ' \n' }, 'it has no key "signing-key"'],
    [{ 'signing-key': 'short' }, 'shorter than 16 bytes'],
  ] as const)('%j cannot sign', (data, words) => {
    expect(() => readSinkSecret(encoded(data))).toThrow(words);
  });
});

describe('posting', () => {
  const send = (url = receiver.url, signal = new AbortController().signal) =>
    post({ url, headers: {}, body: '{}', ca: undefined, signal });

  test('says where it failed and how, without what the query may hold', async () => {
    receiver.answers.push({ status: 418 });
    const url = new URL(receiver.url);
    url.search = '?token=hush';
    const error: unknown = await send(url).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(PostError);
    expect(String(error)).toBe(`PostError: POST ${receiver.url.href}: answered 418`);
  });

  test('ends with its signal', async () => {
    const end = new AbortController();
    end.abort();
    await expect(send(receiver.url, end.signal)).rejects.toThrow(/abort/);
  });
});

describe('an alert', () => {
  const at = (overrides: Partial<FindingStanding>, file = {}): Alert | undefined =>
    alertOf(aFinding({ file }, overrides), 'north', now);

  test('is active while the finding is neither resolved nor accepted', () => {
    for (const phase of ['Open', 'Remediating', 'Verifying'] as const) {
      expect(at({ phase })).toMatchObject({
        labels: { alertname: 'WorkloadProtectionFinding', severity: 'high', namespace: 'shop', team: 'payments' },
        annotations: { phase, summary: 'CompilerInContainer of Deployment/checkout' },
        startsAt: '2026-06-01T09:00:05.000Z',
        endsAt: new Date(now + activeForMs).toISOString(),
      });
    }
  });

  test('has the same labels through all that people do', () => {
    const labels = at({})?.labels;
    expect(
      at({ phase: 'Verifying', count: 99 }, { phase: 'Fixed', owner: 'ann', dueDate: '2026-01-01' })?.labels,
    ).toEqual(labels);
    const { status } = aVerifiedFinding();
    expect(at({ ...status, resolvedAt: new Date(now - 1000).toISOString() })?.labels).toEqual(labels);
  });

  test('ends when it was resolved, is told so for a while, and then no more', () => {
    const resolvedAt = new Date(now - 60_000).toISOString();
    expect(at({ phase: 'Resolved', resolvedAt })?.endsAt).toBe(resolvedAt);
    expect(at({ phase: 'Resolved', resolvedAt: new Date(now - 3_600_000).toISOString() })).toBeUndefined();
  });

  test('ends when the risk is accepted, and begins anew when the behaviour comes back', () => {
    const history = [opened, transition(new Date(now).toISOString(), 'Open', 'RiskAccepted', 'RiskAccepted')];
    expect(at({ phase: 'RiskAccepted', history })?.endsAt).toBe(new Date(now).toISOString());
    const again = [opened, resolved, transition(second(9), 'Resolved', 'Open', 'BehaviourSeenAgain')];
    expect(at({ history: again })?.startsAt).toBe('2026-06-01T00:00:09.000Z');
  });
});

describe('the Alertmanager', () => {
  const run = (ours: OurObjects, clock: FakeClock, signal: AbortSignal): Promise<void> =>
    runAlertmanager(
      {
        ours,
        url: new URL(`${receiver.url.origin}/prefix/`),
        secret: () => ({ ...noSecret, alertmanagerAuthorization: 'Basic x' }),
        cluster: 'north',
        post,
        metrics,
        clock,
        random: () => 1,
        log,
      },
      signal,
    );
  const asRaw = (name: string): RawObject => {
    const { metadata, ...finding } = aFinding({ name }, {});
    return { ...finding, metadata: { ...metadata, uid: name } } as unknown as RawObject;
  };
  const alerts = (index: number): readonly Alert[] =>
    JSON.parse(receiver.received[index]?.body ?? '[]') as readonly Alert[];

  test('hears of all once a minute, of a change at once, and again after it was away', async () => {
    const ours = createOurObjects();
    const clock = new FakeClock();
    const end = new AbortController();
    ours.findings.upsert(asRaw('gcc'));
    const running = run(ours, clock, end.signal);
    await eventually('the first round', () => receiver.received.length === 1);
    expect(receiver.received[0]).toMatchObject({
      path: '/prefix/api/v2/alerts',
      headers: { authorization: 'Basic x' },
    });
    expect(alerts(0).map(({ labels }) => labels['finding'])).toEqual(['gcc']);
    ours.findings.upsert(asRaw('curl'));
    await eventually('the change', async () => {
      await clock.advance(2000);
      return receiver.received.length === 2;
    });
    expect(alerts(1)).toHaveLength(2);
    receiver.answers.push({ status: 503 });
    await eventually('a failure', async () => {
      await clock.advance(60_000);
      return (await registry.metrics()).includes('sink_pending{sink="alertmanager"} 2');
    });
    await eventually('the repetition', async () => {
      await clock.advance(2000);
      return receiver.received.length > 2;
    });
    await eventually('nothing pending', async () =>
      (await registry.metrics()).includes('sink_pending{sink="alertmanager"} 0'),
    );
    end.abort();
    await running;
  });

  test('gets many in several requests', async () => {
    const ours = createOurObjects();
    const end = new AbortController();
    for (let index = 0; index < 1201; index += 1) ours.findings.upsert(asRaw(`f${index}`));
    const running = run(ours, new FakeClock(), end.signal);
    await eventually('three', () => receiver.received.length === 3);
    expect([0, 1, 2].map((index) => alerts(index).length)).toEqual([500, 500, 201]);
    end.abort();
    await running;
  });
});
