// Keeps status.history: the past of each report stands in the report itself, so that no replica has to remember it.
import type { CoverageReportStatus } from '../../../crds/schema/coverage-report.ts';
import { parseDuration } from '../../../crds/schema/duration.ts';
import { recordMoment, type Moment } from '../../../domain/history/record.ts';
import type { Report } from '../../../domain/coverage/report.ts';
import { rfc3339 } from '../../status.ts';
import type { RawObject } from '../../watches.ts';
import type { OverTime } from './over-time.ts';

type WrittenMoment = NonNullable<CoverageReportStatus['history']>[number];

export const createHistoryKeeper = (): OverTime => {
  /** What was recorded last, by report: the watch brings it back only after it was written. */
  const known = new Map<string, { readonly uid: string; readonly history: readonly Moment[] }>();
  return {
    describe: ({ object, spec, report, at, isHeard }) => {
      const { name, uid } = object.metadata;
      const remembered = known.get(name);
      const before = remembered?.uid === uid ? remembered.history : storedHistory(object);
      const { interval, keep } = spec.history;
      const recorded = recordMoment(before, momentOf(report, at), { intervalMs: parseDuration(interval), keep });
      const history = isHeard ? recorded.history : before;
      known.set(name, { uid, history });
      return {
        content: { history: history.map(writtenMoment) },
        aspects: [],
        wakeAt: isHeard ? recorded.nextAt : Number.POSITIVE_INFINITY,
      };
    },
    forget: (report) => void known.delete(report),
  };
};

const momentOf = ({ counts: { nodes, pods, workloads }, gaps }: Report, at: number): Moment => ({
  // Written without fractions, and read back so by the next leader.
  time: Math.floor(at / 1000) * 1000,
  nodesPercent: nodes.protectedPercent,
  podsPercent: pods.protectedPercent,
  workloadsPercent: workloads.protectedPercent,
  nodes: nodes.total,
  pods: pods.total,
  workloads: workloads.total,
  gaps: gaps.length,
});

const writtenMoment = ({ time, nodesPercent, podsPercent, workloadsPercent, ...figures }: Moment): WrittenMoment => ({
  time: rfc3339(time),
  ...(nodesPercent === undefined ? {} : { nodesPercent }),
  ...(podsPercent === undefined ? {} : { podsPercent }),
  ...(workloadsPercent === undefined ? {} : { workloadsPercent }),
  ...figures,
});

const storedHistory = (object: RawObject): readonly Moment[] => {
  const { status } = object as { status?: { history?: readonly WrittenMoment[] } };
  return (status?.history ?? []).map(({ time, nodesPercent, podsPercent, workloadsPercent, ...figures }) => ({
    time: Date.parse(time),
    nodesPercent,
    podsPercent,
    workloadsPercent,
    nodes: figures.nodes,
    pods: figures.pods,
    workloads: figures.workloads,
    gaps: figures.gaps,
  }));
};
