// What is probably not meant about a CoverageReport: a baseline that is no snapshot, a scope that nothing can be in, a schedule that never comes.
import { coverageReportSchema } from '../../crds/schema/coverage-report.ts';
import { dueSnapshot } from '../../domain/snapshot/schedule.ts';
import { object, textOrNone, type Raw } from '../../facts/read.ts';
import { emptySelector } from '../policy/empty-selector.ts';

/** The report of that name; undefined where there is none, `unknown` where it could not be learnt in time. */
export type Lookup = (name: string) => Promise<{ readonly found: unknown } | 'unknown'>;

export const validateReport = async (raw: unknown, lookup: Lookup): Promise<readonly string[]> => [
  ...warnOfScope(raw),
  ...warnOfSchedule(object(object(object(raw).spec).snapshots)),
  ...(await warnOfBaseline(textOrNone(object(object(object(raw).spec).baseline).name), lookup)),
];

const warnOfBaseline = async (name: string | undefined, lookup: Lookup): Promise<readonly string[]> => {
  if (name === undefined) return [];
  const answer = await lookup(name);
  if (answer === 'unknown') return [];
  if (answer.found === undefined) return [`spec.baseline.name: there is no CoverageReport ${name}`];
  return object(object(answer.found).spec).snapshotOf === undefined
    ? [`spec.baseline.name: CoverageReport ${name} is no snapshot, which has spec.snapshotOf`]
    : [];
};

const warnOfScope = (raw: unknown): readonly string[] => {
  const { apiVersion, kind, metadata, spec } = object(raw);
  const parsed = coverageReportSchema.safeParse({ apiVersion, kind, metadata, spec });
  if (!parsed.success) return [];
  const { namespaceSelector, nodeSelector } = parsed.data.spec.scope ?? {};
  return Object.entries({ namespaceSelector, nodeSelector }).flatMap(([field, selector]) => {
    const why = selector && emptySelector(selector);
    return why === undefined ? [] : [`spec.scope.${field} matches nothing: ${why}`];
  });
};

const warnOfSchedule = ({ schedule: written, timeZone }: Raw): readonly string[] => {
  const schedule = textOrNone(written);
  if (schedule === undefined) return [];
  // Whether it comes at all does not depend on when it is asked.
  const due = dueSnapshot({ schedule, timeZone: textOrNone(timeZone) }, undefined, 0);
  if (!due.ok) return [`spec.snapshots: ${due.error}`];
  return due.nextAt === undefined ? [`spec.snapshots.schedule: "${schedule}" names a day that never comes`] : [];
};
