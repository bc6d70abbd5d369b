// Snapshots: fills those that are asked for, makes those that a schedule asks for, and deletes the oldest of these.
import { coverageReportSchema, type CoverageReport } from '../../../crds/schema/coverage-report.ts';
import { importedAnnotation, scheduledAtAnnotation } from '../../../domain/snapshot/annotations.ts';
import { snapshotName } from '../../../domain/snapshot/snapshot-name.ts';
import { expired, type KeptSnapshot } from '../../../domain/snapshot/retention.ts';
import { parseSpec } from '../../../facts/parse.ts';
import { classify } from '../../../kube/errors.ts';
import type { Writer } from '../../../kube/apply.ts';
import { resources } from '../../../kube/resource.ts';
import type { Requeue } from '../../../kube/workqueue.ts';
import { fieldManager, rfc3339, type Aspect, type StatusWriter } from '../../status.ts';
import type { OurObjects, RawObject } from '../../watches.ts';
import type { DescribedReport, Reconcile } from '../report/reconcile.ts';
import type { SliceKeeper } from '../slices/reconcile.ts';
import { freeze, obstacle, originOf, type ClusterIdentity, type FreezeOptions, type Frozen } from './freeze.ts';
import type { ScheduleKeeper } from './schedules.ts';

export interface SnapshotControllerOptions extends Omit<FreezeOptions, 'writer'> {
  readonly ours: OurObjects;
  readonly writer: Writer;
  readonly status: StatusWriter;
  readonly slices: SliceKeeper;
  readonly schedules: ScheduleKeeper;
  readonly describe: (object: RawObject, spec: CoverageReport['spec'], at: number) => DescribedReport;
  readonly unheard: () => readonly string[];
  readonly cluster: string;
  readonly identity: () => Promise<ClusterIdentity>;
  readonly now: () => number;
  /** The report's status has something new to say. */
  readonly enqueueReport: (name: string) => void;
  readonly onTaken: (snapshot: RawObject, of: string, frozen: Frozen) => void;
}

/** Timers do not follow a clock that is set: the schedule is looked at so often. */
const lookAgainMs = 60_000;
/** For a report that does not exist yet, or watches that are silent. */
const waitMs = 10_000;

export const createSnapshotReconcile = (options: SnapshotControllerOptions): Reconcile => {
  const { ours } = options;
  return async (name) => {
    const object = ours.reports.get('', name);
    const parsed = object && parseSpec<CoverageReport>(coverageReportSchema, object);
    if (object === undefined || !parsed?.ok || object.metadata.deletionTimestamp !== undefined) return;
    const { spec } = parsed.value;
    return spec.snapshotOf === undefined
      ? keepSchedule(options, object, spec)
      : fill(options, object, spec, spec.snapshotOf.name);
  };
};

const fill = async (
  options: SnapshotControllerOptions,
  object: RawObject,
  spec: CoverageReport['spec'],
  of: string,
): Promise<Requeue | void> => {
  const { ours, writer, slices, describe, now } = options;
  const { name } = object.metadata;
  if (isFrozen(object) || annotationsOf(object)[importedAnnotation] !== undefined) return;
  // Our store may lag behind our own last write, and what is frozen must not be begun again.
  const current = await liveObject(writer, name);
  if (current === undefined || isFrozen(current) || current.metadata.uid !== object.metadata.uid) return;
  const source = ours.reports.get('', of);
  const parsed = source && parseSpec<CoverageReport>(coverageReportSchema, source);
  const parsedSpec = parsed?.ok === true ? parsed.value : undefined;
  const silent = options.unheard();
  const inTheWay = obstacle(spec, parsedSpec) ?? (silent.length > 0 ? silence(silent) : undefined);
  if (inTheWay !== undefined || source === undefined || parsedSpec === undefined) {
    await options.status.write({
      resource: resources.coverageReports,
      object: current,
      content: {},
      aspects: inTheWay === undefined ? [] : [inTheWay],
      now: now(),
    });
    return { requeueAfterMs: waitMs };
  }
  const origin = originOf(now(), options.cluster, await options.identity());
  // One moment: nothing may be awaited between these two.
  const described = describe(source, parsedSpec.spec, Date.parse(origin.takenAt));
  const contents = slices.contentsOf(of, described.tally);
  const frozen = await freeze({ writer, sliceNames: options.sliceNames }, current, described, contents, origin);
  options.onTaken(current, of, frozen);
};

