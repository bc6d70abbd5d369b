import { expect, test } from 'vitest';
import { agentTypes } from '../crds/schema/vocabulary.ts';
import { adapters } from './adapters.ts';

test('every type that a ProtectionAgent may name has an adapter', () => {
  expect([...adapters.keys()].toSorted()).toEqual([...agentTypes].toSorted());
});

test('no adapter asks for two kinds by one plural', () => {
  for (const { declaringKinds } of adapters.values())
    expect(new Set(declaringKinds.map(({ plural }) => plural)).size).toBe(declaringKinds.length);
});
