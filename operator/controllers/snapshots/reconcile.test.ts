import { describe, expect, test } from 'vitest';
import type { CoverageReportInput } from '../../../crds/schema/coverage-report.ts';
import { createCoverageModel, type CoverageModel } from '../../../domain/coverage/model.ts';
import { aNode } from '../../../domain/testing/nodes.ts';
import { aPod } from '../../../domain/testing/pods.ts';
import { snapshotDigest } from '../../../facts/snapshot-digest.ts';
import { createStatusWriter } from '../../status.ts';
import { createFakeReports, type StoredReport } from '../../testing/fake-reports.ts';
import { createOurObjects } from '../../watches.ts';
import { createHistoryKeeper } from '../history/keep.ts';
import { together } from '../history/over-time.ts';
import { describeReport } from '../report/reconcile.ts';
import { createSliceKeeper } from '../slices/reconcile.ts';
import { createSnapshotReconcile } from './reconcile.ts';
import { createScheduleKeeper } from './schedules.ts';

const start = Date.parse('2026-11-22T05:00:00Z');
const hour = 3_600_000;

/** Without agents. */
const fleetOf = (nodes: number, workloads: number): CoverageModel => {
  const model = createCoverageModel();
  for (let index = 0; index < nodes; index++) model.upsertNode(aNode({ name: `node-${index}` }));
  for (let index = 0; index < workloads; index++) {
    model.upsertPod(aPod({ namespace: `team-${index % 100}`, name: `web-${index}`, node: `node-${index % nodes}` }));
  }
  return model;
};

/** A fleet of 300 nodes: two slices of nodes, one of workloads. */
const setUp = (fake = createFakeReports(), at = start, model = fleetOf(300, 0)) => {
  model.evaluate(at);
  const ours = createOurObjects();
  const { writer } = fake;
  let now = at;
  const slices = createSliceKeeper({
    model,
    ours,
    unattributed: { of: () => undefined },
    stored: ours.slices,
    writer,
    now: () => now,
    enqueue: () => {},
    onWrite: () => {},
  });
  const schedules = createScheduleKeeper();
  const overTime = together([createHistoryKeeper(), schedules]);
  const taken: string[] = [];
  const silent: string[] = [];
  const unheard = (): readonly string[] => silent;
  const status = createStatusWriter(writer, () => {});
  const reconcile = createSnapshotReconcile({
    ours,
    writer,
    status,
    slices,
    schedules,
    describe: (object, spec, moment) => describeReport({ model, slices, overTime, unheard }, object, spec, moment),
    sliceNames: async (report) => fake.slices(report).map(({ metadata }) => metadata.name),
    unheard,
    cluster: 'prod',
    identity: async () => ({ clusterId: 'uid-of-kube-system', kubernetesVersion: 'v1.36.3' }),
    now: () => now,
    enqueueReport: () => {},
    onTaken: (_, of, { digest }) => taken.push(`${of} ${digest}`),
  });
  const put = (name: string, spec: CoverageReportInput['spec'], annotations = {}): void =>
    fake.put({ metadata: { name, annotations }, spec });
  return {
    fake,
    ours,
    taken,
    silent,
    put,
    /** The watch has brought everything, and the key is worked on. */
    run: async (name: string) => {
      fake.sync(ours);
      return reconcile(name);
    },
    reconcile,
    at: (text: string): void => {
      now = Date.parse(text);
    },
    pass: (ms: number): void => {
      now += ms;
    },
    /** The report's own status, as its reconcile writes it: what schedules remember stands there. */
    writeStatus: async (name: string, spec: CoverageReportInput['spec']) => {
      const object = fake.report(name);
      const { content } = schedules.describe({
        object,
        spec: object.spec as never,
        report: undefined as never,
        tally: undefined as never,
        at: now,
        isHeard: true,
      });
      fake.put({ ...object, spec, status: content });
    },
  };
};

const ready = (object: StoredReport): string => {
  const found = object.status?.conditions?.find(({ type }) => type === 'Ready');
  return `${found?.status ?? 'none'} ${found?.reason ?? ''}`;
};

const name = 'before-audit';

