/**
 * Writes the table of values in the chart's README from values.yaml and the comments in it.
 *
 *   node .ci/chart-values.ts            writes
 *   node .ci/chart-values.ts --check    writes nothing and fails if the table is out of date
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface DocumentedValue {
  readonly name: string;
  /** As it stands in the file: a scalar, `{}` or `[…]`; empty for a group, or for one whose content follows below it. */
  readonly value: string;
  readonly description: string;
}

const start = '<!-- values: written by "node .ci/chart-values.ts" from values.yaml -->\n';
const end = '<!-- /values -->';

/** Every key of the file in its order, with the comment above it. Knows block mappings only: that is all a values file should use. */
export function documentedValues(yaml: string): readonly DocumentedValue[] {
  const found: DocumentedValue[] = [];
  const parents: string[] = [];
  let comment: string[] = [];
  for (const line of yaml.split('\n')) {
    const text = line.trim();
    if (text.startsWith('#')) {
      comment.push(text.slice(1).trim());
      continue;
    }
    const key = /^( *)([^\s:#-][^\s:]*):(?: (.*))?$/.exec(line);
    if (key !== null) {
      const [, indent = '', name = '', value = ''] = key;
      parents.length = indent.length / 2;
      parents.push(name);
      found.push({ name: parents.join('.'), value, description: comment.join(' ') });
    }
    comment = [];
  }
  return found;
}

export function valuesTable(values: readonly DocumentedValue[]): string {
  const cell = (text: string): string => text.replaceAll('|', String.raw`\|`);
  // Groups without a word of their own are named by what is in them.
  const rows = values
    .filter(({ value, description }) => value !== '' || description !== '')
    .map(
      ({ name, value, description }) =>
        `| \`${name}\` | ${value === '' ? '' : `\`${cell(value)}\``} | ${cell(description)} |`,
    );
  return ['| value | default | what it does |', '|---|---|---|', ...rows, ''].join('\n');
}

export function withValuesTable(readme: string, yaml: string): string {
  const [from, to] = [readme.indexOf(start), readme.indexOf(end)];
  if (from === -1 || to === -1)
    throw new Error(`the chart's README has lost the comments between which the values stand: ${start}${end}`);
  return readme.slice(0, from + start.length) + valuesTable(documentedValues(yaml)) + readme.slice(to);
}

async function main(): Promise<void> {
  const chart = path.join(import.meta.dirname, '..', 'charts', 'workload-protection');
  const file = path.join(chart, 'README.md');
  const readme = await readFile(file, 'utf8');
  const wanted = withValuesTable(readme, await readFile(path.join(chart, 'values.yaml'), 'utf8'));
  if (wanted === readme) return;
  if (process.argv.includes('--check')) {
    console.error('charts/workload-protection/README.md is out of date: run "node .ci/chart-values.ts"');
    process.exitCode = 1;
    return;
  }
  await writeFile(file, wanted);
}

if (import.meta.main) await main();
