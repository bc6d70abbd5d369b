// ATT&CK of objects whose kind has no place for it: said in an annotation of ours.
import { attackIdsInText, noAttackIds, type AttackIds } from './attack-ids.ts';
import { object, text } from './read.ts';

/** Such as `workloadprotection.dev/attack: "T1059.004, TA0002"`. */
export const attackAnnotation = 'workloadprotection.dev/attack';

/** Of the object as the API server gave it; it holds for each of its rules. */
export const annotatedAttackIds = (raw: unknown): AttackIds => {
  const annotations = object(object(object(raw).metadata).annotations);
  const written = text(annotations[attackAnnotation]);
  return written === '' ? noAttackIds : attackIdsInText(written);
};
