import { describe, expect, test } from 'vitest';
import { createCoverageModel } from '../../domain/coverage/model.ts';
import { aPod, aShape } from '../../domain/testing/pods.ts';
import { detailsOf } from './subject-details.ts';

const cart = { kind: 'Deployment', namespace: 'shop', name: 'cart', container: 'app' };
const keys = ['team', 'owner'];

const setUp = () => {
  const model = createCoverageModel();
  model.upsertNamespace({ name: 'shop', labels: { team: 'platform' }, terminating: false });
  model.upsertOwner({ kind: 'Deployment', namespace: 'shop', name: 'cart', owner: undefined, labels: {} });
  const runs = (labels: Readonly<Record<string, string>>): void => {
    model.upsertPod(
      aPod({
        name: 'cart-a',
        owner: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' },
        shape: aShape({ labels }),
      }),
    );
    model.evaluate(0);
  };
  return { model, runs };
};

describe('the team of a subject', () => {
  test('is that of its pods, else that of its namespace', () => {
    const { model, runs } = setUp();
    runs({ owner: 'payments' });
    expect(detailsOf(model, cart, keys).team).toBe('platform');
    runs({ team: 'payments' });
    expect(detailsOf(model, cart, keys).team).toBe('payments');
  });

  test('stays what it was, as its Services do, while nothing of it runs that could say so', () => {
    const { model, runs } = setUp();
    const before = { services: ['cart'], team: 'payments' };
    expect(detailsOf(model, cart, keys, before)).toEqual(before);
    runs({});
    expect(detailsOf(model, cart, keys, before)).toEqual({ services: [], team: 'platform' });
    model.removePod('shop', 'cart-a');
    model.removeOwner('Deployment', 'shop', 'cart');
    expect(detailsOf(model, cart, keys, before)).toEqual(before);
    expect(detailsOf(model, cart, keys, {})).toEqual({ services: [], team: 'platform' });
  });
});
