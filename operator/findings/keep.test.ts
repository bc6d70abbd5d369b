import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { falcoEvents } from '../../agents/falco/event.ts';
import { kubeArmorEvents } from '../../agents/kubearmor/event.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { silentLog } from '../../kube/log.ts';
import { KubeError } from '../../kube/errors.ts';
import type { Transport } from '../../kube/transport.ts';
import { createStatusWriter } from '../status.ts';
import { createRecordingWriter } from '../testing/recording-writer.ts';
import { createOurObjects, type RawObject } from '../watches.ts';
import { createFindingKeeper } from './keep.ts';
import { createFindingMetrics } from './metrics.ts';
import { hour, only, setUp, start } from './testing/world.ts';
import { createUnattributedBook } from './unattributed.ts';

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

/** A leader that finds one finding of the namespace shop, as another has left it. */
const leader = async (
  transport: Transport = {} as Transport,
  { mayGo = () => true, status = {} }: { readonly mayGo?: () => boolean; readonly status?: object } = {},
) => {
  const world = setUp();
  world.post();
  world.write();
  const { key } = only(world.book());
  const stored = world.objects.get(key);
  const metadata = { ...stored?.metadata, uid: 'uid-1' };
  const object = { ...stored, metadata, status: { ...stored?.status, ...status } } as RawObject;
  const told: (string | undefined)[] = [];
  const ours = createOurObjects();
  ours.findings.upsert(object);
  const writer = createRecordingWriter();
  const clock = new FakeClock();
  const stop = new AbortController();
  stops.push(stop);
  const { model } = world;
  const keeper = createFindingKeeper({
    keeper: { model, touch: () => {}, subscribe: () => () => {}, isEvaluated: () => true, run: async () => {} },
    model,
    ours,
    adapters: new Map([
      ['kubearmor', kubeArmorEvents],
      ['falco', falcoEvents],
    ]),
    policies: model.policies,
    pods: world.recent,
    endedPods: world.ended,
    unheard: () => [],
    deliveries: world.deliveries,
    unattributed: createUnattributedBook(() => {}),
    cgroups: () => ({ version: undefined, why: 'nobody asks kubelets' }),
    isExported: () => false,
    mayGo,
    transport,
    writer,
    status: createStatusWriter(writer, () => {}),
    events: { record: ({ reason, regarding }) => void told.push(`${reason} of ${regarding.uid}`) },
    metrics: createFindingMetrics(new Registry()),
    namespace: 'workload-protection',
    teamKeys: [],
    mostPerNamespace: 10,
    retentionMs: hour,
    queueMetrics: {},
    clock,
    log: silentLog,
    signal: stop.signal,
  });
  void keeper.run(stop.signal);
  await clock.advance(0);
  const terminate = (): void => model.upsertNamespace({ name: 'shop', labels: {}, terminating: true });
  const tombstones = (): readonly string[] =>
    writer.writes.flatMap(({ verb, name }) => (verb === 'applyStatus' && name.startsWith('shop-') ? [name] : []));
  return { ours, writer, model, clock, terminate, tombstones, object, keeper, deliveries: world.deliveries, told };
};

describe('a namespace that goes', () => {
  test('leaves a tombstone before its findings are gone', async () => {
    const { clock, terminate, tombstones } = await leader();
    terminate();
    await clock.advance(15_000);
    expect(tombstones()).toHaveLength(1);
    await clock.advance(600_000);
    expect(tombstones()).toHaveLength(1);
  });

  test('leaves one where the finding goes first', async () => {
    const { clock, ours, terminate, tombstones, object } = await leader();
    ours.findings.remove('shop', object.metadata.name);
    terminate();
    await clock.advance(1000);
    expect(tombstones()).toHaveLength(1);
  });
});

