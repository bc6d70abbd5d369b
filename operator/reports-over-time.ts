// Puts together what reports say beyond this moment: history, snapshots, comparison.
import type { CoverageModel } from '../domain/coverage/model.ts';
import type { SliceObject } from '../domain/snapshot/content.ts';
import { object, textOrNone } from '../facts/read.ts';
import type { Writer } from '../kube/apply.ts';
import type { EventRecorder } from '../kube/events.ts';
import { listPages } from '../kube/list.ts';
import type { Log } from '../kube/log.ts';
import { apiVersionOf, resources } from '../kube/resource.ts';
import type { Transport } from '../kube/transport.ts';
import { createComparisonKeeper } from './controllers/history/comparison.ts';
import { createHistoryKeeper } from './controllers/history/keep.ts';
import { together, type OverTime } from './controllers/history/over-time.ts';
import { describeReport, type Reconcile } from './controllers/report/reconcile.ts';
import type { SliceKeeper } from './controllers/slices/reconcile.ts';
import type { ClusterIdentity } from './controllers/snapshots/freeze.ts';
import { createSnapshotReconcile, liveObject } from './controllers/snapshots/reconcile.ts';
import { createScheduleKeeper } from './controllers/snapshots/schedules.ts';
import type { StatusWriter } from './status.ts';
import type { OurObjects } from './watches.ts';

export interface ReportsOverTimeOptions {
  readonly transport: Transport;
  readonly model: CoverageModel;
  readonly ours: OurObjects;
  readonly writer: Writer;
  readonly status: StatusWriter;
  readonly slices: SliceKeeper;
  readonly unheard: () => readonly string[];
  readonly cluster: string;
  readonly now: () => number;
  readonly enqueue: (key: string) => void;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly log: Log;
}

export interface ReportsOverTime {
  readonly overTime: OverTime;
  /** By the first word of their keys; the rest is the name of a report. */
  readonly reconcilers: Readonly<Record<'snapshot' | 'baseline', Reconcile>>;
}

/** A hundred slices of a large fleet are a few megabytes. */
const listDeadlineMs = 60_000;

export const createReportsOverTime = (options: ReportsOverTimeOptions): ReportsOverTime => {
  const { transport, model, ours, writer, status, slices, unheard, cluster, now, enqueue, events, log } = options;
  const slicesOf = async (report: string): Promise<readonly SliceObject[]> => {
    const found: SliceObject[] = [];
    const scope = { resource: resources.coverageSlices, fieldSelector: `spec.report=${report}` };
    const take = (items: readonly unknown[]): void => void found.push(...(items as readonly SliceObject[]));
    await listPages(transport, scope, take, AbortSignal.timeout(listDeadlineMs));
    return found;
  };
  const enqueueReport = (report: string): void => enqueue(`report/${report}`);
  const schedules = createScheduleKeeper();
  const comparison = createComparisonKeeper({
    ours,
    slicesOf,
    reportOf: (report) => liveObject(writer, report),
    enqueue: (report) => enqueue(`baseline/${report}`),
    enqueueReport,
  });
  const overTime = together([createHistoryKeeper(), schedules, comparison]);
  const snapshot = createSnapshotReconcile({
    ours,
    writer,
    status,
    slices,
    schedules,
    describe: (report, spec, at) => describeReport({ model, slices, overTime, unheard }, report, spec, at),
    sliceNames: async (report) => (await slicesOf(report)).map(({ metadata: { name } }) => name),
    unheard,
    cluster,
    identity: () => identityOf(transport),
    now,
    enqueueReport,
    onTaken: ({ metadata: { name, uid } }, of, { digest, slices: count }) => {
      // Whoever may delete and make reports can replace a snapshot. What was said here, and elsewhere, cannot be taken back.
      log.info({ snapshot: name, of, digest, slices: count }, 'a snapshot was taken');
      events.record({
        regarding: {
          apiVersion: apiVersionOf(resources.coverageReports),
          kind: resources.coverageReports.kind,
          name,
          uid,
        },
        type: 'Normal',
        reason: 'SnapshotTaken',
        action: 'Freeze',
        note: `The snapshot of ${of} is complete: ${digest}`,
      });
    },
  });
  return { overTime, reconcilers: { snapshot, baseline: comparison.reconcile } };
};

const identityOf = async (transport: Transport): Promise<ClusterIdentity> => {
  const version = object(await transport.request<unknown>({ method: 'GET', path: '/version' }))['gitVersion'];
  let uid: unknown;
  const take = ([found]: readonly unknown[]): void => {
    uid = object(object(found)['metadata'])['uid'];
  };
  const scope = { resource: resources.namespaces, fieldSelector: 'metadata.name=kube-system', metadataOnly: true };
  await listPages(transport, scope, take, AbortSignal.timeout(listDeadlineMs));
  const [clusterId, kubernetesVersion] = [textOrNone(uid), textOrNone(version)];
  return {
    ...(clusterId === undefined ? {} : { clusterId }),
    ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
  };
};
