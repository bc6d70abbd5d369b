// What the operator remembers of schedules: it stands in the report's status, so that any replica goes on from there.
import type { CoverageReport, CoverageReportStatus } from '../../../crds/schema/coverage-report.ts';
import { dueSnapshot, type Due, type Schedule, type ScheduleMemory } from '../../../domain/snapshot/schedule.ts';
import { rfc3339, type Aspect } from '../../status.ts';
import type { RawObject } from '../../watches.ts';
import type { OverTime } from '../history/over-time.ts';

export interface ScheduleKeeper extends OverTime {
  /** Undefined where the report has no schedule. */
  readonly due: (object: RawObject, spec: CoverageReport['spec'], now: number) => Due | undefined;
  /** A snapshot was made for this time of the schedule. */
  readonly served: (object: RawObject, spec: CoverageReport['spec'], scheduledAt: number, snapshot: string) => void;
}

interface Remembered extends ScheduleMemory {
  readonly uid: string;
  readonly lastSnapshot: string | undefined;
}

export const createScheduleKeeper = (): ScheduleKeeper => {
  const known = new Map<string, Remembered>();

  const memoryOf = (object: RawObject): Remembered | undefined => {
    const { name, uid } = object.metadata;
    const remembered = known.get(name);
    return remembered?.uid === uid ? remembered : stored(object);
  };
  const due: ScheduleKeeper['due'] = (object, spec, now) => {
    const schedule = scheduleOf(spec);
    if (schedule === undefined) return undefined;
    const found = dueSnapshot(schedule, memoryOf(object), now);
    if (found.ok) {
      const { lastSnapshot } = memoryOf(object) ?? { lastSnapshot: undefined };
      known.set(object.metadata.name, {
        ...schedule,
        uid: object.metadata.uid,
        lastScheduledAt: wholeSeconds(found.since),
        lastSnapshot,
      });
    }
    return found;
  };

  return {
    due,
    served: (object, spec, lastScheduledAt, lastSnapshot) => {
      const schedule = scheduleOf(spec);
      const { name, uid } = object.metadata;
      if (schedule !== undefined) known.set(name, { ...schedule, uid, lastScheduledAt, lastSnapshot });
    },
    describe: ({ object, spec, at }) => {
      const found = due(object, spec, at);
      if (found === undefined) {
        known.delete(object.metadata.name);
        return { content: {}, aspects: [], wakeAt: Number.POSITIVE_INFINITY };
      }
      const memory = memoryOf(object);
      if (!found.ok || memory === undefined) {
        return { content: {}, aspects: [aspectOf(found)], wakeAt: Number.POSITIVE_INFINITY };
      }
      return {
        content: { snapshotSchedule: written(memory, found.nextAt) },
        aspects: [aspectOf(found)],
        // What is due is made elsewhere, which then asks for this report to be written.
        wakeAt: Number.POSITIVE_INFINITY,
      };
    },
    forget: (report) => void known.delete(report),
  };
};

const wholeSeconds = (moment: number): number => Math.floor(moment / 1000) * 1000;

const scheduleOf = ({ snapshots }: CoverageReport['spec']): Schedule | undefined =>
  snapshots && { schedule: snapshots.schedule, timeZone: snapshots.timeZone };

const aspectOf = (due: Due): Aspect => {
  const type = 'SnapshotsScheduled';
  if (!due.ok) return { type, status: 'False', reason: 'InvalidSchedule', message: `spec.snapshots: ${due.error}.` };
  if (due.nextAt === undefined) {
    return {
      type,
      status: 'False',
      reason: 'NeverDue',
      message: 'spec.snapshots.schedule names a day that never comes.',
    };
  }
  return { type, status: 'True', reason: 'Scheduled', message: 'Snapshots are taken by the schedule.' };
};

type WrittenSchedule = NonNullable<CoverageReportStatus['snapshotSchedule']>;

const written = (
  { schedule, timeZone, lastScheduledAt, lastSnapshot }: Remembered,
  nextAt: number | undefined,
): WrittenSchedule => ({
  schedule,
  ...(timeZone === undefined ? {} : { timeZone }),
  lastScheduledAt: rfc3339(lastScheduledAt),
  ...(lastSnapshot === undefined ? {} : { lastSnapshot }),
  ...(nextAt === undefined ? {} : { nextAt: rfc3339(nextAt) }),
});

const stored = (object: RawObject): Remembered | undefined => {
  const { status } = object as { status?: { snapshotSchedule?: WrittenSchedule } };
  const memory = status?.snapshotSchedule;
  return (
    memory && {
      uid: object.metadata.uid,
      schedule: memory.schedule,
      timeZone: memory.timeZone,
      lastScheduledAt: Date.parse(memory.lastScheduledAt),
      lastSnapshot: memory.lastSnapshot,
    }
  );
};
