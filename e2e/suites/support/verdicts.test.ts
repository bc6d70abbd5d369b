import { expect, test } from 'vitest';
import { verdictsIn } from './verdicts.ts';

const profile = (state: 'Protected' | 'NoAgent', ...names: readonly string[]) => ({
  id: state,
  state,
  reasons: [],
  agents: [],
  names,
});
const slice = (
  assets: 'Nodes' | 'Workloads',
  index: number,
  of: number,
  ...profiles: ReturnType<typeof profile>[]
) => ({
  spec: { report: 'cluster', assets, index, of, frozen: false },
  profiles,
});

test('each asset has the verdict of the profile that names it', () => {
  const { nodes, workloads } = verdictsIn([
    slice('Nodes', 0, 2, profile('Protected', 'a', 'b')),
    slice('Nodes', 1, 2, profile('NoAgent', 'c')),
    slice('Workloads', 0, 1, profile('Protected', 'shop/Deployment/web')),
  ]);
  expect([...nodes].map(([name, { state }]) => [name, state])).toEqual([
    ['a', 'Protected'],
    ['b', 'Protected'],
    ['c', 'NoAgent'],
  ]);
  expect([...workloads.keys()]).toEqual(['Deployment/shop/web']);
});

test('an asset in two slices is an error', () => {
  const slices = [slice('Nodes', 0, 2, profile('Protected', 'a')), slice('Nodes', 1, 2, profile('NoAgent', 'a'))];
  expect(() => verdictsIn(slices)).toThrow('a twice');
});

test('a missing slice is an error', () => {
  expect(() => verdictsIn([slice('Nodes', 0, 2, profile('Protected', 'a'))])).toThrow('1 slices of Nodes');
});
