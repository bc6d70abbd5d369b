import { expect, test } from 'vitest';
import { createCoverageModel } from '../../../domain/coverage/model.ts';
import { sliceIndexOf } from '../../../domain/coverage/slices.ts';
import { aNode } from '../../../domain/testing/nodes.ts';
import { createUnattributedBook } from '../../findings/unattributed.ts';
import { createRecordingWriter } from '../../testing/recording-writer.ts';
import { createOurObjects, type RawObject } from '../../watches.ts';
import { projectSlice, sliceName } from './plan.ts';
import { createSliceKeeper } from './reconcile.ts';

const report = 'cluster';

/** A fleet of 600 nodes without agents: four slices of nodes, one of workloads. */
const setUp = () => {
  const model = createCoverageModel();
  for (let index = 0; index < 600; index++) model.upsertNode(aNode({ name: `node-${index}` }));
  model.evaluate(0);
  const ours = createOurObjects();
  ours.reports.upsert({
    apiVersion: 'workloadprotection.dev/v1alpha1',
    kind: 'CoverageReport',
    metadata: { name: report, uid: 'u' },
  } as RawObject);
  const writer = createRecordingWriter();
  const enqueued: string[] = [];
  let now = 1_000_000;
  const keeper = createSliceKeeper({
    model,
    ours,
    unattributed: { of: () => undefined },
    stored: ours.slices,
    writer,
    now: () => now,
    enqueue: (name) => enqueued.push(name),
    onWrite: () => {},
  });
  /** What was written comes back as the API server tells it: with its defaults, its keys in its own order. */
  const echo = (): void => {
    for (const [index, { object }] of writer.writes.entries()) {
      const { rulesets = [], ...slice } = JSON.parse(JSON.stringify(object)) as Record<string, unknown>;
      const metadata = { ...(slice['metadata'] as object), resourceVersion: String(index + 1) };
      const stored = projectSlice({ rulesets, profiles: slice['profiles'], spec: slice['spec'], metadata });
      if (stored !== undefined) ours.slices.upsert(stored);
    }
  };

  return { model, ours, writer, keeper, enqueued, echo, pass: (ms: number) => (now += ms) };
};

const names = (writes: readonly { readonly name: string }[]): readonly string[] =>
  writes.map(({ name }) => name).toSorted();

const all = [0, 1, 2, 3].map((index) => sliceName(report, 'Nodes', index)).concat(sliceName(report, 'Workloads', 0));

test('every slice is written once, and again only when its assets change', async () => {
  const { model, writer, keeper, echo, pass } = setUp();
  await keeper.reconcile(report);
  expect(names(writer.writes)).toEqual(all);
  echo();
  pass(60_000);
  await keeper.reconcile(report);
  expect(writer.writes).toHaveLength(5);
  model.removeNode('node-7');
  keeper.changed(model.evaluate(0).nodes, []);
  await keeper.reconcile(report);
  expect(names(writer.writes.slice(5))).toEqual([sliceName(report, 'Nodes', sliceIndexOf('node-7', 4))]);
});

test('all assets are in the slices, each once', async () => {
  const { writer, keeper } = setUp();
  await keeper.reconcile(report);
  const written = writer.writes.flatMap(({ object }) =>
    (object as unknown as { profiles: { names: string[] }[] }).profiles.flatMap((profile) => profile.names),
  );
  expect(written.toSorted()).toEqual(Array.from({ length: 600 }, (_, index) => `node-${index}`).toSorted());
});

test('a slice is not written twice within ten seconds, and what is left is asked for again', async () => {
  const { model, writer, keeper, echo, pass } = setUp();
  await keeper.reconcile(report);
  echo();
  pass(4000);
  model.removeNode('node-7');
  keeper.changed(model.evaluate(0).nodes, []);
  expect(await keeper.reconcile(report)).toEqual({ requeueAfterMs: 6000 });
  expect(writer.writes).toHaveLength(5);
  pass(6000);
  await keeper.reconcile(report);
  expect(writer.writes).toHaveLength(6);
});

test('a new leader finds the slices of the old one and writes none of them', async () => {
  const first = setUp();
  await first.keeper.reconcile(report);
  first.echo();
  const second = createRecordingWriter();
  const keeper = createSliceKeeper({
    model: first.model,
    ours: first.ours,
    unattributed: { of: () => undefined },
    stored: first.ours.slices,
    writer: second,
    now: () => 5_000_000,
    enqueue: () => {},
    onWrite: () => {},
  });
  await keeper.reconcile(report);
  expect(second.writes).toEqual([]);
});

