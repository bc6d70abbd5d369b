import { describe, expect, test } from 'vitest';
import { annotatedAttackIds } from './attack-annotation.ts';
import { readDeclaringObjects } from './declaring-object.ts';
import { readLabelSelector } from './label-selector.ts';

const read = (...objects: readonly unknown[]) =>
  readDeclaringObjects({ objects: new Map([['things', objects]]) }, 'things', 'Thing');

describe('an object that declares a policy', () => {
  test('is known by its namespace and name, its generation is its version', () => {
    const raw = { metadata: { name: 'a', namespace: 'n', generation: 3 }, spec: { x: 1 } };
    expect(read(raw)).toEqual([
      {
        namespace: 'n',
        name: 'a',
        version: '3',
        declaredBy: { kind: 'Thing', namespace: 'n', name: 'a' },
        metadata: raw.metadata,
        spec: raw.spec,
        raw,
      },
    ]);
  });

  test('comes in order, and only with a name', () => {
    const of = (namespace: string | undefined, name: unknown) => ({ metadata: { namespace, name } });
    const found = read(of('b', 'x'), of('a', 'z'), of('a', 'y'), of(undefined, 'w'), of('a', 7), 'text', null);
    expect(found.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual(['/w', 'a/y', 'a/z', 'b/x']);
    expect(found[0]).toMatchObject({ declaredBy: { kind: 'Thing', name: 'w' }, spec: {} });
    expect(found[0]).not.toHaveProperty('version');
  });

  test('of a kind that is not served there is none', () => {
    expect(readDeclaringObjects({ objects: new Map() }, 'things', 'Thing')).toEqual([]);
  });
});

test.each([
  ['several', { annotations: { 'workloadprotection.dev/attack': 'T1059.004, TA0002' } }, ['TA0002'], ['T1059.004']],
  ['none', { annotations: {} }, [], []],
  ['no text', { annotations: { 'workloadprotection.dev/attack': 7 } }, [], []],
  ['no annotations', {}, [], []],
])('an annotation says %s', (_, metadata, tactics, techniques) => {
  expect(annotatedAttackIds({ metadata })).toEqual({ tactics, techniques });
});

describe('a label selector', () => {
  test.each([
    ['not given', undefined, undefined],
    ['empty', {}, undefined],
    ['empty inside', { matchLabels: {}, matchExpressions: [] }, undefined],
    ['no object', 'app=web', undefined],
    [
      'of labels that are no texts',
      { matchLabels: { a: 'b', c: 7 } },
      { matchLabels: { a: 'b' }, matchExpressions: [] },
    ],
    [
      'with each operator',
      {
        matchExpressions: [
          { key: 'a', operator: 'In', values: ['b', 7] },
          { key: 'c', operator: 'DoesNotExist' },
        ],
      },
      {
        matchLabels: {},
        matchExpressions: [
          { key: 'a', operator: 'In', values: ['b'] },
          { key: 'c', operator: 'DoesNotExist', values: [] },
        ],
      },
    ],
    [
      'that makes no sense selects nobody',
      { matchExpressions: [7] },
      { matchLabels: {}, matchExpressions: [{ key: '', operator: 'In', values: [] }] },
    ],
  ])('%s', (_, written, expected) => {
    expect(readLabelSelector(written)).toEqual(expected);
  });
});
