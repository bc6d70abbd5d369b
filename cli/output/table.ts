// For people: a line for each workload, then each cause once with its remedy.
import type { CheckGap, CheckReport, CheckResult } from '../judge/result.ts';
import { plain, plural } from './text.ts';
import { identityOf, shareOf, skippedSentence, summarySentence } from './words.ts';

export interface TableOptions {
  readonly wide: boolean;
  readonly colour: boolean;
}

/** Names beyond these would hide the remedy under them. */
const maximumExamples = 3;

export const table = (report: CheckReport, { wide, colour }: TableOptions): string => {
  const lines = [
    ...(report.results.length === 0 ? [] : [rows(report.results, wide, colour), '']),
    ...gapBlocks(report.results, colour),
    bold(summarySentence(report), colour),
    ...[skippedSentence(report)].filter((line) => line !== undefined),
    ...report.notes.map((note) => `note: ${plain(note)}`),
  ];
  return `${lines.join('\n')}\n`;
};

const rows = (results: readonly CheckResult[], wide: boolean, colour: boolean): string => {
  const header = ['VERDICT', 'KIND', 'WORKLOAD', 'NODES', 'REASON', 'POLICIES', ...(wide ? ['POOLS', 'AT'] : [])];
  const cells = results.map((result) => [
    result.verdict,
    result.kind,
    plain(`${result.namespace}/${result.name}`),
    shareOf(result),
    result.gaps[0]?.reason ?? '-',
    plain(result.policies.map(({ name }) => name).join(',')) || '-',
    ...(wide ? [poolsCell(result), plain(`${result.file ?? '-'}:${result.line}`)] : []),
  ]);
  const widths = header.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[], paint: (text: string) => string): string =>
    row
      .map((cell, column) => {
        const padded = column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0);
        return column === 0 ? paint(padded) : padded;
      })
      .join('  ')
      .trimEnd();
  return [
    line(header, (text) => bold(text, colour)),
    ...cells.map((row, index) => line(row, (text) => painted(text, results[index]?.verdict, colour))),
  ].join('\n');
};

const poolsCell = ({ pools = [] }: CheckResult): string =>
  plain(pools.map(({ name, verdict, nodes }) => `${name}=${verdict}(${nodes})`).join(',')) || '-';

const gapBlocks = (results: readonly CheckResult[], colour: boolean): readonly string[] => {
  const blocks = new Map<string, { readonly gap: CheckGap; readonly workloads: string[] }>();
  for (const result of results) {
    for (const gap of result.gaps) {
      const key = `${gap.reason}\n${gap.cause}`;
      const block = blocks.get(key) ?? { gap, workloads: [] };
      block.workloads.push(identityOf(result));
      blocks.set(key, block);
    }
  }
  return [...blocks.values()].flatMap(({ gap, workloads }) => {
    const more = workloads.length - maximumExamples;
    const examples = workloads.slice(0, maximumExamples).join(', ') + (more > 0 ? ` and ${more} more` : '');
    return [
      `${bold(gap.reason, colour)}: ${plain(gap.cause)}`,
      `  ${plural(workloads.length, 'workload')}: ${examples}`,
      `  Remedy: ${plain(gap.remedy)}`,
      '',
    ];
  });
};

const colours: Readonly<Record<CheckResult['verdict'], number>> = {
  Protected: 32,
  Partly: 33,
  Unprotected: 31,
  Unknown: 36,
  Exempt: 90,
  Agent: 90,
};

const painted = (text: string, verdict: CheckResult['verdict'] | undefined, colour: boolean): string =>
  colour && verdict !== undefined ? `\u001B[${colours[verdict]}m${text}\u001B[0m` : text;

const bold = (text: string, colour: boolean): string => (colour ? `\u001B[1m${text}\u001B[0m` : text);
