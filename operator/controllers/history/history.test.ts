// What a report says of the past and against its baseline, without any clock but the one that is given.
import { describe, expect, test } from 'vitest';
import { coverageReportSchema, type CoverageReportInput } from '../../../crds/schema/coverage-report.ts';
import { coverageSliceSchema } from '../../../crds/schema/coverage-slice.ts';
import { createCoverageModel, type CoverageModel } from '../../../domain/coverage/model.ts';
import { buildReport } from '../../../domain/coverage/report.ts';
import type { SliceObject } from '../../../domain/snapshot/content.ts';
import { aNode } from '../../../domain/testing/nodes.ts';
import { snapshotDigest } from '../../../facts/snapshot-digest.ts';
import { createOurObjects, type RawObject } from '../../watches.ts';
import { createComparisonKeeper } from './comparison.ts';
import { createHistoryKeeper } from './keep.ts';
import type { OverTime, SaidOverTime } from './over-time.ts';

const start = Date.parse('2026-11-22T05:00:00Z');
const hour = 3_600_000;

const reportObject = (name: string, spec: CoverageReportInput['spec'], status: object = {}): RawObject =>
  ({ metadata: { name, uid: `uid-of-${name}` }, spec, status }) as unknown as RawObject;

const modelOf = (...names: readonly string[]): CoverageModel => {
  const model = createCoverageModel();
  for (const name of names) model.upsertNode(aNode({ name }));
  model.evaluate(start);
  return model;
};

const say = (part: OverTime, model: CoverageModel, object: RawObject, at: number, isHeard = true): SaidOverTime => {
  const { spec } = coverageReportSchema.parse({ metadata: object.metadata, spec: (object as { spec?: object }).spec });
  return part.describe({ object, spec, report: buildReport(model.tally, [], 0), tally: model.tally, at, isHeard });
};

describe('the history', () => {
  const model = modelOf('a');
  const object = reportObject('cluster', {});
  const times = ({ content }: SaidOverTime): readonly string[] => (content.history ?? []).map(({ time }) => time);

  test('grows by one each interval, and the next one is woken up for', () => {
    const keeper = createHistoryKeeper();
    const first = say(keeper, model, object, start);
    expect(first.content.history).toEqual([
      { time: '2026-11-22T05:00:00Z', nodesPercent: '0.0', nodes: 1, pods: 0, workloads: 0, gaps: 1 },
    ]);
    expect(first.wakeAt).toBe(start + hour);
    expect(times(say(keeper, model, object, start + hour - 1000))).toHaveLength(1);
    expect(times(say(keeper, model, object, start + hour))).toEqual(['2026-11-22T05:00:00Z', '2026-11-22T06:00:00Z']);
  });

  test('is gone on with by the next leader from what stands in the status', () => {
    const written = say(createHistoryKeeper(), model, object, start).content;
    const stored = reportObject('cluster', {}, written);
    const keeper = createHistoryKeeper();
    expect(say(keeper, model, stored, start + 1000).content).toEqual(written);
    expect(times(say(keeper, model, stored, start + hour))).toHaveLength(2);
  });

  test('does not write down what is seen while the operator is deaf', () => {
    const said = say(createHistoryKeeper(), model, object, start, false);
    expect(said).toEqual({ content: { history: [] }, aspects: [], wakeAt: Number.POSITIVE_INFINITY });
  });

  test('of a report that was deleted is not that of the next of its name', () => {
    const keeper = createHistoryKeeper();
    say(keeper, model, object, start);
    const next = { ...object, metadata: { ...object.metadata, uid: 'other' } };
    expect(times(say(keeper, model, next, start + 1000))).toEqual(['2026-11-22T05:00:01Z']);
  });
});