const expectWhole = ({ fake }: Pick<ReturnType<typeof setUp>, 'fake'>): void => {
  const snapshot = fake.report(name);
  const slices = fake.slices(name);
  expect(snapshot.status?.snapshot).toMatchObject({
    cluster: 'prod',
    clusterId: 'uid-of-kube-system',
    kubernetesVersion: 'v1.36.3',
    imported: false,
  });
  expect(snapshot.status?.snapshot?.digest).toBe(snapshotDigest(snapshot, slices));
  expect(ready(snapshot)).toBe('True Frozen');
  expect(snapshot.status).toMatchObject({ slices: 3, counts: { nodes: { total: 300 } } });
  expect(slices.map(({ spec }) => spec)).toEqual(
    [
      ['Nodes', 0, 2],
      ['Nodes', 1, 2],
      ['Workloads', 0, 1],
    ].map(([assets, index, of]) => ({ report: name, assets, index, of, frozen: true })),
  );
  const names = slices.flatMap(({ profiles }) =>
    (profiles as { names: string[] }[]).flatMap((profile) => profile.names),
  );
  expect(names).toHaveLength(300);
};

describe('a snapshot that is asked for', () => {
  test('gets the status of its report, every asset, and the digest of both as the server keeps them', async () => {
    const world = setUp();
    world.put('cluster', {});
    world.put(name, { snapshotOf: { name: 'cluster' } });
    await world.run(name);
    expectWhole(world);
    expect(world.taken).toEqual([`cluster ${world.fake.report(name).status?.snapshot?.digest ?? ''}`]);
    expect(world.fake.report(name).status?.['history']).toHaveLength(1);
  });

  test('is not touched again once it is whole, also where the watch lags behind', async () => {
    const world = setUp();
    world.put('cluster', {});
    world.put(name, { snapshotOf: { name: 'cluster' } });
    await world.run(name);
    const whole = world.fake.report(name);
    // What the store holds here is still the empty one.
    await world.reconcile(name);
    await world.run(name);
    expect(world.fake.report(name)).toBe(whole);
    expect(world.taken).toHaveLength(1);
  });

  test.each([0, 1, 2, 3, 4])(
    'is begun again by the next leader where the operator dies before write %i',
    async (writes) => {
      const first = setUp();
      first.put('cluster', {});
      first.put(name, { snapshotOf: { name: 'cluster' } });
      first.fake.failAfter(writes);
      await expect(first.run(name)).rejects.toThrow('the operator is killed');
      expect(first.fake.report(name).status?.snapshot).toBeUndefined();
      expect(ready(first.fake.report(name))).not.toMatch(/^True/);
      const second = setUp(first.fake, start + hour);
      await second.run(name);
      expectWhole(second);
    },
  );

  test('waits while the operator is deaf, for what it knows may be of the past', async () => {
    const world = setUp();
    world.put('cluster', {});
    world.put(name, { snapshotOf: { name: 'cluster' } });
    world.silent.push('nodes');
    expect(await world.run(name)).toEqual({ requeueAfterMs: 10_000 });
    expect(ready(world.fake.report(name))).toBe('False WatchesSilent');
    world.silent.length = 0;
    await world.run(name);
    expectWhole(world);
  });

  test('waits for its report', async () => {
    const world = setUp();
    world.put(name, { snapshotOf: { name: 'cluster' } });
    await world.run(name);
    expect(ready(world.fake.report(name))).toBe('False ReportNotFound');
    world.put('cluster', {});
    await world.run(name);
    expectWhole(world);
  });

  test.each<readonly [string, CoverageReportInput['spec'], CoverageReportInput['spec'], string]>([
    [
      'a snapshot has no snapshots',
      { snapshotOf: { name: 'other' } },
      { snapshotOf: { name: 'team' } },
      'False SnapshotOfSnapshot',
    ],
    [
      'a scope of its own is none that the report has',
      { scope: { nodeSelector: { matchLabels: { pool: 'a' } } } },
      { snapshotOf: { name: 'team' }, scope: { nodeSelector: { matchLabels: { pool: 'b' } } } },
      'False ScopeDiffers',
    ],
  ])('%s', async (_, team, spec, expected) => {
    const world = setUp();
    world.put('team', team);
    world.put(name, spec);
    await world.run(name);
    expect(ready(world.fake.report(name))).toBe(expected);
    expect(world.taken).toEqual([]);
  });

  test('holds 5,000 nodes and 10,000 workloads in objects that etcd takes', async () => {
    const world = setUp(createFakeReports(), start, fleetOf(5000, 10_000));
    world.put('cluster', {});
    world.put(name, { snapshotOf: { name: 'cluster' } });
    await world.run(name);
    const slices = world.fake.slices(name);
    const assets = slices.flatMap(({ profiles }) => (profiles as { names: string[] }[]).flatMap((each) => each.names));
    expect(new Set(assets).size).toBe(15_000);
    const sizes = [world.fake.report(name), ...slices].map((object) => JSON.stringify(object).length);
    expect(Math.max(...sizes)).toBeLessThan(1_500_000);
    expect(snapshotDigest(world.fake.report(name), slices)).toBe(world.fake.report(name).status?.snapshot?.digest);
  });

  test('is left alone where an import fills it', async () => {
    const world = setUp();
    world.put('cluster', {});
    world.put(name, { snapshotOf: { name: 'cluster' } }, { 'workloadprotection.dev/imported': 'true' });
    await world.run(name);
    expect(world.fake.report(name).status).toBeUndefined();
    expect(world.fake.slices(name)).toEqual([]);
  });
});

