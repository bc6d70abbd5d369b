// ATT&CK ids out of the notations of agents: `T1059.004`, `t1059_004`, `MITRE_T1036_masquerading`, `mitre_execution`,
// `technique:T1552-unsecured-credentials`, `tactic:TA0006-credential-access`. Whether an id exists is not asked here; a table does that.
import { tactics } from '../domain/attack/tactics.ts';

export interface AttackIds {
  readonly tactics: readonly string[];
  readonly techniques: readonly string[];
}

export const noAttackIds: AttackIds = Object.freeze({
  tactics: Object.freeze([]),
  techniques: Object.freeze([]),
});

/**
 * Out of free tags: those that name ATT&CK, all others are left out. A tactic by its name counts only after a word that says so
 * (`mitre_execution`, `tactic:execution`): `discovery` or `impact` alone may mean anything. A tag that says it is ATT&CK and cannot
 * be read stays as it was written.
 */
export const attackIdsInTags = (tags: Iterable<string>): AttackIds => collect(tags, false);

/** Out of a place that is for ATT&CK alone, such as an annotation: what cannot be read stays as it was written, as a technique. */
export const attackIdsIn = (written: Iterable<string>): AttackIds => collect(written, true);

/** Several in one text, with commas or blanks between, as people write them in annotations; names of tactics may contain blanks. */
export const attackIdsInText = (text: string): AttackIds =>
  attackIdsIn(
    text
      .split(/[,;\n]+/)
      // `T1059 T1611`: blanks separate only where each part is an id of its own.
      .flatMap((item) => {
        const parts = item.trim().split(/\s+/);
        return parts.every((part) => /^TA?\d{4}/i.test(part)) ? parts : [item];
      }),
  );

export const joinAttackIds = (...several: readonly AttackIds[]): AttackIds => ({
  tactics: distinct(several.flatMap(({ tactics }) => tactics)),
  techniques: distinct(several.flatMap(({ techniques }) => techniques)),
});

type Found = { readonly tactic: string } | { readonly technique: string };

const collect = (items: Iterable<string>, onlyAttack: boolean): AttackIds => {
  const tactics: string[] = [];
  const techniques: string[] = [];
  for (const item of items) {
    const written = item.trim();
    const found = onlyAttack || mayBeAttack.test(written) ? read(written, onlyAttack) : undefined;
    if (found === undefined) continue;
    if ('tactic' in found) tactics.push(found.tactic);
    else techniques.push(found.technique);
  }
  return { tactics: distinct(tactics), techniques: distinct(techniques) };
};

/** With what every word below and every id begins: most tags of an event are something else. */
const mayBeAttack = /^(?:mitre|att|sub-?t|t[ae\d])/i;

/** Words before the id that say what it is: `MITRE_`, `mitre-attack:`, `attack.`, `technique:`; `attack-surface` says nothing. */
const label = /^(?:(?:mitre|attack(?=\.)|(?<=mitre.)attack|att&ck|sub-?technique|technique|tactic)s?[-_.:/ ]+)+/i;
/** That something is ATT&CK, and not what. */
const nothingMore = /^(?:attack|att&ck)?$/i;

const tacticPattern = /^TA(\d{4})(?![a-z0-9])/i;
/** The part behind the dot is taken only if it is three digits: `T1036_masquerading` has none. */
const techniquePattern = /^T(\d{4})(?:[._/-](\d{3})(?!\d))?(?![a-z0-9])/i;

const read = (written: string, onlyAttack: boolean): Found | undefined => {
  const prefix = label.exec(written)?.[0] ?? '';
  const rest = written.slice(prefix.length);
  const tactic = tacticPattern.exec(rest);
  if (tactic !== null) return { tactic: `TA${tactic[1]}` };
  const technique = techniquePattern.exec(rest);
  if (technique !== null)
    return { technique: `T${technique[1]}${technique[2] === undefined ? '' : `.${technique[2]}`}` };
  if (written === '' || nothingMore.test(rest) || (prefix === '' && !onlyAttack)) return undefined;
  const named = tacticsByName.get(
    rest
      .toLowerCase()
      .replace(/[^a-z]+/g, ' ')
      .trim(),
  );
  if (named !== undefined) return { tactic: named };
  return /tactic/i.test(prefix) ? { tactic: written } : { technique: written };
};

/** In version 19 Defense Evasion became these two; agents write either. */
const laterNames = [
  { id: 'TA0005', name: 'Stealth' },
  { id: 'TA0112', name: 'Defense Impairment' },
];

const tacticsByName: ReadonlyMap<string, string> = new Map(
  [...tactics, ...laterNames].map(({ id, name }) => [name.toLowerCase(), id]),
);

const distinct = (items: readonly string[]): readonly string[] =>
  items.length < 2 ? items : [...new Set(items)].sort();