test('a slice that somebody deletes or changes is written again', async () => {
  const { ours, writer, keeper, enqueued, echo, pass } = setUp();
  await keeper.reconcile(report);
  echo();
  enqueued.length = 0;
  ours.slices.remove('', sliceName(report, 'Nodes', 2));
  expect(enqueued).toEqual([report]);
  pass(10_000);
  await keeper.reconcile(report);
  expect(names(writer.writes.slice(5))).toEqual([sliceName(report, 'Nodes', 2)]);
  echo();
  const stored = ours.slices.get('', sliceName(report, 'Nodes', 1));
  if (stored !== undefined) ours.slices.upsert({ ...stored, hash: 'other', resourceVersion: '99' });
  pass(10_000);
  await keeper.reconcile(report);
  expect(names(writer.writes.slice(6))).toEqual([sliceName(report, 'Nodes', 1)]);
});

test('a report that was deleted and comes back gets slices of its own', async () => {
  const { ours, writer, keeper, echo, pass } = setUp();
  await keeper.reconcile(report);
  echo();
  keeper.forget(report);
  // The garbage collector follows the deleted owner, before or after the next report is there.
  for (const name of all) ours.slices.remove('', name);
  pass(10_000);
  await keeper.reconcile(report);
  expect(names(writer.writes.slice(5))).toEqual(all);
});

test('a watch that lags behind our own writes is not believed, and what it brings late is no change', async () => {
  const { model, writer, keeper, enqueued, echo, pass } = setUp();
  await keeper.reconcile(report);
  echo();
  const change = async (): Promise<void> => {
    keeper.changed(model.evaluate(0).nodes, []);
    pass(10_000);
    await keeper.reconcile(report);
  };
  model.removeNode('node-7');
  await change();
  // The store still holds what was there before; the same is wanted again.
  model.upsertNode(aNode({ name: 'node-7' }));
  await change();
  const slice = sliceName(report, 'Nodes', sliceIndexOf('node-7', 4));
  expect(names(writer.writes.slice(5))).toEqual([slice, slice]);
  enqueued.length = 0;
  echo();
  expect(enqueued).toEqual([]);
});

test('a slice that could not be written stays to be written', async () => {
  const { writer, keeper } = setUp();
  writer.failNext(new Error('etcd is full'));
  await expect(keeper.reconcile(report)).rejects.toThrow('etcd is full');
  await keeper.reconcile(report);
  expect(names(writer.writes)).toEqual(all);
});

test('slices beyond the number that is needed are deleted', async () => {
  const { model, writer, keeper, echo, pass } = setUp();
  await keeper.reconcile(report);
  echo();
  for (let index = 20; index < 600; index++) model.removeNode(`node-${index}`);
  keeper.changed(model.evaluate(0).nodes, []);
  pass(10_000);
  await keeper.reconcile(report);
  expect(names(writer.writes.filter(({ verb }) => verb === 'delete'))).toEqual(
    [1, 2, 3].map((index) => sliceName(report, 'Nodes', index)),
  );
});

test('a snapshot is not ours to write', async () => {
  const { ours, writer, keeper } = setUp();
  ours.reports.upsert({
    apiVersion: 'workloadprotection.dev/v1alpha1',
    kind: 'CoverageReport',
    metadata: { name: report, uid: 'u' },
    spec: { snapshotOf: { name: 'other' } },
  } as unknown as RawObject);
  await keeper.reconcile(report);
  expect(writer.writes).toEqual([]);
});

test('events that belong to nobody stand with their node, the latest first', async () => {
  const { model, ours, writer } = setUp();
  const unattributed = createUnattributedBook(() => {});
  const changed: string[] = [];
  unattributed.subscribe((node) => changed.push(node));
  const event = {
    at: 1000,
    agentType: 'Falco',
    rule: 'Terminal shell',
    tags: [],
    tactics: [],
    techniques: [],
    origin: {},
  };
  for (let at = 1; at <= 25; at++) unattributed.note('node-7', 'PodUnknown', 'no such pod', { ...event, at }, 'falco');
  unattributed.note(undefined, 'NothingSaid', 'nothing', event, 'falco');
  const keeper = createSliceKeeper({
    model,
    ours,
    unattributed,
    stored: ours.slices,
    writer,
    now: () => 1_000_000,
    enqueue: () => {},
    onWrite: () => {},
  });
  await keeper.reconcile(report);
  const slice = writer.writes.find(({ name }) => name === sliceName(report, 'Nodes', sliceIndexOf('node-7', 4)));
  const written = slice?.object as unknown as { unattributed: { events: object[] }[] } | undefined;
  const [entry, ...others] = written?.unattributed ?? [];
  expect(others).toEqual([]);
  expect(entry).toMatchObject({ node: 'node-7', count: 25 });
  expect(entry?.events).toHaveLength(20);
  expect(entry?.events[0]).toEqual({
    time: '1970-01-01T00:00:00.025Z',
    agent: 'falco',
    rule: 'Terminal shell',
    why: 'no such pod',
  });
  expect(changed).toEqual(Array.from({ length: 25 }, () => 'node-7'));
});
