// CoverageReport → how fresh it is, and with it all that the operator says of nodes; and how many workloads they protect.
import { parseDuration } from '../crds/schema/duration.ts';
import { metadataOf } from './metadata.ts';
import { isObject, object, text, time, type Raw } from './read.ts';

export interface ReportFreshness {
  readonly name: string;
  readonly evaluatedAt: number | undefined;
  readonly refreshMs: number;
  /** Workloads that the agents of nodes protect; undefined where the report does not say. */
  readonly protectedWorkloads: number | undefined;
}

/** The report that is whole in scope, and always there. */
export const clusterReport = 'cluster';
/** A picture is old when two refreshes have not come. */
const missedRefreshes = 2;
/** What the schema gives a report that says nothing. */
const defaultRefresh = '5m';

export const projectReportFreshness = (raw: unknown): ReportFreshness | undefined => {
  const metadata = metadataOf(raw);
  if (metadata === undefined) return undefined;
  const { spec, status } = object(raw);
  const evaluatedAt = time(object(status).evaluatedAt);
  return {
    name: metadata.name,
    evaluatedAt: evaluatedAt === 0 ? undefined : evaluatedAt,
    refreshMs: parseDuration(text(object(spec).refreshInterval) || defaultRefresh),
    protectedWorkloads: protectedOf(object(object(status).counts)),
  };
};

/** Serverless ones are counted among them too, and have an agent of their own. */
const protectedOf = ({ workloads, serverless }: Raw): number | undefined => {
  if (!isObject(workloads)) return undefined;
  const sum = (counts: Raw): number => numberOf(counts.protected) + numberOf(counts.warning);
  return Math.max(0, sum(workloads) - sum(object(serverless)));
};

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** One that is missing is as old as can be. */
export const isStale = (report: ReportFreshness | undefined, now: number): boolean =>
  report?.evaluatedAt === undefined || now - report.evaluatedAt > missedRefreshes * report.refreshMs;
