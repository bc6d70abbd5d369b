// For a comment on a pull request or the summary of a workflow.
import type { CheckReport } from '../judge/result.ts';
import { plain } from './text.ts';
import { pathOf, shareOf, skippedSentence, summarySentence } from './words.ts';

export const markdown = (report: CheckReport): string => {
  const rows = report.results.map((result) => {
    const [gap] = result.gaps;
    return row([
      result.verdict,
      result.kind,
      `${result.namespace}/${result.name}`,
      shareOf(result),
      gap === undefined ? '' : `${gap.reason}: ${gap.cause}`,
      gap?.remedy ?? '',
      `${pathOf(result)}:${result.line}`,
    ]);
  });
  return [
    '### Runtime protection',
    '',
    escape(summarySentence(report)),
    '',
    ...(rows.length === 0
      ? []
      : ['| verdict | kind | workload | nodes | why | remedy | where |', '|---|---|---|---|---|---|---|', ...rows, '']),
    ...report.problems.map(
      ({ file, line, message }) =>
        `- could not be read: ${escape(`${file ?? 'standard input'}:${line ?? 1}: ${message}`)}`,
    ),
    ...[skippedSentence(report), ...report.notes]
      .filter((line) => line !== undefined)
      .map((line) => `- ${escape(line)}`),
    '',
  ].join('\n');
};

const row = (cells: readonly string[]): string => `| ${cells.map(escape).join(' | ')} |`;

/** Names and causes are anybody's: they must stay text, and in their cell. */
const escape = (text: string): string => plain(text).replaceAll(/[\\`*_{}[\]<>#|~@]/g, String.raw`\$&`);