const installs = {
  rule: 'Launch Package Management Process in Container',
  time: '2026-11-22T00:00:00Z',
  priority: 'Error',
  source: 'syscall',
  hostname: 'node-1',
  output_fields: { 'proc.name': 'apk', 'k8s.ns.name': 'shop', 'k8s.pod.name': 'cart-a', 'container.name': 'app' },
};
const installing = { source: 'falco', sender: 'test', node: undefined, at: 1000, items: [installs] } as const;

test('a decision on a case is followed when it is seen, and not at the next look', async () => {
  const { ours, object, told } = await leader();
  ours.findings.upsert({ ...object, spec: { case: { phase: 'Remediating' } } } as RawObject);
  expect(told).toEqual(['RemediationStarted of uid-1']);
});

test('the Event of the first sighting is of the finding that was made for it, so that kubectl describe shows it', async () => {
  const { keeper, clock, told, writer } = await leader();
  keeper.take(installing, 'b', 5);
  await clock.advance(1000);
  const made = writer.writes.find(({ verb, name }) => verb === 'apply' && name.startsWith('package-manager'));
  expect(told).toEqual([`BehaviourSeen of uid-of-${made?.name}`]);
});

describe('a namespace that is not there when a finding is made in it', () => {
  const notFound = { code: 404, reason: 'NotFound', message: 'namespaces "shop" not found', request: 'PATCH' };

  test('has gone before the event came, which does not hold the journal', async () => {
    const { keeper, clock, writer, told } = await leader();
    keeper.take(installing, 'b', 5);
    writer.failNext(new KubeError(notFound));
    await clock.advance(60_000);
    expect(keeper.included(5)).toBe(5);
    expect(told).toEqual([]);
  });

  test('is asked for again where it is known to be', async () => {
    const { keeper, clock, writer, model, told } = await leader();
    model.upsertNamespace({ name: 'shop', labels: {}, terminating: false });
    keeper.take(installing, 'b', 5);
    writer.failNext(new KubeError(notFound));
    await clock.advance(60_000);
    expect(keeper.included(5)).toBe(5);
    expect(told).toHaveLength(1);
  });
});

test('a finding that is resolved goes after its time, and not before the outside has been told all of it', async () => {
  let isTold = false;
  const status = { phase: 'Resolved', resolution: 'Verified', resolvedAt: '2026-01-01T00:00:00Z' };
  const { clock, writer, object } = await leader({} as Transport, { mayGo: () => isTold, status });
  await clock.advance(60_000);
  expect(writer.writes).toEqual([]);
  isTold = true;
  await clock.advance(60_000);
  expect(writer.writes[0]).toEqual({ verb: 'delete', kind: 'Finding', name: object.metadata.name });
});

test('a finding that somebody deletes leaves nothing', async () => {
  const { clock, ours, tombstones, object } = await leader();
  ours.findings.remove('shop', object.metadata.name);
  await clock.advance(600_000);
  expect(tombstones()).toEqual([]);
});

describe('what was dropped on the way', () => {
  const entry = { source: 'kubearmor' as const, sender: 'relay', node: undefined, at: 0, items: [] };
  const alert = {
    Type: 'SystemEvent',
    Operation: 'AlertThreshold',
    HostName: 'node-1',
    DroppingAlertsInterval: 30,
  };
  const node = 'node-1';

  test.each<[string, object, readonly [boolean, boolean]]>([
    ['of a node, is of that node', { node, shed: true }, [true, false]],
    ['of a forwarder, may be of any', { shed: true }, [true, true]],
    ['as the agent says, is of its node', { items: [alert] }, [true, false]],
    [
      'as the agent says, is of no other node than the sender may speak of',
      { node: 'node-2', items: [alert] },
      [false, true],
    ],
    ['is nothing where nothing was', { items: [{ ...alert, Operation: 'Process' }] }, [false, false]],
  ])('%s', async (_, told, expected) => {
    const { keeper, deliveries } = await leader();
    keeper.take({ ...entry, ...told }, 'a', 1);
    expect(['node-1', 'node-2'].map((name) => deliveries.shed(name, 60_000))).toEqual(expected);
  });
});

