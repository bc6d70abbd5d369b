import { expect, test } from 'vitest';
import type { RawObject } from '../watches.ts';
import { withFindingsOf } from './urgent.ts';

const finding = (behaviour: string, name: string, phase: string): RawObject =>
  ({ metadata: { name: `f-${name}` }, status: { behaviour, phase, subject: { name } } }) as unknown as RawObject;

test('nodes wait whose finding of the behaviour is not over', () => {
  const findings = [
    finding('OutdatedCgroups', 'open', 'Open'),
    finding('OutdatedCgroups', 'claimed', 'Verifying'),
    finding('OutdatedCgroups', 'over', 'Resolved'),
    finding('OutdatedKernel', 'old', 'Open'),
    { metadata: { name: 'without-status' } } as RawObject,
  ];
  expect(withFindingsOf('OutdatedCgroups', findings)).toEqual(new Set(['open', 'claimed']));
});
