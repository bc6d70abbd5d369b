import { expect, test } from 'vitest';
import { createCoverageModel } from '../../../domain/coverage/model.ts';
import { aNode } from '../../../domain/testing/nodes.ts';
import { aPod } from '../../../domain/testing/pods.ts';
import { admitting, aPolicy } from '../../../domain/testing/policies.ts';
import type { Policy } from '../../../domain/types.ts';
import { KubeError } from '../../../kube/errors.ts';
import { createRecordingWriter } from '../../testing/recording-writer.ts';
import { breakGlassKey, createBreakGlassReconcile } from './reconcile.ts';

const until = Date.UTC(2027, 2, 1);
const broken = aPod({ name: 'till-1', breakGlass: { reason: 'the shop is down', until, uid: 'u-1' } });

const setUp = (policies: readonly Policy[] = [aPolicy({ name: 'prod' })], now = until - 1) => {
  const model = createCoverageModel();
  model.setPolicies(policies);
  model.upsertNode(aNode());
  model.upsertPod(broken);
  model.evaluate(now);
  const writer = createRecordingWriter();
  const recorded: string[] = [];
  const reconcile = createBreakGlassReconcile({
    model,
    writer,
    reportingController: 'workloadprotection.dev/operator',
    reportingInstance: 'here',
    now: () => now,
    onRecorded: ({ name }) => recorded.push(name),
  });
  return { model, writer, recorded, reconcile: () => reconcile(breakGlassKey(broken)) };
};

test('a pod that breaks the glass gets an Event that says why, until when and from what it is exempt', async () => {
  const { writer, recorded, reconcile } = setUp();
  await reconcile();
  expect(recorded).toEqual(['till-1']);
  expect(writer.writes).toMatchObject([
    {
      verb: 'create',
      kind: 'Event',
      name: expect.stringMatching(/^till-1\.break-glass-[0-9a-f]{8}$/),
      object: {
        metadata: { namespace: 'shop' },
        type: 'Warning',
        reason: 'BreakGlass',
        regarding: { kind: 'Pod', namespace: 'shop', name: 'till-1', uid: 'u-1' },
        note: 'runs by break-glass until 2027-03-01T00:00:00.000Z (the shop is down); until then it is exempt from WorkloadPolicy prod',
      },
    },
  ]);
});

test('one whose Event is there already is not counted again', async () => {
  const { writer, recorded, reconcile } = setUp();
  writer.failNext(new KubeError({ code: 409, reason: 'AlreadyExists', message: 'it exists', request: 'POST events' }));
  await reconcile();
  expect([writer.writes, recorded]).toEqual([[], []]);
});

test('one whose Event cannot be written now is tried again', async () => {
  const { writer, recorded, reconcile } = setUp();
  writer.failNext(new KubeError({ code: 503, reason: 'ServiceUnavailable', message: 'later', request: 'POST events' }));
  await expect(reconcile()).rejects.toThrow('later');
  await reconcile();
  expect(recorded).toEqual(['till-1']);
});

test.each<[string, readonly Policy[], number]>([
  ['no policy selects', [], until - 1],
  ['its policy forbids it', [aPolicy({ admission: admitting({ breakGlass: 'Forbidden' }) })], until - 1],
  ['its end has come', [aPolicy()], until],
])('nothing is recorded where %s', async (_, policies, now) => {
  const { writer, recorded, reconcile } = setUp(policies, now);
  await reconcile();
  expect([writer.writes, recorded]).toEqual([[], []]);
});

test('nothing is recorded of a pod that is gone', async () => {
  const { model, writer, reconcile } = setUp();
  model.removePod('shop', 'till-1');
  await reconcile();
  expect(writer.writes).toEqual([]);
});
