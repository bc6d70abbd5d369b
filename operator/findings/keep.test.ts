import { expect, test } from 'vitest';
import { type RawObject } from '../watches.ts';
import { leader } from './testing/leader.ts';

test('a decision on a case is followed when it is seen, and not at the next look', async () => {
  const { ours, object, told } = await leader();
  ours.findings.upsert({ ...object, spec: { case: { phase: 'Remediating' } } } as RawObject);
  expect(told).toEqual(['RemediationStarted of uid-1']);
});
