import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { falcoEvents } from '../../agents/falco/event.ts';
import { kubeArmorEvents } from '../../agents/kubearmor/event.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { silentLog } from '../../kube/log.ts';
import type { Transport } from '../../kube/transport.ts';
import { createStatusWriter } from '../status.ts';
import { createRecordingWriter } from '../testing/recording-writer.ts';
import { createOurObjects, type RawObject } from '../watches.ts';
import { createFindingKeeper } from './keep.ts';
import { createFindingMetrics } from './metrics.ts';
import { hour, only, setUp } from './testing/world.ts';
import { createUnattributedBook } from './unattributed.ts';

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

/** A leader that finds one finding of the namespace shop, as another has left it. */
const leader = async (transport: Transport = {} as Transport) => {
  const world = setUp();
  world.post();
  world.write();
  const { key } = only(world.book());
  const stored = world.objects.get(key);
  const object = { ...stored, metadata: { ...stored?.metadata, uid: 'uid-1' } } as RawObject;
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
    transport,
    writer,
    status: createStatusWriter(writer, () => {}),
    events: { record: () => {} },
    metrics: createFindingMetrics(new Registry()),
    namespace: 'workload-protection',
    teamLabels: [],
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
  return { ours, writer, model, clock, terminate, tombstones, object, keeper, deliveries: world.deliveries };
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
