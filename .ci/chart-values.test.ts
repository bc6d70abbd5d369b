import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { documentedValues, valuesTable, withValuesTable } from './chart-values.ts';

const chart = path.join(import.meta.dirname, '..', 'charts', 'workload-protection');
const yaml = await readFile(path.join(chart, 'values.yaml'), 'utf8');

describe('the values of the chart', () => {
  it('stand in its README as they are', async () => {
    const readme = await readFile(path.join(chart, 'README.md'), 'utf8');
    expect(readme, 'out of date: run "node .ci/chart-values.ts"').toBe(withValuesTable(readme, yaml));
  });

  it('are each explained, or stand in a group that is', () => {
    const values = documentedValues(yaml);
    const explained = new Set(values.filter(({ description }) => description !== '').map(({ name }) => name));
    const isExplained = (name: string): boolean =>
      explained.has(name) || (name.includes('.') && isExplained(name.slice(0, name.lastIndexOf('.'))));
    const leaves = values.filter(({ value }) => value !== '');
    expect(leaves.length).toBeGreaterThan(80);
    expect(leaves.filter(({ name }) => !isExplained(name)).map(({ name }) => name)).toEqual([]);
  });

  it('are read with the comment that stands right above them', () => {
    const text = ['# About a', '# and more.', 'a:', '  # Inside.', '  b: [1, 2]', '', '# Lost.', '', 'c: {}'].join(
      '\n',
    );
    expect(documentedValues(text)).toEqual([
      { name: 'a', value: '', description: 'About a and more.' },
      { name: 'a.b', value: '[1, 2]', description: 'Inside.' },
      { name: 'c', value: '{}', description: '' },
    ]);
  });

  it('keep the table whole where a text has a bar in it', () => {
    expect(valuesTable([{ name: 'a', value: 'x|y', description: 'x or y' }])).toContain(
      String.raw`| \`a\` | \`x\|y\` | x or y |`.replaceAll('\\`', '`'),
    );
  });

  it('need a place in the README', () => {
    expect(() => withValuesTable('# Chart\n', yaml)).toThrow('has lost the comments');
  });
});
