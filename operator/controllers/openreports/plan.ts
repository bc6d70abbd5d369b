// Coverage as reports of the OpenReports API, which teams see with rights in their own namespace only: a pure function of the tally.
import type { Tally } from '../../../domain/coverage/tally.ts';
import type { Gap } from '../../../domain/coverage/verdict.ts';
import { shortHash } from '../../../domain/hash.ts';
import { badnessOf } from '../../../domain/state.ts';
import type { AssetState, Criticality } from '../../../domain/types.ts';
import { canonical, cut } from '../../status.ts';

/** The report on nodes has no namespace. */
export const ofNodes = '';
export const openReportName = 'workload-protection';
/** Who a result is from; only results have it in both APIs. */
const source = 'workload-protection';
/** Of the baseline, which no policy stands for. */
const baseline = 'baseline';

export type Outcome = 'pass' | 'fail' | 'warn' | 'error' | 'skip';

export interface OpenReport {
  readonly scope?: object;
  readonly summary: Readonly<Record<Outcome, number>>;
  /** Of all that is not well, the worst first. */
  readonly results: readonly object[];
}

/** With sentences of at most a kilobyte each, half a megabyte at the very most. */
const mostResults = 250;
const longestMessage = 1024;

interface Found {
  readonly asset: string;
  readonly state: AssetState;
  readonly gaps: readonly Gap[];
  readonly criticality: Criticality | undefined;
}

/** The reports on these namespaces, and on nodes, in one pass over the tally. Namespaces without assets have none. */
export const planOpenReports = (tally: Tally, wanted: ReadonlySet<string>): ReadonlyMap<string, OpenReport> => {
  const found = new Map<string, Found[]>();
  const add = (namespace: string, asset: Found): void => {
    const list = found.get(namespace);
    if (list === undefined) found.set(namespace, [asset]);
    else list.push(asset);
  };
  for (const { verdict, set, nodes, workloads } of tally.buckets()) {
    const { state, gaps } = verdict;
    const criticality = set.judging[0]?.criticality;
    if (wanted.has(ofNodes)) for (const { name } of nodes) add(ofNodes, { asset: name, state, gaps, criticality });
    for (const { namespace, kind, name } of workloads) {
      if (wanted.has(namespace)) add(namespace, { asset: `${kind}/${name}`, state, gaps, criticality });
    }
  }
  return new Map([...found].map(([namespace, assets]) => [namespace, reportOn(namespace, assets)]));
};

const reportOn = (namespace: string, assets: readonly Found[]): OpenReport => {
  const summary: Record<Outcome, number> = { pass: 0, fail: 0, warn: 0, error: 0, skip: 0 };
  for (const { state } of assets) summary[outcomeOf(state)]++;
  const notWell = assets
    .filter(({ state }) => outcomeOf(state) !== 'pass')
    .toSorted((a, b) => rank(b) - rank(a) || (a.asset < b.asset ? -1 : 1));
  return {
    ...(namespace === ofNodes ? {} : { scope: { apiVersion: 'v1', kind: 'Namespace', name: namespace } }),
    summary,
    results: notWell.slice(0, mostResults).map((asset) => resultOn(namespace, asset)),
  };
};

const rank = ({ state }: Found): number => (state === 'Exempt' ? -1 : badnessOf(state));

const outcomeOf = (state: AssetState): Outcome => {
  if (state === 'Protected') return 'pass';
  if (state === 'Warning') return 'warn';
  if (state === 'Unknown') return 'error';
  return state === 'Exempt' ? 'skip' : 'fail';
};

/** Without a time: a report that says the same is not written again. */
const resultOn = (namespace: string, { asset, state, gaps, criticality }: Found): object => {
  const [worst] = gaps;
  const message = gaps.map(({ cause, remedy }) => `${cause} Remedy: ${remedy}`).join('\n');
  return {
    source,
    policy: worst?.policies[0] ?? baseline,
    rule: worst?.reason ?? state,
    category: 'Runtime protection',
    result: outcomeOf(state),
    scored: state !== 'Warning',
    severity: (criticality ?? 'Medium').toLowerCase(),
    message: cut(message === '' ? state : message, longestMessage),
    properties: { state },
    resources: [subject(namespace, asset)],
  };
};

const subject = (namespace: string, asset: string): object => {
  if (namespace === ofNodes) return { apiVersion: 'v1', kind: 'Node', name: asset };
  const at = asset.indexOf('/');
  return { kind: asset.slice(0, at), namespace, name: asset.slice(at + 1) };
};

/** Tells whether a report says something else than before. */
export const openReportHash = (report: OpenReport): string => {
  const text = canonical(report);
  return `${shortHash(text)}${shortHash(`${text.length}${text}`)}`;
};
