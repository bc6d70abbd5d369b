import { describe, expect, it } from 'vitest';
import { caseStampAnnotation } from '../../domain/findings/case-stamp.ts';
import type { AdmissionRequest, Ruling } from '../review.ts';
import { createDecisionsWebhook } from './decisions.ts';

const uid = '7b1c';
const path = '/metadata/annotations/workloadprotection.dev~1case-decided-by';
const finding = (file: object, stamp?: string, others: object = {}): object => ({
  metadata: {
    name: 'gcc',
    uid,
    generation: 4,
    ...(stamp === undefined ? others : { annotations: { ...others, [caseStampAnnotation]: stamp } }),
  },
  spec: { case: file },
});
const [open, fixed] = [finding({ phase: 'New' }), finding({ phase: 'Fixed' })];
const byAnn = `${uid} 4 Fixed ann`;

const ask = (overrides: Partial<AdmissionRequest>): Ruling =>
  createDecisionsWebhook()({
    uid: 'u',
    kind: { group: 'workloadprotection.dev', version: 'v1alpha1', kind: 'Finding' },
    operation: 'UPDATE',
    userInfo: { username: 'cleo' },
    ...overrides,
  }) as Ruling;

describe('the hook for decisions', () => {
  it.each<[string, object, object, readonly object[]]>([
    [
      'stamps a decision where nothing is annotated',
      open,
      fixed,
      [{ op: 'add', path: '/metadata/annotations', value: { [caseStampAnnotation]: `${uid} 5 Fixed cleo` } }],
    ],
    [
      'stamps a decision over one of another',
      finding({ phase: 'Fixed' }, byAnn),
      finding({ phase: 'Remediating' }, byAnn),
      [{ op: 'add', path, value: `${uid} 5 Remediating cleo` }],
    ],
    [
      'keeps a decision current when something else of the case changes',
      finding({ phase: 'Fixed' }, byAnn),
      finding({ phase: 'Fixed', owner: 'bob' }, byAnn),
      [{ op: 'add', path, value: `${uid} 5 Fixed ann` }],
    ],
    [
      'puts back what is left out',
      finding({ phase: 'Fixed' }, byAnn),
      finding({ phase: 'Fixed' }),
      [{ op: 'add', path: '/metadata/annotations', value: { [caseStampAnnotation]: byAnn } }],
    ],
    [
      'puts back what is forged',
      finding({ phase: 'Fixed' }, byAnn),
      finding({ phase: 'Fixed' }, `${uid} 4 Fixed bob`),
      [{ op: 'add', path, value: byAnn }],
    ],
    ['takes away what nobody has decided', open, finding({ phase: 'New' }, byAnn), [{ op: 'remove', path }]],
    [
      'takes a case that is left out for a new one',
      finding({ phase: 'Fixed' }, byAnn),
      { ...finding({}, byAnn), spec: {} },
      [{ op: 'add', path, value: `${uid} 5 New cleo` }],
    ],
  ])('%s', (_, before, after, patch) => {
    expect(ask({ object: after, oldObject: before })).toEqual({ allowed: true, verdict: 'Stamped', patch });
  });

  it('changes nothing where the stamp is right', () => {
    const stamped = finding({ phase: 'Fixed' }, byAnn);
    expect(ask({ object: stamped, oldObject: stamped })).toEqual({ allowed: true, verdict: 'Accepted' });
  });

  it.each<[string, Partial<AdmissionRequest>]>([
    ['a creation', { operation: 'CREATE', object: fixed, oldObject: null }],
    ['a subresource', { subResource: 'status', object: fixed, oldObject: open }],
    ['another kind', { kind: { group: '', version: 'v1', kind: 'Pod' }, object: fixed, oldObject: open }],
    ['a decision of nobody', { userInfo: { username: '' }, object: fixed, oldObject: open }],
    ['what its definition refuses', { object: finding({ phase: 'Done' }), oldObject: open }],
  ])('leaves %s alone', (_, request) => {
    expect(ask(request)).toEqual({ allowed: true, verdict: 'Skipped' });
  });
});
