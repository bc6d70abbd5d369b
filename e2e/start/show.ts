// What a run ends with: the report as kubectl shows it, and what to type next.
import path from 'node:path';
import type { Kubectl } from '../installation/target.ts';

export const samples = path.join(import.meta.dirname, 'samples');

/** The table, and the first gaps with their causes and remedies. */
export const shownReport = async (kubectl: Kubectl, most: number): Promise<string> => {
  const table = await kubectl(['get', 'cov,wpol,pagent,fnd']);
  const listed = await kubectl(['get', 'cov', 'cluster', gapsOutput]);
  const gaps = listed.split(/^(?=\S)/m).filter((gap) => gap.trim() !== '');
  const rest = gaps.length - most;
  return [
    '$ kubectl get cov,wpol,pagent,fnd',
    table.trimEnd(),
    '',
    gaps.length === 0 ? 'No gaps.' : `The most pressing gaps:`,
    ...gaps.slice(0, most).map((gap) => indented(gap.trimEnd())),
    ...(rest > 0 ? [`  … and ${rest} more: ${kubectlGaps()}`] : []),
    '',
  ].join('\n');
};

const gapsOutput = `--output=go-template-file=${path.join(samples, 'gaps.gotemplate')}`;

/** The command that lists all gaps. */
const kubectlGaps = (): string =>
  `kubectl get cov cluster -o go-template-file=${quoted(path.join(samples, 'gaps.gotemplate'))}`;

/** As one word for a shell. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

const indented = (text: string): string => text.replaceAll(/^/gm, '  ');
