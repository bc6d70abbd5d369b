// `coverage gaps`: what is wrong, grouped by cause, in order of risk, each with what mends it.
import type { Gap } from '../../crds/schema/verdict.ts';
import { flagsHelp, valuesOf, type Given } from '../flags/table.ts';
import type { Paint } from '../output/paint.ts';
import { plain, plural } from '../output/text.ts';
import type { Verb } from '../verb.ts';
import { exitCodeOf } from './exit-code.ts';
import { passes } from './filter.ts';
import { filterFlags, filtersOf } from './filter-flags.ts';
import { connectionFlags, failOnFlag, helpFlag, outputFlag, watchFlag } from './flags.ts';
import { listed, listFormats, type Column } from './listing.ts';
import { commandIn } from './remedy.ts';
import { runSession } from './session.ts';
import { affected, causeLines } from './words.ts';

const { state, reason, agent, policy, search } = filterFlags;

const flags = {
  state,
  reason,
  agent: { ...agent, help: 'Gaps of this ProtectionAgent.' },
  policy: { ...policy, help: 'Gaps that this WorkloadPolicy asks to close.' },
  search,
  ...outputFlag(listFormats),
  ...watchFlag,
  ...failOnFlag,
  ...connectionFlags,
  ...helpFlag,
};

const help = `Says what is wrong, grouped by cause, in the order in which it should be mended: by criticality, then by what makes the assets risky, then by how
many there are. Each gap has the smallest change that mends it, as a command where one does.

Usage:
  kubectl protection coverage gaps [flags]

Examples:
  kubectl protection coverage gaps
  kubectl protection coverage gaps --reason AgentMissing,AgentNotReady
  kubectl protection coverage gaps -o json | jq -r '.items[].command // empty'

Flags:
${flagsHelp(flags)}
`;

interface GapRow extends Gap {
  /** What can be pasted, where the remedy is a command. */
  readonly command?: string;
}

export const gapsVerb: Verb = {
  name: 'gaps',
  summary: 'What is wrong, by cause, in order of risk, with what mends it.',
  help,
  values: valuesOf(flags),
  run: (args, io) =>
    runSession({ flags }, args, io, async ({ given, report, format, paint, write, note, failOn }) => {
      const { gaps = [], gapsOmitted = 0 } = report.status;
      const rows = gaps.filter(gapFilter(given)).map((gap): GapRow => {
        const command = commandIn(gap.remedy);
        return command === undefined ? gap : { ...gap, command };
      });
      if (format === 'table') write(blocks(rows, paint));
      else {
        write(listed({ kind: 'CoverageGapList', report: report.metadata.name, rows, columns, stateOf }, format, paint));
      }
      if (gapsOmitted > 0) note(`the report leaves out ${plural(gapsOmitted, 'less pressing gap')}`);
      return exitCodeOf(rows.map(stateOf), failOn);
    }),
};

const stateOf = (gap: Gap): Gap['state'] => gap.state;

const gapFilter = (given: Given): ((gap: Gap) => boolean) => {
  const filters = filtersOf(given);
  const [text] = filters.search ?? [];
  return (gap) =>
    passes(filters.state, [gap.state]) &&
    passes(filters.reason, [gap.reason]) &&
    passes(filters.agent, gap.agent === undefined ? [] : [gap.agent]) &&
    passes(filters.policy, gap.policies ?? []) &&
    (text === undefined ||
      [gap.reason, gap.cause, gap.remedy, ...(gap.examples ?? [])]
        .join('\n')
        .toLowerCase()
        .includes(text.toLowerCase()));
};

function* blocks(rows: readonly GapRow[], paint: Paint): Generator<string> {
  if (rows.length === 0) {
    yield 'No gaps.\n';
    return;
  }
  for (const [index, gap] of rows.entries()) {
    const { reason: why, criticality, risks = [], examples = [], policies = [] } = gap;
    const weight = [criticality, ...risks].join(', ');
    yield `${index === 0 ? '' : '\n'}${paint.bold(paint.state(`${index + 1}. ${why}`, gap.state))}  ${gap.state}, ${affected(gap)}  [${weight}]\n`;
    yield `${causeLines(gap, '   ').join('\n')}\n`;
    const more = gap.nodes + gap.workloads - examples.length;
    if (examples.length > 0) {
      yield paint.dim(`   ${plain(examples.join(', '))}${more > 0 ? ` and ${more} more` : ''}`) + '\n';
    }
    if (policies.length > 0) yield paint.dim(`   asked by ${plain(policies.join(', '))}`) + '\n';
  }
}

const columns: readonly Column<GapRow>[] = [
  { title: 'REASON', cell: (gap) => gap.reason },
  { title: 'STATE', cell: (gap) => gap.state },
  { title: 'CRITICALITY', cell: (gap) => gap.criticality },
  { title: 'RISKS', cell: ({ risks = [] }) => risks.join(',') },
  { title: 'NODES', cell: (gap) => gap.nodes },
  { title: 'WORKLOADS', cell: (gap) => gap.workloads },
  { title: 'PODS', cell: (gap) => gap.pods },
  { title: 'AGENT', cell: ({ agent: name = '' }) => name },
  { title: 'CAUSE', cell: (gap) => gap.cause },
  { title: 'REMEDY', cell: (gap) => gap.remedy },
];
