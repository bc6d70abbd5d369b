// The report that the operator keeps, as far as a run has to judge it.
import type { Expectation } from '../fleet/expectation.ts';
import type { Kubectl } from '../installation/target.ts';

export interface Report {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
    readonly counts?: { readonly nodes?: { readonly total: number } };
    readonly gaps?: readonly { readonly reason: string; readonly cause: string; readonly remedy: string }[];
  };
}

/** Undefined while the operator has not made it. */
export const readReport = async (kubectl: Kubectl): Promise<Report | undefined> => {
  const text = await kubectl(['get', 'coveragereports', 'cluster', '--ignore-not-found', '--output=json']);
  return text.trim() === '' ? undefined : (JSON.parse(text) as Report);
};

/** What it does not say yet of a fleet of so many nodes with these gaps; undefined where it says it all. */
export const missingFrom = (
  report: Report | undefined,
  nodes: number,
  expected: readonly Expectation[],
): string | undefined => {
  if (report === undefined) return 'the operator has not made the report yet';
  const { counts, gaps = [], conditions = [] } = report.status ?? {};
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready?.status !== 'True') return `it is not ready: ${ready?.message ?? 'no condition says so'}`;
  const seen = counts?.nodes?.total ?? 0;
  if (seen < nodes) return `it counts ${seen} of ${nodes} nodes`;
  const unseen = expected.find(
    ({ reason, causeContains }) =>
      !gaps.some((gap) => gap.reason === reason && causeContains.every((part) => gap.cause.includes(part))),
  );
  return unseen === undefined
    ? undefined
    : `no gap is ${unseen.reason} because of ${unseen.causeContains.join(', ') || 'anything'}; there are ${
        gaps.map(({ reason, cause }) => `${reason} (${cause})`).join('; ') || 'none'
      }`;
};
