// The picture at a glance: the banner, how assets stand, and what to mend first.
import { columns } from '../output/columns.ts';
import type { Paint } from '../output/paint.ts';
import { plain, plural } from '../output/text.ts';
import type { EvaluatedReport } from './source.ts';
import { affected, ageOf, causeLines } from './words.ts';

export interface OverviewOptions {
  readonly paint: Paint;
  readonly now: number;
}

/** Enough to begin with; `coverage gaps` has them all. */
const gapsShown = 5;

export function* overview(report: EvaluatedReport, { paint, now }: OverviewOptions): Generator<string> {
  const { status } = report;
  yield `${banner(report, paint)}\n\n`;
  yield* counts(report, paint);
  const gaps = status.gaps ?? [];
  const total = gaps.length + (status.gapsOmitted ?? 0);
  if (total > 0) {
    yield `\n${paint.bold(total > gapsShown ? `Leading gaps, of ${total}` : 'Gaps')}\n`;
    for (const gap of gaps.slice(0, gapsShown)) {
      yield `${paint.state(gap.reason, gap.state)}  ${affected(gap)}\n`;
      yield `${causeLines(gap, '  ').join('\n')}\n`;
    }
  }
  const next = nextSteps(report);
  if (next.length > 0) yield `\n${next.map((line) => paint.dim(line)).join('\n')}\n`;
  yield `\n${paint.dim(whenOf(report, now))}\n`;
}

/** What stands in the condition Complete; its first words are the state. */
export const banner = ({ status }: EvaluatedReport, paint: Paint): string => {
  const complete = status.conditions?.find(({ type }) => type === 'Complete');
  if (complete === undefined) return 'Whether coverage is complete has not been evaluated.';
  // Cause and remedy of the leading gap follow below, and are no part of the banner.
  const [message = ''] = plain(complete.message).split(' Most pressing: ');
  const state = { True: 'Protected', False: 'NoAgent', Unknown: 'Unknown' }[complete.status];
  return paint.bold(paint.state(complete.status === 'True' ? `Complete: ${message}` : message, state));
};

const header = [
  '',
  'TOTAL',
  'PROTECTED',
  'WARNING',
  'UNKNOWN',
  'INCOMPLETE',
  'FAILED',
  'NO PROTECTION',
  'NO AGENT',
  'EXEMPT',
  'NOT RUNNING',
  'PROTECTED %',
];

function* counts({ status }: EvaluatedReport, paint: Paint): Generator<string> {
  const kinds = (['nodes', 'workloads', 'pods', 'containers', 'serverless'] as const).flatMap((kind) => {
    const count = status.counts?.[kind];
    return count === undefined || (kind === 'serverless' && count.total === 0) ? [] : [{ kind, count }];
  });
  yield* columns({
    header,
    rows: kinds.map(({ kind, count }) => [
      kind,
      `${count.total}`,
      `${count.protected}`,
      `${count.warning}`,
      `${count.unknown}`,
      `${count.incomplete}`,
      `${count.failed}`,
      `${count.noProtection}`,
      `${count.noAgent}`,
      `${count.exempt}`,
      `${count.notRunning}`,
      count.protectedPercent ?? '-',
    ]),
    paint,
  });
  yield '\n';
  yield* columns({
    header: ['KNOWN BY', 'LOADED', 'REPORTING', 'RUNNING', 'DECLARED', 'NOTHING', 'ONLY THE BASELINE ASKS'],
    rows: kinds.map(({ kind, count: { byEvidence: by, total, exempt, notRunning, judged } }) => [
      kind,
      `${by.loaded}`,
      `${by.reporting}`,
      `${by.running}`,
      `${by.declared}`,
      `${by.none}`,
      `${Math.max(0, total - exempt - notRunning - judged)}`,
    ]),
    paint,
  });
}

/** The seed's two cards, and where they lead. */
const nextSteps = ({ metadata: { name }, status }: EvaluatedReport): readonly string[] => {
  const of = name === 'cluster' ? '' : ` --report ${name}`;
  const { noAgent = 0, noProtection = 0 } = status.counts?.nodes ?? {};
  return [
    ...(noAgent > 0
      ? [`${plural(noAgent, 'node')} without an agent: kubectl protection coverage --state NoAgent --assets nodes${of}`]
      : []),
    ...(noProtection > 0
      ? [
          `${plural(noProtection, 'node')} without workload protection: kubectl protection coverage --state NoProtection --assets nodes${of}`,
        ]
      : []),
    ...((status.gaps ?? []).length > 0
      ? [`what to mend, in order of risk: kubectl protection coverage gaps${of}`]
      : []),
  ];
};

const whenOf = ({ metadata, spec, status }: EvaluatedReport, now: number): string => {
  if (spec.snapshotOf !== undefined) {
    const { snapshot } = status;
    const taken = snapshot === undefined ? 'not yet whole' : `taken at ${snapshot.takenAt}, ${snapshot.digest}`;
    return `Snapshot ${metadata.name} of ${spec.snapshotOf.name}, ${taken}`;
  }
  const evaluated = status.evaluatedAt === undefined ? '' : `, true ${ageOf(now - Date.parse(status.evaluatedAt))} ago`;
  return `CoverageReport ${metadata.name}${evaluated}`;
};
