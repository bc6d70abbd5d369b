import { describe, expect, test } from 'vitest';
import { findingDeliverable, toldAnnotation } from '../sinks/deliverable.ts';
import type { RawObject } from '../watches.ts';
import { mayGo } from './exported.ts';

const finding = (phase: string, told?: string): RawObject =>
  ({
    metadata: {
      name: 'x',
      namespace: 'shop',
      uid: 'u',
      ...(told === undefined ? {} : { annotations: { [toldAnnotation]: told } }),
    },
    spec: { case: { phase: 'New' } },
    status: {
      behaviour: 'CompilerInContainer',
      severity: 'Medium',
      subject: { reference: 'Deployment/cart', kind: 'Deployment', name: 'cart', podsSeen: 0 },
      phase,
      history: [{ time: '2026-01-01T00:00:00Z', actor: 'x', to: phase, reason: 'SilenceObserved' }],
    },
  }) as unknown as RawObject;
const last = findingDeliverable(finding('Resolved'), 'north').events.at(-1)?.id;

describe('a finding', () => {
  test.each<[string, RawObject, boolean, boolean]>([
    ['may go where it is resolved and no sink is asked for', finding('Resolved'), false, true],
    ['may go where it is resolved and the sink was told', finding('Resolved', last), true, true],
    ['stays where it is resolved and the sink was told nothing', finding('Resolved'), true, false],
    ['stays where it is resolved and the sink was told less', finding('Resolved', 'other'), true, false],
    ['stays where it is open as far as the cluster knows', finding('Open'), false, false],
  ])('%s', (_, object, hasSink, expected) => {
    expect(mayGo(object, 'north', hasSink)).toBe(expected);
  });
});