test('what was lost under an earlier leader is not forgotten by the next', async () => {
  const suspendedMessage = 'on node node-1: falco counted 5 more of rule Compiler run in container than arrived';
  const quiet = { required: '24h', observedBefore: '1h', suspendedReason: 'DeliveryUnproven', suspendedMessage };
  const { deliveries } = await leader({} as Transport, { status: { quiet: { ...quiet, evidence: 'Delivered' } } });
  const question = { node: 'node-1', agent: 'falco', rules: [], withinMs: hour, staleAfter: hour };
  expect(deliveries.undelivered(question)).toMatch(/^before the operator was started falco had counted more/);
});

test.each<[string, string | undefined, readonly string[]]>([
  ['the node that it names', undefined, ['node-1']],
  ['the node that its sender is limited to, whichever it names', 'node-2', ['node-2']],
])('an event proves that events arrive from %s', async (_, node, expected) => {
  const { keeper, deliveries } = await leader();
  const item = { rule: 'Anything', time: '2026-11-22T00:00:00Z', source: 'syscall', hostname: 'node-1' };
  keeper.take({ source: 'falco', sender: 'test', node, at: start, items: [item] }, 'b', 5);
  const question = { agent: 'falco', rules: [], withinMs: hour, staleAfter: hour };
  const proven = ['node-1', 'node-2'].filter(
    (name) => deliveries.undelivered({ ...question, node: name }) === undefined,
  );
  expect(proven).toEqual(expected);
});

test('what comes behind an event that waits for the containers of its node waits too, so that none is taken for a replay', async () => {
  const asked = Promise.withResolvers<unknown>();
  const transport = { request: () => asked.promise } as unknown as Transport;
  const { keeper, ours, object, clock, writer } = await leader(transport);
  const event = (fields: object) => ({
    rule: 'Compiler run in container',
    time: '2026-11-22T00:00:00Z',
    priority: 'Notice',
    source: 'syscall',
    hostname: 'node-1',
    output_fields: { 'proc.name': 'gcc', ...fields },
  });
  const byId = event({ 'container.id': '3f2a1b4c5d6e' });
  const byName = event({ 'k8s.ns.name': 'shop', 'k8s.pod.name': 'cart-a', 'container.name': 'app' });
  const before = (object as unknown as { status: { count: number } }).status.count;
  const entry = { source: 'falco', sender: 'test', node: undefined, at: 1000, items: [byId, byName] } as const;
  keeper.take(entry, 'b', 5);
  expect(keeper.included(6)).toBe(4);
  const containerStatuses = [{ name: 'app', containerID: 'containerd://3f2a1b4c5d6e7f80' }];
  asked.resolve({ items: [{ metadata: { namespace: 'shop', name: 'cart-a' }, status: { containerStatuses } }] });
  await clock.advance(60_000);
  const written = writer.writes.findLast(({ verb, name }) => verb === 'applyStatus' && name === object.metadata.name);
  expect(written?.object).toMatchObject({ status: { count: before + 2, journal: { b: 6 } } });
  expect(keeper.included(6)).toBe(6);
  expect([...ours.findings.list()]).toHaveLength(1);
});

