// Rows under a header, aligned, as kubectl shows them.
import type { Paint } from './paint.ts';
import { plain } from './text.ts';

export interface Columns {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** The state that colours a row. */
  readonly stateOf?: (index: number) => string | undefined;
  readonly paint: Paint;
  readonly indent?: string;
}

/** Rows that are written at once: enough to be quick, few enough to be no second copy of a large table. */
const rowsAtOnce = 1000;

/** Gives pieces of text, so that a table of fifteen thousand rows is never one string. */
export function* columns({ header, rows, stateOf, paint, indent = '' }: Columns): Generator<string> {
  const widths = header.map((title) => title.length);
  const cells = rows.map((row) => row.map((cell) => plain(cell) || '-'));
  for (const row of cells) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  const line = (row: readonly string[]): string =>
    indent +
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  yield `${paint.bold(line(header))}\n`;
  for (let from = 0; from < cells.length; from += rowsAtOnce) {
    yield cells
      .slice(from, from + rowsAtOnce)
      .map((row, index) => `${paint.state(line(row), stateOf?.(from + index))}\n`)
      .join('');
  }
}
