import { describe, expect, test } from 'vitest';
import type { FindingRecord } from '../../domain/findings/record.ts';
import type { Labels } from '../../domain/types.ts';
import type { ObjectReader, ReadObject } from './object-reader.ts';
import { detailsOf, learn } from './subject-details.ts';
import { only, setUp } from './testing/world.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const image = 'registry.example.com/shop/app:3.1.0';
const marked = (marks: Labels): ReadObject => ({ marks, containers: new Map() });
const aPodRead = (of: string): ReadObject => ({ marks: {}, containers: new Map([['app', { image: of, digest }]]) });

/** A finding of a Deployment, and what can be read of objects, as `Kind/name`. */
const learning = (objects: Readonly<Record<string, ReadObject>>, namespaceLabels: Labels = {}) => {
  const world = setUp();
  world.model.upsertNamespace({ name: 'shop', labels: namespaceLabels, terminating: false });
  world.model.evaluate(world.now());
  world.post();
  const asked: string[] = [];
  const reader: ObjectReader = {
    read: async (kind, _, name) => {
      asked.push(`${kind}/${name}`);
      return objects[`${kind}/${name}`];
    },
    peek: () => undefined,
  };
  const { finding } = only(world.book());
  return {
    asked,
    world,
    learned: (overrides: Partial<FindingRecord> = {}) =>
      learn(world.model, reader, ['team', 'owner'], { ...finding.record, ...overrides }),
  };
};

const nothingSaid = { 'Pod/cart-a': marked({}), 'Deployment/cart': marked({}), 'Namespace/shop': marked({}) };

describe('the team of a finding', () => {
  test.each<[string, Readonly<Record<string, ReadObject>>, Labels, string | undefined]>([
    ['is that of a label, with nothing read', {}, { owner: 'payments' }, 'payments'],
    ['is annotated on a pod', { ...nothingSaid, 'Pod/cart-a': marked({ owner: 'pods' }) }, {}, 'pods'],
    ['is annotated on the workload', { ...nothingSaid, 'Deployment/cart': marked({ team: 'carts' }) }, {}, 'carts'],
    ['is annotated on the namespace', { ...nothingSaid, 'Namespace/shop': marked({ team: 'shops' }) }, {}, 'shops'],
    ['is of the first key of those that are there', { 'Pod/cart-a': marked({ owner: 'b', team: 'a' }) }, {}, 'a'],
    ['is none where nobody says any', nothingSaid, {}, undefined],
  ])('%s', async (_, objects, labels, team) => {
    expect((await learning(objects, labels).learned()).team).toBe(team);
  });

  test('stays as it was where not all can be read just now', async () => {
    const { 'Namespace/shop': _, ...some } = nothingSaid;
    expect((await learning(some).learned({ team: 'payments' })).team).toBe('payments');
    expect((await learning(nothingSaid).learned({ team: 'payments' })).team).toBeUndefined();
  });

  test('stays what it was while nothing of the workload runs that could say otherwise', async () => {
    const { learned, world } = learning(nothingSaid, { team: 'platform' });
    for (const pod of ['cart-a', 'cart-b']) world.model.removePod('shop', pod);
    expect((await learned({ team: 'payments' })).team).toBe('payments');
    expect((await learned()).team).toBe('platform');
  });

  test('costs no request where labels name it', async () => {
    const { learned, asked } = learning({}, { team: 'payments' });
    await learned({ imageDigest: { pod: 'cart-a', digest } });
    expect(asked).toEqual([]);
  });
});

describe('the digest of an image', () => {
  test('is read of the pod that was seen last, once', async () => {
    const { learned, asked } = learning({ 'Pod/cart-a': aPodRead(image) }, { team: 'payments' });
    const first = await learned();
    expect(first.imageDigest).toEqual({ pod: 'cart-a', digest });
    expect((await learned(first)).imageDigest).toEqual({ pod: 'cart-a', digest });
    expect(asked).toEqual(['Pod/cart-a']);
  });

  test('is not that of another image, which the pod runs by now', async () => {
    const { learned } = learning({ 'Pod/cart-a': aPodRead('registry.example.com/shop/app:4') });
    expect((await learned()).imageDigest).toEqual({ pod: 'cart-a', digest: undefined });
  });

  test('is not asked of a pod that has gone', async () => {
    const { learned, asked, world } = learning({ 'Pod/cart-a': aPodRead(image) }, { team: 'payments' });
    world.model.removePod('shop', 'cart-a');
    expect((await learned()).imageDigest).toBeUndefined();
    expect(asked).toEqual([]);
  });
});

test('Services stay what they were while nothing of the workload runs', () => {
  const { finding, model } = (() => {
    const world = setUp();
    world.post();
    return { ...only(world.book()), model: world.model };
  })();
  const before = { services: ['cart'] };
  expect(detailsOf(model, finding.record, before)).toEqual({ services: [] });
  for (const pod of ['cart-a', 'cart-b']) model.removePod('shop', pod);
  expect(detailsOf(model, finding.record, before)).toEqual(before);
});
