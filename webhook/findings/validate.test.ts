import { describe, expect, it } from 'vitest';
import { validateCase } from './validate.ts';

const now = Date.parse('2026-05-01T12:00:00Z');
const finding = (file: object) => ({
  apiVersion: 'workloadprotection.dev/v1alpha1',
  kind: 'Finding',
  metadata: { name: 'gcc', namespace: 'shop' },
  spec: { case: file },
});
const accepted = (riskAcceptedUntil: string) =>
  finding({ phase: 'RiskAccepted', riskAcceptedReason: 'an isolated build image', riskAcceptedUntil });
const [past, future, far] = ['2026-04-01T00:00:00Z', '2026-09-01T00:00:00Z', '2029-01-01T00:00:00Z'];

describe('the case of a finding', () => {
  it.each<[string, unknown, unknown]>([
    ['a new acceptance that is past', accepted(past), undefined],
    ['an acceptance that is moved into the past', accepted(past), accepted(future)],
    [
      'an acceptance taken up again with an end that is past',
      accepted(past),
      finding({ phase: 'Triaged', riskAcceptedUntil: past }),
    ],
  ])('refuses %s', (_, after, before) => {
    expect(validateCase(after, before, now).errors).toEqual([
      { field: 'spec.case.riskAcceptedUntil', message: expect.stringContaining(`${past} is past`) as string },
    ]);
  });

  it.each<[string, unknown, unknown]>([
    ['an acceptance that has run out', accepted(past), accepted(past)],
    ['an end that is past beside another phase', finding({ phase: 'Fixed', riskAcceptedUntil: past }), undefined],
    ['an acceptance until a day to come', accepted(future), undefined],
    ['what its definition refuses', finding({ phase: 'RiskAccepted', riskAcceptedUntil: past }), undefined],
    ['no finding at all', undefined, undefined],
    ['a due date of today', finding({ dueDate: '2026-05-01' }), undefined],
    ['a due date that has passed since', finding({ dueDate: '2026-04-30' }), finding({ dueDate: '2026-04-30' })],
  ])('says nothing of %s', (_, after, before) => {
    expect(validateCase(after, before, now)).toEqual({ errors: [], warnings: [] });
  });

  it('warns of an acceptance for more than a year, once', () => {
    expect(validateCase(accepted(far), undefined, now).warnings).toEqual([
      expect.stringContaining('more than a year away'),
    ]);
    expect(validateCase(accepted(far), accepted(far), now).warnings).toEqual([]);
  });

  it('warns of a due date that is past', () => {
    expect(validateCase(finding({ dueDate: '2026-04-30' }), undefined, now).warnings).toEqual([
      'spec.case.dueDate: 2026-04-30 is past',
    ]);
  });
});
