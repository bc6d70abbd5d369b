import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EventRecord, type EventRecorder, createEventRecorder } from './events.ts';
import { eventually } from './testing/eventually.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { type FakeKube, startFakeKube } from './testing/fake-kube.ts';
import { type Transport, createTransport } from './transport.ts';

const missing: EventRecord = {
  regarding: { apiVersion: 'v1', kind: 'Node', name: 'node-7' },
  type: 'Warning',
  reason: 'AgentMissing',
  action: 'Evaluate',
  note: 'no agent runs on node-7',
};

let kube: FakeKube;
let transport: Transport;
let clock: FakeClock;
let recorder: EventRecorder;
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  kube = await startFakeKube();
  transport = createTransport(kube.access, { userAgent: 'test' });
  clock = new FakeClock();
  stop = new AbortController();
  recorder = createEventRecorder({
    transport,
    reportingController: 'workloadprotection.dev/operator',
    reportingInstance: 'operator-0',
    clock,
  });
  running = recorder.run(stop.signal);
});

afterEach(async () => {
  stop.abort();
  await running;
  await transport.close();
  await kube.close();
});

/** The flush is by the clock; the answers of the server are not. */
async function sent(requests: number): Promise<void> {
  await eventually(
    `${requests} requests`,
    async () => (await clock.advance(600), kube.requests.length),
    (seen) => seen >= requests,
  );
}

describe('an event', () => {
  test('is written once, in the namespace of its object, or in default', async () => {
    recorder.record(missing);
    recorder.record({ ...missing, regarding: { apiVersion: 'v1', kind: 'Pod', name: 'p', namespace: 'team' } });
    await sent(2);
    expect(kube.requests.map(({ path }) => path)).toEqual([
      '/apis/events.k8s.io/v1/namespaces/default/events',
      '/apis/events.k8s.io/v1/namespaces/team/events',
    ]);
    expect(kube.requests[0]?.body).toMatchObject({
      kind: 'Event',
      type: 'Warning',
      reason: 'AgentMissing',
      action: 'Evaluate',
      reportingController: 'workloadprotection.dev/operator',
      reportingInstance: 'operator-0',
      eventTime: expect.stringMatching(/\.\d{6}Z$/),
      regarding: { kind: 'Node', name: 'node-7' },
    });
  });

  test('that recurs is one series, written at most once a minute', async () => {
    recorder.record(missing);
    await sent(1);
    for (let i = 0; i < 1000; i += 1) recorder.record(missing);
    await clock.advance(30_000);
    expect(kube.requests).toHaveLength(1);
    await clock.advance(30_000);
    await sent(2);
    expect(kube.requests[1]).toMatchObject({ method: 'PATCH', body: { series: { count: 1001 } } });
    await clock.advance(300_000);
    expect(kube.requests).toHaveLength(2);
  });

  test('after ten quiet minutes is a new one', async () => {
    recorder.record(missing);
    await sent(1);
    await clock.advance(601_000);
    recorder.record(missing);
    await sent(2);
    expect(kube.requests.map(({ method }) => method)).toEqual(['POST', 'POST']);
  });

  test('beyond the burst is dropped and counted', async () => {
    for (let i = 0; i < 80; i += 1)
      recorder.record({ ...missing, regarding: { ...missing.regarding, name: `node-${i}` } });
    await sent(50);
    expect(recorder.dropped).toBe(30);
    expect(kube.requests).toHaveLength(50);
  });

  test('that the server refuses is dropped and counted', async () => {
    kube.settings.forbidden.add('events');
    recorder.record(missing);
    await sent(1);
    await eventually('it is counted', () => recorder.dropped === 1);
  });

  test('with a long note is cut at 1,024 bytes, not within a character', async () => {
    recorder.record({ ...missing, note: 'ž'.repeat(2000) });
    await sent(1);
    const note = String((kube.requests[0]?.body as { note?: string } | undefined)?.note);
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(note).toMatch(/^ž+…$/);
  });
});
