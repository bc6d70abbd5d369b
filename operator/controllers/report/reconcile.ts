// Keeps every CoverageReport's status true, and the report named `cluster` in existence.
import { clusterReportName } from '../../../crds/schema/coverage-report.ts';
import { coverageReportSchema, type CoverageReport } from '../../../crds/schema/coverage-report.ts';
import type { CoverageModel } from '../../../domain/coverage/model.ts';
import { buildReport, type Report } from '../../../domain/coverage/report.ts';
import { tallyScope } from '../../../domain/coverage/scope.ts';
import type { Tally } from '../../../domain/coverage/tally.ts';
import { toLabelSelector } from '../../../facts/label-selector.ts';
import { parseSpec } from '../../../facts/parse.ts';
import { parseDuration } from '../../../crds/schema/duration.ts';
import { classify } from '../../../kube/errors.ts';
import type { Writer } from '../../../kube/apply.ts';
import { resources } from '../../../kube/resource.ts';
import type { Requeue } from '../../../kube/workqueue.ts';
import { rfc3339, type StatusWriter } from '../../status.ts';
import type { OurObjects, RawObject } from '../../watches.ts';
import type { OverTime } from '../history/over-time.ts';
import type { SliceKeeper } from '../slices/reconcile.ts';
import { findingsLeftOut, planReport, type LeftOut, type ReportPlan } from './plan.ts';

export interface ReportControllerOptions {
  readonly model: CoverageModel;
  readonly ours: OurObjects;
  readonly writer: Writer;
  readonly status: StatusWriter;
  readonly slices: SliceKeeper;
  /** What the report says of the past, of its snapshots and against its baseline. */
  readonly overTime: OverTime;
  /** Kinds of which nothing has been heard for too long. */
  readonly unheard: () => readonly string[];
  /** Namespaces that have as many findings as they may, and would have more. */
  readonly leftOut: () => LeftOut;
  /** Whether the report `cluster` may say that it is of now. */
  readonly mayClaimToLive: () => boolean;
  readonly now: () => number;
  /** Told of what was found, for metrics. */
  readonly onReport: (name: string, report: Report, evaluatedAt: number) => void;
  /** Told where Complete is another than before. */
  readonly onTransition: (object: RawObject, complete: Report['complete']) => void;
}

/** A few findings are written in less. */
const claimAgainMs = 100;

export type Reconcile = (name: string) => Promise<Requeue | void>;

export const createReportReconcile = (options: ReportControllerOptions): Reconcile => {
  const { ours, writer, status, slices, now } = options;
  const writtenAt = new Map<string, number>();
  const lastComplete = new Map<string, string>();
  return async (name) => {
    const object = ours.reports.get('', name);
    if (object === undefined) {
      slices.forget(name);
      options.overTime.forget(name);
      writtenAt.delete(name);
      lastComplete.delete(name);
      return name === clusterReportName ? create(writer, name) : undefined;
    }
    const parsed = parseSpec<CoverageReport>(coverageReportSchema, object);
    if (!parsed.ok) {
      await status.write({
        resource: resources.coverageReports,
        object,
        content: {},
        aspects: [{ type: 'Ready', status: 'False', reason: 'InvalidSpec', message: parsed.error }],
        now: now(),
      });
      return;
    }
    const { spec } = parsed.value;
    // A snapshot is frozen: it is not ours to keep current.
    if (spec.snapshotOf !== undefined || object.metadata.deletionTimestamp !== undefined) return;
    if (name === clusterReportName && !options.mayClaimToLive()) return { requeueAfterMs: claimAgainMs };
    const at = now();
    const { report, content, aspects, wakeAt } = describeReport(options, object, spec, at);
    const refresh = parseDuration(spec.refreshInterval);
    const evaluatedAt = writtenAt.get(name) ?? storedEvaluatedAt(object);
    const wrote = await status.write({
      resource: resources.coverageReports,
      object,
      content,
      aspects: name === clusterReportName ? [...aspects, ...findingsLeftOut(options.leftOut())] : aspects,
      now: at,
      clockFields: { evaluatedAt: rfc3339(at) },
      clockIsDue: at >= evaluatedAt + refresh,
    });
    if (wrote) writtenAt.set(name, at);
    options.onReport(name, report, wrote ? at : evaluatedAt);
    noteTransition(options, lastComplete, object, report);
    slices.touch(name);
    return { requeueAfterMs: Math.max(1000, Math.min((wrote ? at : evaluatedAt) + refresh, wakeAt) - at) };
  };
};

export interface DescribedReport extends ReportPlan {
  readonly report: Report;
  readonly tally: Tally;
  /** When time alone changes what the report says of the past. */
  readonly wakeAt: number;
}

/** All that a report says now, of this moment and of the past: what is written into its status, and what a snapshot freezes. */
export const describeReport = (
  { model, slices, overTime, unheard }: Pick<ReportControllerOptions, 'model' | 'slices' | 'overTime' | 'unheard'>,
  object: RawObject,
  spec: CoverageReport['spec'],
  at: number,
): DescribedReport => {
  const { name } = object.metadata;
  const tally = tallyOf(model, spec);
  const idle = spec.scope?.namespaceSelector === undefined ? idleNodes(model, tally) : 0;
  const report = buildReport(tally, model.agents(), idle);
  const silent = unheard();
  const present = planReport(report, slices.countOf(name, tally), silent);
  const past = overTime.describe({ object, spec, report, tally, at, isHeard: silent.length === 0 });
  return {
    report,
    tally,
    content: { ...present.content, ...past.content },
    aspects: [...present.aspects, ...past.aspects],
    wakeAt: past.wakeAt,
  };
};

const create = async (writer: Writer, name: string): Promise<void> => {
  try {
    await writer.create(resources.coverageReports, { metadata: { name }, spec: {} });
  } catch (error) {
    if (classify(error) !== 'exists') throw error;
  }
};

export const tallyOf = (model: CoverageModel, spec: CoverageReport['spec']): Tally => {
  const namespaceSelector = toLabelSelector(spec.scope?.namespaceSelector);
  const nodeSelector = toLabelSelector(spec.scope?.nodeSelector);
  return namespaceSelector === undefined && nodeSelector === undefined
    ? model.tally
    : tallyScope(model.inventory, model.namespaceLabels, { namespaceSelector, nodeSelector });
};

/** Virtual nodes on which nothing runs: they neither count for nor against. */
const idleNodes = (model: CoverageModel, tally: Tally): number => {
  if (tally !== model.tally) return 0;
  let idle = 0;
  for (const { facts, verdict } of model.inventory.nodes.values())
    if (facts !== undefined && verdict === undefined) idle++;
  return idle;
};

const storedEvaluatedAt = (object: RawObject): number => {
  const { status } = object as { status?: { evaluatedAt?: string } };
  return status?.evaluatedAt === undefined ? 0 : Date.parse(status.evaluatedAt);
};

const noteTransition = (
  { onTransition }: ReportControllerOptions,
  last: Map<string, string>,
  object: RawObject,
  { complete }: Report,
): void => {
  const { name } = object.metadata;
  const stored = (object as { status?: { conditions?: { type: string; status: string }[] } }).status;
  const before = last.get(name) ?? stored?.conditions?.find(({ type }) => type === 'Complete')?.status;
  last.set(name, complete.status);
  if (before !== complete.status) onTransition(object, complete);
};
