/**
 * The product's own table of MITRE ATT&CK: ids, names and tactics, enough to read tags and to lay rules out as a matrix. It holds the
 * Containers matrix, the techniques of Linux, and those of clouds that rules of runtime agents name. It is no copy of ATT&CK: no
 * descriptions, no mitigations, none of the techniques before an intrusion (Reconnaissance, Resource Development), none of other
 * platforms. An id that is not in it is shown as it was written, and still counts for those who require it.
 */
import { containerAndEntryRows } from './table/entry.ts';
import { evasionRows } from './table/evasion.ts';
import { insideRows } from './table/inside.ts';
import { outcomeRows } from './table/outcome.ts';
import { tactics } from './tactics.ts';
import type { Platform, Technique } from './types.ts';

/** The edition of ATT&CK that the table follows. */
export const attackVersion = '18';

/** Of a sub-technique the tactics are left out: they are its parent's. */
export type Row = readonly [id: string, name: string, platforms: string, tactics?: string];

const platformOf: Readonly<Record<string, Platform>> = { C: 'Containers', L: 'Linux', O: 'Cloud' };

/** The table's short words for tactics. */
const tacticOf: Readonly<Record<string, string>> = {
  Ini: 'TA0001',
  Exe: 'TA0002',
  Per: 'TA0003',
  Pri: 'TA0004',
  Eva: 'TA0005',
  Cre: 'TA0006',
  Dis: 'TA0007',
  Lat: 'TA0008',
  Col: 'TA0009',
  Com: 'TA0011',
  Exf: 'TA0010',
  Imp: 'TA0040',
};

const order = new Map<string, number>(tactics.map(({ id }, index) => [id, index]));

const expand = (rows: readonly Row[]): ReadonlyMap<string, Technique> => {
  const known = new Map<string, Technique>();
  for (const [id, name, platforms, written] of rows) {
    const inherited = known.get(id.slice(0, 5))?.tactics ?? [];
    const own = written?.split(' ').map((word) => tacticOf[word] ?? word);
    known.set(id, {
      id,
      name,
      tactics: (own ?? inherited).toSorted((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0)),
      platforms: platforms.split('').flatMap((letter) => platformOf[letter] ?? []),
    });
  }
  return known;
};

/** By id. */
export const techniques: ReadonlyMap<string, Technique> = expand([
  ...containerAndEntryRows,
  ...evasionRows,
  ...insideRows,
  ...outcomeRows,
]);
