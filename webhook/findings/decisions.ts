// Stamps who decided on a case: fixed, accepted, worked on. Whatever goes wrong here lets the decision pass, and only leaves its author unknown:
// the operator believes no stamp that is not of the version before it.
import { findingSchema, type FindingSpec } from '../../crds/schema/finding.ts';
import { caseStampAnnotation, stampOf } from '../../domain/findings/case-stamp.ts';
import { canonicalJson } from '../../domain/snapshot/canonical-json.ts';
import { object, text, textOrNone } from '../../facts/read.ts';
import type { JsonPatch } from '../../kube/apply.ts';
import type { Ruling } from '../review.ts';
import type { Webhook } from '../server.ts';

export const createDecisionsWebhook = (): Webhook => (request) => {
  const { kind, operation, subResource, userInfo, object: after, oldObject: before } = request;
  if (kind.kind !== 'Finding' || operation !== 'UPDATE' || (subResource ?? '') !== '') return skipped;
  const [was, is] = [specOf(before), specOf(after)];
  const { uid, generation } = object(object(before)['metadata']);
  const isNamed = textOrNone(uid) !== undefined && typeof generation === 'number' && userInfo.username !== '';
  // What is no finding is refused by its definition.
  if (was === undefined || is === undefined || !isNamed) return skipped;
  const wanted = stampOf({
    uid: text(uid),
    generation,
    stamp: stampIn(before),
    before: was.case,
    after: is.case,
    isOtherSpec: canonicalJson(was) !== canonicalJson(is),
    user: userInfo.username,
  });
  return wanted === stampIn(after)
    ? { allowed: true, verdict: 'Accepted' }
    : { allowed: true, verdict: 'Stamped', patch: patchOf(after, wanted) };
};

const skipped: Ruling = { allowed: true, verdict: 'Skipped' };

const specOf = (finding: unknown): FindingSpec | undefined =>
  findingSchema.safeParse({ ...object(finding), status: undefined }).data?.spec;

const stampIn = (finding: unknown): string | undefined => textOrNone(annotationsOf(finding)?.[caseStampAnnotation]);

const annotationsOf = (finding: unknown): Readonly<Record<string, unknown>> | undefined => {
  const { annotations } = object(object(finding)['metadata']);
  return annotations === undefined || annotations === null ? undefined : object(annotations);
};

/** As a JSON pointer has it. */
const path = `/metadata/annotations/${caseStampAnnotation.replaceAll('~', '~0').replaceAll('/', '~1')}`;

const patchOf = (finding: unknown, stamp: string | undefined): JsonPatch => {
  if (stamp === undefined) return [{ op: 'remove', path }];
  return annotationsOf(finding) === undefined
    ? [{ op: 'add', path: '/metadata/annotations', value: { [caseStampAnnotation]: stamp } }]
    : [{ op: 'add', path, value: stamp }];
};
