import { expect, test } from 'vitest';
import type { RawObject } from '../watches.ts';
import { readFinding } from './read.ts';

const status = {
  behaviour: 'CompilerInContainer',
  severity: 'Medium',
  phase: 'Open',
  subject: { reference: 'Deployment/cart', kind: 'Deployment', name: 'cart', podsSeen: 1 },
  count: 7,
  reopened: 0,
};

const aFinding = (overrides: object): RawObject =>
  ({
    apiVersion: 'workloadprotection.dev/v1alpha1',
    kind: 'Finding',
    metadata: { name: 'x', namespace: 'shop', uid: 'u' },
    spec: { case: { phase: 'Fixed' } },
    ...overrides,
  }) as RawObject;

test('a finding is read with its case and its status', () => {
  expect(readFinding(aFinding({ status }))).toMatchObject({
    ok: true,
    value: { spec: { case: { phase: 'Fixed' } }, status: { count: 7 } },
  });
});

test('a status of another version keeps its counts', () => {
  const newer = { ...status, severity: 'Catastrophic', confidence: 3 };
  expect(readFinding(aFinding({ status: newer }))).toMatchObject({ ok: true, value: { status: { count: 7 } } });
});

test('a status that is none is as if there were none', () => {
  const read = readFinding(aFinding({ status: { phase: 'Open' } }));
  expect(read.ok && read.value.status).toBeUndefined();
});

test('a spec that cannot be read is told', () => {
  expect(readFinding(aFinding({ spec: { case: { phase: 'Done' } } }))).toMatchObject({ ok: false });
});
