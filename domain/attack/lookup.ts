// Ids out of what people and agents write.
import { tactics } from './tactics.ts';
import { techniques } from './techniques.ts';
import type { Tactic, Technique } from './types.ts';

/** Letters and digits before it would make it a part of some other word. */
const techniquePattern = /(?<![a-z0-9])t(\d{4})(?:[._](\d{3}))?(?!\d)/i;
/** Three digits are a common slip: `TA004` is `TA0004`. */
const tacticPattern = /(?<![a-z0-9])ta(\d{3,4})(?!\d)/i;

/** `T1059.004` out of `t1059.004`, `T1059_004`, `technique:T1059-unix-shell`; undefined where there is none. */
export const techniqueIdIn = (text: string): string | undefined => {
  const [, technique, sub] = techniquePattern.exec(text) ?? [];
  if (technique === undefined) return undefined;
  return sub === undefined ? `T${technique}` : `T${technique}.${sub}`;
};

/** Whether it is written as ATT&CK writes it, known or not. */
export const isTechniqueId = (id: string): boolean => /^T\d{4}(\.\d{3})?$/.test(id);

/** `TA0004` out of `ta0004`, `TA004-privilege-escalation`, `mitre_privilege_escalation`, `Privilege Escalation`. */
export const tacticIdIn = (text: string): string | undefined => {
  const [, digits] = tacticPattern.exec(text) ?? [];
  if (digits !== undefined) return `TA${digits.padStart(4, '0')}`;
  const words = wordsOf(text).replace(/^(mitre|attack|tactic) /, '');
  return tactics.find(({ name }) => wordsOf(name) === words)?.id;
};

const wordsOf = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim()
    .replace('defence', 'defense');

/** By an id in any spelling that `tacticIdIn` reads. */
export const tacticOf = (text: string): Tactic | undefined => {
  const wanted = tacticIdIn(text);
  return tactics.find(({ id }) => id === wanted);
};

/** By an id in any spelling that `techniqueIdIn` reads. */
export const techniqueOf = (text: string): Technique | undefined => {
  const id = techniqueIdIn(text);
  return id === undefined ? undefined : techniques.get(id);
};

/** `T1059` of `T1059.004`; undefined of what is no sub-technique. */
export const parentOf = (technique: string): string | undefined => {
  const dot = technique.indexOf('.');
  return dot === -1 ? undefined : technique.slice(0, dot);
};

/** `T1611 Escape to Host`; a sub-technique after its parent; the id alone where the table does not hold it. */
export const attackName = (id: string): string => {
  const technique = techniques.get(id);
  const parent = techniques.get(parentOf(id) ?? '');
  const name = technique?.name ?? tactics.find((tactic) => tactic.id === id)?.name;
  if (name === undefined) return id;
  return parent === undefined ? `${id} ${name}` : `${id} ${parent.name}: ${name}`;
};
