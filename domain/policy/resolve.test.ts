import { describe, expect, test } from 'vitest';
import { admitting, anExemption, aPolicy, labelled, selecting } from '../testing/policies.ts';
import type { AssetSelector, Labels, Policy } from '../types.ts';
import { createPolicyResolver, type PolicySet } from './resolve.ts';

const [production, web, poolA]: Labels[] = [{ env: 'production' }, { app: 'web' }, { pool: 'a' }];
const everything = aPolicy();
const ofNamespace = aPolicy({ name: 'production', selector: selecting({ namespace: labelled(production ?? {}) }) });
const ofPods = aPolicy({ name: 'web', selector: selecting({ pod: labelled(web ?? {}) }) });
const ofNodes = aPolicy({ name: 'pool-a', selector: selecting({ node: labelled(poolA ?? {}) }) });
const ofAll = aPolicy({
  name: 'all three',
  selector: selecting({ namespace: labelled(production ?? {}), pod: labelled(web ?? {}), node: labelled(poolA ?? {}) }),
});
const all = [everything, ofNamespace, ofPods, ofNodes, ofAll];

const names = ({ selecting }: PolicySet): readonly string[] => selecting.map(({ name }) => name);

describe('a pod is selected', () => {
  test.each<[string, Labels, Labels, Labels, readonly string[]]>([
    ['by an empty selector', {}, {}, {}, ['everything']],
    ['by its namespace', { env: 'production' }, {}, {}, ['everything', 'production']],
    ['by its own labels', {}, { app: 'web' }, {}, ['everything', 'web']],
    ['by its node', {}, {}, { pool: 'a' }, ['everything', 'pool-a']],
    [
      'by all three together, when all match',
      { env: 'production' },
      { app: 'web' },
      { pool: 'a' },
      ['all three', 'everything', 'pool-a', 'production', 'web'],
    ],
  ])('%s', (_, namespace, pod, node, expected) => {
    expect(names(createPolicyResolver(all, 0).forPod(namespace, pod, node))).toEqual(expected);
  });
});

describe('a node is selected', () => {
  test.each<[string, AssetSelector, boolean]>([
    ['by an empty selector', selecting(), true],
    ['by its labels', selecting({ node: labelled({ pool: 'a' }) }), true],
    ['not by other labels', selecting({ node: labelled({ pool: 'b' }) }), false],
    ['by namespace and pod selectors that are empty', selecting({ namespace: labelled({}), pod: labelled({}) }), true],
    ['not by a policy on namespaces', selecting({ namespace: labelled({ env: 'production' }) }), false],
    ['not by a policy on pods', selecting({ pod: labelled({ app: 'web' }), node: labelled({ pool: 'a' }) }), false],
  ])('%s', (_, selector, expected) => {
    expect(createPolicyResolver([aPolicy({ selector })], 0).forNode({ pool: 'a' }).selecting).toHaveLength(
      Number(expected),
    );
  });
});

describe('an exemption', () => {
  const exempting = (overrides: Parameters<typeof anExemption>[0], name = 'lab'): Policy =>
    aPolicy({ name, exemptions: [anExemption(overrides)] });
  const standing = (
    policies: readonly Policy[],
    now = 0,
  ): Pick<PolicySet, 'isExempt'> & { judging: readonly string[] } => {
    const { isExempt, judging } = createPolicyResolver(policies, now).forPod({}, { app: 'web' }, { pool: 'a' });
    return { isExempt, judging: judging.map(({ name }) => name) };
  };

  test.each<[string, readonly Policy[], number, boolean, readonly string[]]>([
    ['frees from its policy', [exempting({})], 0, true, []],
    ['frees from its own policy only', [exempting({}), everything], 0, false, ['everything']],
    ['frees where every policy has one', [exempting({}), exempting({}, 'other')], 0, true, []],
    [
      'frees what it selects only',
      [exempting({ selector: selecting({ pod: labelled({ app: 'db' }) }) })],
      0,
      false,
      ['lab'],
    ],
    ['holds to the last millisecond', [exempting({ expiresAt: 10 })], 9, true, []],
    ['is over at its very end', [exempting({ expiresAt: 10 })], 10, false, ['lab']],
    [
      'of a policy that does not select is none',
      [{ ...exempting({}), selector: selecting({ pod: labelled({ app: 'db' }) }) }],
      0,
      false,
      [],
    ],
    ['is not what it takes to be unselected', [], 0, false, []],
  ])('%s', (_, policies, now, isExempt, judging) => {
    expect(standing(policies, now)).toEqual({ isExempt, judging });
  });

  test('of pods does not free the node', () => {
    const policies = [exempting({ selector: selecting({ namespace: labelled({ env: 'lab' }) }) })];
    expect(createPolicyResolver(policies, 0).forNode({}).isExempt).toBe(false);
  });

  test('says when the resolver must be made anew', () => {
    const policies = [exempting({ expiresAt: 10 }), exempting({ expiresAt: 20 }, 'other')];
    expect([0, 9, 10, 20].map((now) => createPolicyResolver(policies, now).validUntil)).toEqual([
      10,
      10,
      20,
      Number.POSITIVE_INFINITY,
    ]);
  });
});

describe('a pod that breaks the glass', () => {
  const allowing = aPolicy({ name: 'allowing' });
  const forbidding = aPolicy({ name: 'forbidding', admission: admitting({ breakGlass: 'Forbidden' }) });
  const broken = { reason: 'the shop is down', until: 10 };

  test.each<[string, readonly Policy[], readonly string[], boolean]>([
    ['is left alone by a policy that allows it', [allowing], [], true],
    ['is judged by one that forbids it', [forbidding], ['forbidding'], false],
    ['is judged by the one of two that forbids it', [allowing, forbidding], ['forbidding'], false],
    ['is no exempt asset where nothing selects it', [], [], false],
  ])('%s', (_, policies, judging, isExempt) => {
    const resolver = createPolicyResolver(policies, 0);
    const set = resolver.withBreakGlass(resolver.forPod({}, {}, {}), broken);
    expect([set.judging.map(({ name }) => name), set.isExempt]).toEqual([judging, isExempt]);
    expect(resolver.withBreakGlass(resolver.forPod({}, {}, {}), broken)).toBe(set);
  });
});

test('equal sets are one object, whatever the order of the policies', () => {
  const resolver = createPolicyResolver(all, 0);
  expect(resolver.forPod({}, { app: 'x' }, {})).toBe(resolver.forPod({ other: 'y' }, {}, {}));
  const [a, b] = [resolver.forPod({ env: 'production' }, {}, {}), resolver.forPod({}, { app: 'web' }, {})];
  expect(resolver.union(a, b)).toBe(resolver.union(b, a));
  expect(names(resolver.union(a, b))).toEqual(['everything', 'production', 'web']);
  const reversed = createPolicyResolver(all.toReversed(), 0);
  expect(names(reversed.forPod({ env: 'production' }, { app: 'web' }, {}))).toEqual(names(resolver.union(a, b)));
});