describe('a finding that the API server refuses to store', () => {
  const refusal = (code: number, reason: string): KubeError =>
    new KubeError({ code, reason, message: 'status.count: Invalid value', request: 'PATCH finding' });

  /** Up to where the journal is given back, minute by minute, while every write is answered so. */
  const minutes = async (error: Error, count: number) => {
    const { keeper, clock, writer } = await leader();
    const applyStatus = writer.applyStatus.bind(writer);
    const refuse: typeof applyStatus = async () => {
      throw error;
    };
    Object.assign(writer, { applyStatus: refuse });
    keeper.take(installing, 'b', 5);
    const included: number[] = [];
    for (let minute = 0; minute < count; minute++) {
      await clock.advance(60_000);
      included.push(keeper.included(9));
    }
    return { keeper, clock, writer, included, mend: () => void Object.assign(writer, { applyStatus }) };
  };

  test.each<[string, Error]>([
    ['as invalid', refusal(422, 'Invalid')],
    ['as too large', refusal(413, 'RequestEntityTooLarge')],
    ['since nobody may', refusal(403, 'Forbidden')],
    ['in no words at all, since it cannot be put into any', new RangeError('Invalid time value')],
  ])('%s holds the journal for some minutes, and not for ever', async (_, error) => {
    const { keeper, included } = await minutes(error, 5);
    expect(included[0]).toBe(4);
    expect(included.at(-1)).toBe(9);
    expect(keeper.refused()).toContainEqual({
      finding: expect.stringMatching(/^shop\/package-manager-in-container-/) as string,
      message: error.message,
    });
  });

  test('is written with all that it counts once it may be', async () => {
    const { keeper, clock, writer, mend } = await minutes(refusal(422, 'Invalid'), 5);
    keeper.take(installing, 'b', 8);
    expect(keeper.included(9)).toBe(9);
    mend();
    await clock.advance(120_000);
    expect(keeper.refused()).toEqual([]);
    const written = writer.writes.findLast(({ verb, name }) => verb === 'applyStatus' && name.startsWith('package'));
    expect(written?.object).toMatchObject({ status: { count: 2, journal: { b: 8 } } });
    keeper.take(installing, 'b', 10);
    expect(keeper.included(10)).toBe(9);
  });

  test.each<[string, Error]>([
    ['is busy', refusal(429, 'TooManyRequests')],
    ['has failed', refusal(500, 'InternalError')],
    ['is away', refusal(0, 'ECONNREFUSED')],
  ])('because it %s is waited for as long as that lasts', async (_, error) => {
    const { keeper, included } = await minutes(error, 10);
    expect([included.at(-1), keeper.refused()]).toEqual([4, []]);
  });
});

describe('a leader', () => {
  const ran = {
    quiet: { required: '24h', observedBefore: '23h', runningSince: '2026-09-21T00:00:00Z', evidence: 'Running' },
  };

  test('says that the one before it was away before anybody may say that it lives', async () => {
    const { keeper, writer, object, clock } = await leader(undefined, { status: ran });
    while (!keeper.mayClaimToLive()) await clock.advance(100);
    const written = writer.writes.findLast(({ verb, name }) => verb === 'applyStatus' && name === object.metadata.name);
    expect(written?.object).toMatchObject({
      status: {
        phase: 'Open',
        quiet: {
          observedBefore: '23h',
          suspendedReason: 'OperatorDown',
          suspendedMessage: 'the operator was away, and nobody heard what happened meanwhile',
        },
      },
    });
  });

  test('that stood still has observed nothing meanwhile', async () => {
    const { clock, writer } = await leader(undefined, { status: ran });
    const phases = (): readonly unknown[] =>
      writer.writes.flatMap(
        ({ object }) => (object as { status?: { phase?: string } } | undefined)?.status?.phase ?? [],
      );
    await clock.advance(120_000);
    clock.stall(30 * hour);
    await clock.advance(120_000);
    expect(phases()).not.toContain('Resolved');
    await clock.advance(hour);
    expect(phases()).toContain('Resolved');
  });
});

test('an event that cannot be worked in, by a mistake of ours, takes none of those beside it with it', async () => {
  const { keeper, clock, writer } = await leader();
  const cursed = {
    ...installs,
    get rule(): string {
      throw new Error('a mistake');
    },
  };
  keeper.take({ ...installing, items: [installs, cursed, installs] }, 'b', 5);
  await clock.advance(60_000);
  const written = writer.writes.findLast(({ verb, name }) => verb === 'applyStatus' && name.startsWith('package'));
  expect(written?.object).toMatchObject({ status: { count: 2, journal: { b: 7 } } });
});
