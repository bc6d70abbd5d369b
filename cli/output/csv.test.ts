import fc from 'fast-check';
import { expect, it } from 'vitest';
import { csvLine } from './csv.ts';

it.each([
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  [' =1+1', "' =1+1"],
  ['\t=1+1', "'\t=1+1"],
  ['＝1+1', "'＝1+1"],
  ['a=1', 'a=1'],
  ['\u001b[31mred\u202e', '\ufffd[31mred\ufffd'],
  ['shop/cart', 'shop/cart'],
  ['a "b", c', '"a ""b"", c"'],
])('a spreadsheet takes %j for text', (text, expected) => {
  expect(csvLine([text])).toBe(`${expected}\r\n`);
});

it('whatever stands in a cell, a reader finds as many cells, and none that is a formula', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 }), (cells) => {
      const line = csvLine(cells);
      const read = [...`,${line.slice(0, -2)}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,"]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
      );
      expect(read).toHaveLength(cells.length);
      for (const [index, cell] of read.entries()) {
        expect(cell).not.toMatch(/^\s*[=+\-@]/);
        expect(cell.replace(/^'/, '').length).toBeGreaterThanOrEqual((cells[index] ?? '').replace(/^'/, '').length);
      }
    }),
  );
});
