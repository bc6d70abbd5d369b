// Stamps notes on their way in. It is called only where notes change, and whatever it cannot stamp is refused: a note without an
// author is no note.
import { object } from '../../facts/read.ts';
import type { JsonPatch } from '../../kube/apply.ts';
import { refusalOf } from '../refusal.ts';
import type { AdmissionRequest, Ruling } from '../review.ts';
import type { Webhook } from '../server.ts';
import { stampNotes } from './notes.ts';

export const createNotesWebhook =
  (now: () => number): Webhook =>
  (request) => {
    const { kind, operation, subResource, userInfo, object: after, oldObject: before } = request;
    const isWritten = operation === 'CREATE' || operation === 'UPDATE';
    if (kind.kind !== 'Finding' || !isWritten || (subResource ?? '') !== '') return skipped;
    const { username } = userInfo;
    if (username === '') return refused('who asks is not known', 'spec.case.notes');
    const stamped = stampNotes(notesOf(before), notesOf(after), username, now());
    if (!stamped.ok) return refused(stamped.message, `spec.case.notes[${stamped.index}]`);
    const isSame = JSON.stringify(stamped.notes) === JSON.stringify(notesOf(after) ?? []);
    return isSame
      ? { allowed: true, verdict: 'Accepted' }
      : { allowed: true, patch: patchOf(after, stamped.notes), verdict: 'Stamped' };
  };

const skipped: Ruling = { allowed: true, verdict: 'Skipped' };

const refused = (message: string, field: string): Ruling => refusalOf('the case', [{ field, message }]);

const notesOf = (finding: AdmissionRequest['object']): unknown =>
  object(object(object(finding)['spec'])['case'])['notes'];

/** `add` takes the place of what is there; what leads to it must be there before. */
const patchOf = (finding: unknown, notes: readonly unknown[]): JsonPatch => {
  const { spec } = object(finding);
  if (spec === undefined) return [{ op: 'add', path: '/spec', value: { case: { notes } } }];
  if (object(spec)['case'] === undefined) return [{ op: 'add', path: '/spec/case', value: { notes } }];
  return [{ op: 'add', path: '/spec/case/notes', value: notes }];
};