describe('a schedule', () => {
  const hourly = (keep: number): CoverageReportInput['spec'] => ({ snapshots: { schedule: '@hourly', keep } });

  test('makes a snapshot each time that it is due, named after that time, and none before', async () => {
    const world = setUp();
    world.put('cluster', hourly(3));
    expect(await world.run('cluster')).toEqual({ requeueAfterMs: 60_000 });
    expect(world.fake.names()).toEqual(['cluster']);
    world.at('2026-11-22T06:00:03Z');
    await world.run('cluster');
    await world.run('cluster');
    expect(world.fake.names()).toEqual(['cluster', 'cluster-20261122t060000z']);
    expect(world.fake.report('cluster-20261122t060000z').spec['snapshotOf']).toEqual({ name: 'cluster' });
  });

  test('goes on with the next leader where the last one ended, and makes up for what was missed once', async () => {
    const first = setUp();
    first.put('cluster', hourly(3));
    await first.run('cluster');
    await first.writeStatus('cluster', hourly(3));
    const second = setUp(first.fake, start + 3.5 * hour);
    await second.run('cluster');
    await second.run('cluster');
    expect(second.fake.names()).toEqual(['cluster', 'cluster-20261122t080000z']);
    await second.writeStatus('cluster', hourly(3));
    expect(second.fake.report('cluster').status?.['snapshotSchedule']).toEqual({
      schedule: '@hourly',
      lastScheduledAt: '2026-11-22T08:00:00Z',
      lastSnapshot: 'cluster-20261122t080000z',
      nextAt: '2026-11-22T09:00:00Z',
    });
    // Somebody does not want this one: it does not come back.
    const third = setUp(second.fake, start + 3.6 * hour);
    await third.fake.writer.delete({ kind: 'CoverageReport' } as never, { name: 'cluster-20261122t080000z' });
    await third.run('cluster');
    expect(third.fake.names()).toEqual(['cluster']);
  });

  test('keeps so many, and deletes neither what people made nor what somebody compares with', async () => {
    const world = setUp();
    world.put('cluster', hourly(2));
    world.put('by-hand', { snapshotOf: { name: 'cluster' } });
    await world.run('cluster');
    for (let round = 0; round < 5; round++) {
      world.pass(hour);
      await world.run('cluster');
      if (round === 0) world.put('team', { baseline: { name: 'cluster-20261122t060000z' } });
    }
    await world.run('cluster');
    expect(world.fake.names()).toEqual([
      'by-hand',
      'cluster',
      'cluster-20261122t060000z',
      'cluster-20261122t090000z',
      'cluster-20261122t100000z',
      'team',
    ]);
  });

  test('that nobody can read takes none', async () => {
    const world = setUp();
    world.put('cluster', { snapshots: { schedule: '61 * * * *' } });
    expect(await world.run('cluster')).toBeUndefined();
    world.pass(48 * hour);
    await world.run('cluster');
    expect(world.fake.names()).toEqual(['cluster']);
  });
});