describe('the comparison', () => {
  const baseline = 'cluster-20261122t040000z';
  const watched = reportObject('cluster', { baseline: { name: baseline } });
  const cause = 'The DaemonSet falco/falco does not run here.';

  const setUp = () => {
    const slices = [
      coverageSliceSchema.parse({
        metadata: { name: `${baseline}-nodes-0` },
        spec: { report: baseline, assets: 'Nodes', index: 0, of: 1, frozen: true },
        profiles: [
          { id: 'a', state: 'Protected', names: ['was-well', 'gone'] },
          {
            id: 'b',
            state: 'NoAgent',
            reasons: [{ reason: 'AgentMissing', cause, remedy: 'mend it' }],
            names: ['bad'],
          },
        ],
      }),
    ] as unknown as SliceObject[];
    const spec = { snapshotOf: { name: 'cluster' } };
    const counts = { nodes: { protectedPercent: '66.6' }, workloads: {} };
    const taken = { counts, snapshot: { takenAt: '2026-11-22T04:00:00Z' } };
    const digest = snapshotDigest({ spec, status: taken }, slices);
    const ours = createOurObjects();
    const put = (said = digest): void => {
      const status = { ...taken, snapshot: { ...taken.snapshot, digest: said } };
      ours.reports.upsert(reportObject(baseline, spec, status));
    };
    ours.reports.upsert(watched);
    const enqueued: string[] = [];
    const keeper = createComparisonKeeper({
      ours,
      slicesOf: async () => slices,
      reportOf: async (name) => ours.reports.get('', name),
      enqueue: (report) => enqueued.push(`baseline ${report}`),
      enqueueReport: (report) => enqueued.push(`report ${report}`),
    });
    return { ours, put, keeper, enqueued };
  };
  const reasonOf = ({ aspects }: SaidOverTime): readonly string[] =>
    aspects.map(({ status, reason }) => `${status} ${reason}`);
  const model = modelOf('was-well', 'bad', 'new');

  test('is made when the baseline has been read, asset by asset', async () => {
    const { put, keeper, enqueued } = setUp();
    put();
    const first = say(keeper, model, watched, start);
    expect(reasonOf(first)).toEqual(['Unknown BeingRead']);
    await keeper.reconcile('cluster');
    expect(enqueued).toEqual(['baseline cluster', 'report cluster']);
    const { content, aspects } = say(keeper, model, watched, start);
    expect(aspects).toMatchObject([{ status: 'True', reason: 'Compared' }]);
    expect(content.comparison).toMatchObject({
      baseline,
      takenAt: '2026-11-22T04:00:00Z',
      nodes: { before: '66.6', now: '0.0', added: 1, removed: 1, worse: 1 },
      workloads: { added: 0, removed: 0, better: 0, worse: 0 },
      closedGaps: 1,
    });
    expect(content.comparison?.newGaps).toHaveLength(1);
  });

  test('is made anew at most every ten seconds, and what waited is looked at then', async () => {
    const { put, keeper } = setUp();
    put();
    await keeper.reconcile('cluster');
    const changing = modelOf('was-well', 'bad', 'new');
    expect(say(keeper, changing, watched, start).wakeAt).toBe(Number.POSITIVE_INFINITY);
    changing.removeNode('new');
    changing.evaluate(start);
    const soon = say(keeper, changing, watched, start + 2000);
    expect(soon.content.comparison?.nodes?.added).toBe(1);
    expect(soon.wakeAt).toBe(start + 10_000);
    expect(say(keeper, changing, watched, start + 10_000).content.comparison?.nodes?.added).toBe(0);
  });

  test('is not made with a baseline whose digest is another than that of its content', async () => {
    const { put, keeper } = setUp();
    put(`sha256:${'0'.repeat(64)}`);
    await keeper.reconcile('cluster');
    const said = say(keeper, model, watched, start);
    expect(said.content).toEqual({});
    expect(reasonOf(said)).toEqual(['False DigestDiffers']);
  });

  test('says why there is none', () => {
    const { ours, keeper } = setUp();
    expect(reasonOf(say(keeper, model, watched, start))).toEqual(['False BaselineNotFound']);
    ours.reports.upsert(reportObject(baseline, {}));
    expect(reasonOf(say(keeper, model, watched, start))).toEqual(['False NotASnapshot']);
    ours.reports.upsert(reportObject(baseline, { snapshotOf: { name: 'cluster' } }));
    expect(reasonOf(say(keeper, model, watched, start))).toEqual(['Unknown BeingTaken']);
    expect(reasonOf(say(keeper, model, reportObject('cluster', {}), start))).toEqual([]);
  });

  test('stays as an earlier leader wrote it until the baseline has been read', () => {
    const { put, keeper } = setUp();
    put();
    const comparison = { baseline, closedGaps: 7 };
    const said = say(keeper, model, reportObject('cluster', { baseline: { name: baseline } }, { comparison }), start);
    expect(said.content).toEqual({ comparison });
    expect(reasonOf(said)).toEqual(['True Compared']);
  });
});
