// CoverageReport → how fresh it is, and with it all that the operator says of nodes.
import { parseDuration } from '../crds/schema/duration.ts';
import { metadataOf } from './metadata.ts';
import { object, text, time } from './read.ts';

export interface ReportFreshness {
  readonly name: string;
  readonly evaluatedAt: number | undefined;
  readonly refreshMs: number;
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
  };
};

/** One that is missing is as old as can be. */
export const isStale = (report: ReportFreshness | undefined, now: number): boolean =>
  report?.evaluatedAt === undefined || now - report.evaluatedAt > missedRefreshes * report.refreshMs;
