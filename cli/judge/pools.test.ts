import { expect, test } from 'vitest';
import { aNode } from '../../domain/testing/nodes.ts';
import { poolsOf } from './pools.ts';

const pools = (...labels: readonly Readonly<Record<string, string>>[]) =>
  poolsOf(labels.map((each, index) => aNode({ name: `n${index}`, labels: each }))).map(({ name, nodes }) => [
    name,
    nodes.length,
  ]);

test.each<readonly [string, readonly Record<string, string>[], readonly unknown[]]>([
  [
    'by the label of their provider',
    [{ 'cloud.google.com/gke-nodepool': 'b' }, { 'eks.amazonaws.com/nodegroup': 'a' }],
    [
      ['a', 1],
      ['b', 1],
    ],
  ],
  ['the autoscaler first', [{ 'karpenter.sh/nodepool': 'spot', agentpool: 'x' }], [['spot', 1]]],
  [
    'those without one together',
    [{ pool: 'a' }, {}, {}],
    [
      ['(no pool)', 2],
      ['a', 1],
    ],
  ],
  ['not at all where no node has one', [{}, { zone: 'a' }], []],
])('nodes are grouped %s', (_, labels, expected) => {
  expect(pools(...labels)).toEqual(expected);
});