/** As the API server has it now. */
export const liveObject = async (writer: Pick<Writer, 'get'>, name: string): Promise<RawObject | undefined> => {
  try {
    return await writer.get<RawObject>(resources.coverageReports, { name });
  } catch (error) {
    if (classify(error) === 'notFound') return undefined;
    throw error;
  }
};

const silence = (silent: readonly string[]): Aspect => ({
  type: 'Ready',
  status: 'False',
  reason: 'WatchesSilent',
  message: `The snapshot waits: nothing is heard of ${silent.join(', ')}, and what is known of it may be of the past.`,
});

const keepSchedule = async (
  options: SnapshotControllerOptions,
  object: RawObject,
  spec: CoverageReport['spec'],
): Promise<Requeue | void> => {
  const { schedules, ours, writer, now } = options;
  const due = schedules.due(object, spec, now());
  if (due === undefined || !due.ok) return;
  if (due.dueAt !== undefined) {
    const snapshot = snapshotName(object.metadata.name, due.dueAt);
    await make(writer, object, spec, snapshot, due.dueAt);
    schedules.served(object, spec, due.dueAt, snapshot);
    options.enqueueReport(object.metadata.name);
  }
  for (const name of expired(scheduledSnapshots(ours, object.metadata.name), spec.snapshots?.keep ?? 0)) {
    const uid = ours.reports.get('', name)?.metadata.uid;
    if (uid !== undefined) await writer.delete(resources.coverageReports, { name }, { uid });
  }
  return { requeueAfterMs: Math.min(lookAgainMs, Math.max(1000, (due.nextAt ?? Number.POSITIVE_INFINITY) - now())) };
};

/** Named after the time that it was due, so that two leaders in a row make one. */
const make = async (
  writer: Writer,
  { metadata: { name: of } }: RawObject,
  { scope }: CoverageReport['spec'],
  name: string,
  scheduledAt: number,
): Promise<void> => {
  try {
    await writer.create(resources.coverageReports, {
      metadata: {
        name,
        labels: { 'app.kubernetes.io/managed-by': fieldManager },
        annotations: { [scheduledAtAnnotation]: rfc3339(scheduledAt) },
      },
      spec: { snapshotOf: { name: of }, ...(scope === undefined ? {} : { scope }) },
    });
  } catch (error) {
    if (classify(error) !== 'exists') throw error;
  }
};

const scheduledSnapshots = (ours: OurObjects, of: string): readonly KeptSnapshot[] => {
  const reports = [...ours.reports.list()];
  const baselines = new Set(reports.map((report) => specOf(report).baseline?.name));
  return reports.flatMap((report) => {
    const { name, deletionTimestamp } = report.metadata;
    const scheduledAt = annotationsOf(report)[scheduledAtAnnotation];
    if (specOf(report).snapshotOf?.name !== of || scheduledAt === undefined || deletionTimestamp !== undefined)
      return [];
    return [{ name, scheduledAt: Date.parse(scheduledAt), isBaseline: baselines.has(name) }];
  });
};

type LooseSpec = Pick<Partial<CoverageReport['spec']>, 'snapshotOf' | 'baseline'>;
const specOf = (object: RawObject): LooseSpec => (object as { spec?: LooseSpec }).spec ?? {};

const annotationsOf = (object: RawObject): Readonly<Record<string, string>> =>
  (object.metadata as { annotations?: Readonly<Record<string, string>> }).annotations ?? {};

const isFrozen = (object: RawObject): boolean =>
  (object as { status?: { snapshot?: unknown } }).status?.snapshot !== undefined;
