// Rows of something that is no asset, in the formats that all lists share.
import { dump } from 'js-yaml';
import { columns } from '../output/columns.ts';
import { csvLine } from '../output/csv.ts';
import type { Paint } from '../output/paint.ts';
import type { Format } from './flags.ts';

export const listFormats = ['table', 'wide', 'json', 'yaml', 'csv'] as const satisfies readonly Format[];

/** A column: its title, its cell, and whether only -o wide shows it. CSV has all of them, under their names in lower case. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string | number;
  readonly wide?: true;
}

export interface Listing<Row> {
  /** For programs: `CoverageGapList`. */
  readonly kind: string;
  /** What it is of; left out where there is no report behind it. */
  readonly report?: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly stateOf?: (row: Row) => string | undefined;
}

export function* listed<Row>(listing: Listing<Row>, format: Format, paint: Paint): Generator<string> {
  const { kind, report, rows, stateOf } = listing;
  if (format === 'json' || format === 'yaml') {
    const document = { apiVersion: 'cli.workloadprotection.dev/v1alpha1', kind, report, items: rows };
    yield format === 'json'
      ? `${JSON.stringify(document, undefined, 2)}\n`
      : dump(document, { noRefs: true, lineWidth: -1, skipInvalid: true });
    return;
  }
  if (format === 'csv') {
    yield csvLine(listing.columns.map(({ title }) => title.toLowerCase().replaceAll(' ', '_')));
    for (const row of rows) yield csvLine(listing.columns.map(({ cell }) => cell(row)));
    return;
  }
  const shown = listing.columns.filter(({ wide }) => wide !== true || format === 'wide');
  yield* columns({
    header: shown.map(({ title }) => title),
    rows: rows.map((row) => shown.map(({ cell }) => String(cell(row)))),
    stateOf: (index) => {
      const row = rows[index];
      return row === undefined ? undefined : stateOf?.(row);
    },
    paint,
  });
}
