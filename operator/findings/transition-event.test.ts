import { expect, test } from 'vitest';
import type { Transition } from '../../domain/findings/life-cycle.ts';
import { silentLog } from '../../kube/log.ts';
import type { RawObject } from '../watches.ts';
import { only, setUp, start } from './testing/world.ts';
import { recordTransition } from './transition-event.ts';

const aFinding = { metadata: { name: 'x', uid: 'uid-1' } } as RawObject;

const noteOf = (actor: string): string => {
  const world = setUp();
  world.post();
  const notes: string[] = [];
  const transition: Transition = {
    time: start,
    actor,
    from: 'Open',
    to: 'Verifying',
    reason: 'FixClaimed',
    message: 'A fix is claimed; silence will prove it.',
  };
  const events = { record: ({ note }: { readonly note: string }) => void notes.push(note) };
  recordTransition({ events, log: silentLog }, only(world.book()).finding, transition, aFinding);
  return notes.join();
};

test('an Event says who decided', () => {
  expect(noteOf('ann')).toBe(
    'CompilerInContainer of Deployment/cart: A fix is claimed; silence will prove it. By ann.',
  );
});

test('an Event does not say that the operator did what operators do', () => {
  expect(noteOf('workload-protection-operator')).toMatch(/silence will prove it[.]$/);
});
