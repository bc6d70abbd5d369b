// Annotations of a GitHub workflow: commands on standard output that its runner shows on the line of the manifest.
import type { CheckReport, CheckResult } from '../judge/result.ts';
import { gapSentence, pathOf, skippedSentence, summarySentence, verdictSentence } from './words.ts';
import { plain } from './text.ts';

export const github = (report: CheckReport): string => {
  const lines = [
    ...report.problems.map(({ file, line, message }) =>
      command('error', { file, line, title: 'Unreadable' }, plain(message)),
    ),
    ...report.results.flatMap((result) =>
      result.gaps.map((gap) =>
        command(
          levelOf(gap.state),
          { file: pathOf(result), line: result.line, title: gap.reason },
          `${verdictSentence(result)}. ${gapSentence(gap)}`,
        ),
      ),
    ),
    // Plain lines go to the log.
    ...[summarySentence(report), skippedSentence(report)].filter((line) => line !== undefined),
  ];
  return `${lines.join('\n')}\n`;
};

const levelOf = (state: CheckResult['state']): string =>
  state === 'Unknown' ? 'notice' : state === 'Warning' ? 'warning' : 'error';

const command = (
  level: string,
  properties: Readonly<Record<string, string | number | undefined>>,
  message: string,
): string => {
  const written = Object.entries(properties)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  return `::${level} ${written.join(',')}::${escapeData(message)}`;
};

const escapeData = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const escapeProperty = (text: string): string => escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
