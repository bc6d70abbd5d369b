import { describe, expect, it } from 'vitest';
import type { AdmissionRequest, Ruling } from '../review.ts';
import { createNotesWebhook } from './webhook.ts';

const now = Date.parse('2026-05-01T12:00:00.000Z');
const stamped = { text: 'a', author: 'cleo', time: '2026-05-01T12:00:00.000Z' };
const finding = (notes?: readonly object[]): object => ({ spec: { case: { phase: 'New', ...(notes && { notes }) } } });

const ask = (overrides: Partial<AdmissionRequest>): Ruling =>
  createNotesWebhook(() => now)({
    uid: 'u',
    kind: { group: 'workloadprotection.dev', version: 'v1alpha1', kind: 'Finding' },
    operation: 'UPDATE',
    userInfo: { username: 'cleo' },
    ...overrides,
  }) as Ruling;

describe('the hook for notes', () => {
  it.each<[string, unknown, string, unknown]>([
    ['beside what is there', finding([{ text: 'a' }]), '/spec/case/notes', [stamped]],
    ['where the case is left out', { spec: {} }, '/spec/case', { notes: [stamped] }],
    ['where the spec is left out', {}, '/spec', { case: { notes: [stamped] } }],
  ])('puts notes %s', (_, object, path, value) => {
    expect(ask({ object, oldObject: finding([stamped]) })).toEqual({
      allowed: true,
      verdict: 'Stamped',
      patch: [{ op: 'add', path, value }],
    });
  });

  it('changes nothing where all are stamped', () => {
    const notes = { object: finding([stamped]), oldObject: finding([stamped]) };
    expect(ask(notes)).toEqual({ allowed: true, verdict: 'Accepted' });
  });

  it('stamps a note of a new finding', () => {
    expect(ask({ operation: 'CREATE', object: finding([{ text: 'a' }]), oldObject: null })).toMatchObject({
      patch: [{ op: 'add', path: '/spec/case/notes', value: [stamped] }],
    });
  });

  it('refuses, naming the note, what it cannot sign', () => {
    expect(ask({ object: finding([{ text: 'a' }, { text: 'b', author: 'ann' }]) })).toMatchObject({
      allowed: false,
      code: 422,
      causes: [{ field: 'spec.case.notes[1]' }],
    });
  });

  it('refuses a note of nobody', () => {
    expect(ask({ object: finding([{ text: 'a' }]), userInfo: { username: '' } }).allowed).toBe(false);
  });

  it.each<[string, Partial<AdmissionRequest>]>([
    ['a deletion', { operation: 'DELETE', oldObject: finding([stamped]) }],
    ['a subresource', { subResource: 'status', object: finding() }],
    ['another kind', { kind: { group: '', version: 'v1', kind: 'Pod' }, object: finding([{ text: 'a' }]) }],
  ])('leaves %s alone', (_, request) => {
    expect(ask(request)).toEqual({ allowed: true, verdict: 'Skipped' });
  });
});
