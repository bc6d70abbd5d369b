// What a run ends with: the report as kubectl and the command show it.
import path from 'node:path';
import type { Kubectl } from '../installation/target.ts';
import type { Protection } from './protection.ts';

export const samples = path.join(import.meta.dirname, 'samples');

/** The tables; the gaps that matter most with their causes and remedies; findings, where there are any. */
export const shownReport = async (kubectl: Kubectl, protection: Protection): Promise<string> => {
  const table = await kubectl(['get', 'cov,wpol,pagent']);
  const overview = await protection(['coverage']);
  const findings = await protection(['findings', '--all-namespaces']);
  return [
    '$ kubectl get cov,wpol,pagent',
    table.trimEnd(),
    '',
    '$ kubectl protection coverage',
    overview.trimEnd(),
    '',
    '$ kubectl protection findings -A',
    findings.trimEnd(),
    '',
  ].join('\n');
};

/** As one word for a shell. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
