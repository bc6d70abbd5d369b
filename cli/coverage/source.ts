// What is known of coverage, read with the rights of whoever asks: the report and its slices. Nothing but the API server is needed.
import { parseDuration } from '../../crds/schema/duration.ts';
import type { CoverageReport } from '../../crds/schema/coverage-report.ts';
import type { CoverageSlice } from '../../crds/schema/coverage-slice.ts';
import { isStale, projectReportFreshness } from '../../facts/report-freshness.ts';
import { systemClock } from '../../kube/clock.ts';
import { loadCluster } from '../../kube/config.ts';
import { classify } from '../../kube/errors.ts';
import { listPages } from '../../kube/list.ts';
import { pathOf, resourceName, resources, type Resource } from '../../kube/resource.ts';
import { createTransport, type Transport } from '../../kube/transport.ts';
import type { Io } from '../verb.ts';
import type { Connection } from './flags.ts';
import { reportChanges } from './changes.ts';

export type SliceAssets = CoverageSlice['spec']['assets'];

export interface CoverageSource {
  /** Which cluster, for people. */
  readonly source: string;
  readonly report: () => Promise<EvaluatedReport>;
  /** The slices of the report, one page after the other. */
  readonly slices: (assets: SliceAssets | undefined, onSlice: (slice: CoverageSlice) => void) => Promise<void>;
  /** Any object; undefined where it is not there, or may not be read. */
  readonly find: (resource: Resource, name: { readonly namespace?: string; readonly name: string }) => Promise<unknown>;
  /** All objects of a kind; undefined where they may not be read, or there is no such kind. */
  readonly list: (resource: Resource) => Promise<readonly unknown[] | undefined>;
  /** Comes back with each change of the report, until the signal. */
  readonly changes: (signal: AbortSignal) => AsyncIterable<void>;
  readonly close: () => Promise<void>;
}

/** A report that has been evaluated, and so has a status. */
export type EvaluatedReport = CoverageReport & { readonly status: NonNullable<CoverageReport['status']> };

/** Slices of 15,000 assets take a second or two; the rest is for slow networks. */
const deadlineMs = 120_000;

export const openCoverage = async (
  { report: name, ...where }: Connection,
  io: Pick<Io, 'env'>,
): Promise<CoverageSource> => {
  const access = await loadCluster({ ...where, env: io.env }).catch((error: unknown) => {
    throw new Error('no cluster can be asked; name one with --context or --kubeconfig', { cause: error });
  });
  const transport = createTransport(access, { userAgent: 'kubectl-protection', clock: systemClock });
  const get = <T>(resource: Resource, object: { readonly namespace?: string; readonly name: string }): Promise<T> =>
    transport.request<T>({ method: 'GET', path: pathOf(resource, object) });
  const report = async (): Promise<EvaluatedReport> => {
    const found = await get<CoverageReport>(resources.coverageReports, { name }).catch(async (error: unknown) => {
      throw (await explained(error, transport, name, access.source)) ?? error;
    });
    if (found.status?.counts === undefined) {
      throw new Error(
        `CoverageReport ${name} of ${access.source} has not been evaluated yet: ${conditionOf(found) ?? 'the operator has not come to it; see whether it runs: kubectl get pods -A -l app.kubernetes.io/name=workload-protection'}`,
      );
    }
    return { ...found, status: found.status };
  };
  return {
    source: access.source,
    report,
    slices: async (assets, onSlice) => {
      const fieldSelector = `spec.report=${name}${assets === undefined ? '' : `,spec.assets=${assets}`}`;
      const onPage = (page: readonly unknown[]): void => {
        for (const raw of page) {
          const slice = whole(raw as Partial<CoverageSlice>);
          // The server chooses too; one that cannot select by these fields gives all that there are.
          if (slice.spec.report === name && (assets === undefined || slice.spec.assets === assets)) onSlice(slice);
        }
      };
      try {
        const scope = { resource: resources.coverageSlices, fieldSelector };
        await listPages(transport, scope, onPage, AbortSignal.timeout(deadlineMs));
      } catch (error) {
        throw (await explained(error, transport, name, access.source)) ?? error;
      }
    },
    find: (resource, object) => get(resource, object).catch(absent),
    list: async (resource) => {
      const items: unknown[] = [];
      const onPage = (page: readonly unknown[]): void => void items.push(...page);
      try {
        await listPages(transport, { resource }, onPage, AbortSignal.timeout(deadlineMs));
        return items;
      } catch (error) {
        absent(error);
        return undefined;
      }
    },
    changes: (signal) => reportChanges(transport, name, signal),
    close: () => transport.close(),
  };
};

/** Lists may be left out where an older operator wrote them. */
const whole = (slice: Partial<CoverageSlice>): CoverageSlice => ({
  profiles: [],
  rulesets: [],
  unattributed: [],
  ...(slice as Pick<CoverageSlice, 'apiVersion' | 'kind' | 'metadata' | 'spec'>),
});

const absent = (error: unknown): undefined => {
  const kind = classify(error);
  if (kind === 'notFound' || kind === 'forbidden') return undefined;
  throw error;
};

const conditionOf = ({ status }: CoverageReport): string | undefined =>
  status?.conditions?.find(({ type, status: value }) => type === 'Ready' && value !== 'True')?.message;

/** In words, what cannot be read, and what to do about it; undefined of what explains itself. */
const explained = async (
  error: unknown,
  transport: Transport,
  name: string,
  source: string,
): Promise<Error | undefined> => {
  const kind = classify(error);
  if (kind === 'forbidden') {
    return new Error(
      `you may not read coverage in ${source}; ask for the cluster role view, which the chart adds CoverageReports and CoverageSlices to (rbac.aggregate), bound in the whole cluster`,
      { cause: error },
    );
  }
  if (kind !== 'notFound') return undefined;
  const names: string[] = [];
  const note = (page: readonly unknown[]): void => {
    for (const each of page as readonly CoverageReport[]) names.push(each.metadata.name);
  };
  try {
    await listPages(transport, { resource: resources.coverageReports }, note, AbortSignal.timeout(deadlineMs));
  } catch {
    return new Error(
      `${source} has no ${resourceName(resources.coverageReports)}: install the operator there, with its CRDs, or name another cluster with --context`,
    );
  }
  return new Error(
    names.length === 0
      ? `${source} has no CoverageReport yet: the operator makes the first one when it leads; see whether it runs: kubectl get pods -A -l app.kubernetes.io/name=workload-protection`
      : `${source} has no CoverageReport ${name}; there is ${names.toSorted().join(', ')}`,
  );
};

/** What to say of a report that nobody keeps any more; undefined where all is well. A snapshot is of the past by its nature. */
export const staleness = (report: CoverageReport, now: number): string | undefined => {
  if (report.spec.snapshotOf !== undefined || !isStale(projectReportFreshness(report), now)) return undefined;
  const minutes = Math.round((now - Date.parse(report.status?.evaluatedAt ?? '')) / 60_000);
  return `this report is ${Number.isNaN(minutes) ? 'of an unknown age' : `${minutes} minutes old`}, and should be no older than ${Math.round(parseDuration(report.spec.refreshInterval) / 60_000)}: the operator may be down (kubectl get pods -A -l app.kubernetes.io/name=workload-protection)`;
};
