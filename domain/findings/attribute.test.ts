import { describe, expect, test } from 'vitest';
import {
  attribute,
  type Attribution,
  type AttributionInput,
  type ContainerIdentity,
  type PodIdentity,
} from './attribute.ts';
import type { EventOrigin } from './types.ts';

const shop: PodIdentity = {
  namespace: 'shop',
  name: 'cart-7d9f-x2x4v',
  uid: 'uid-1',
  node: 'node-1',
  createdAt: 0,
  workload: { kind: 'Deployment', name: 'cart' },
  containers: [
    { name: 'main', image: 'registry.example.com/cart:1' },
    { name: 'proxy', image: 'registry.example.com/proxy:1' },
  ],
};
const single: PodIdentity = { ...shop, name: 'single', uid: 'uid-2', containers: shop.containers.slice(0, 1) };
const id = 'a1b2c3d4e5f6a7b8c9d0';
const containers: Readonly<Record<string, ContainerIdentity>> = {
  [id]: { namespace: 'shop', pod: shop.name, container: 'proxy' },
};

const whose = (origin: EventOrigin, overrides: Partial<AttributionInput> = {}): Attribution =>
  attribute({
    origin,
    senderNode: undefined,
    pod: (namespace, name) => [shop, single].find((pod) => pod.namespace === namespace && pod.name === name),
    isNode: (name) => name === 'node-1' || name === 'node-2',
    container: (node, start) =>
      node === 'node-1' ? Object.entries(containers).find(([whole]) => whole.startsWith(start))?.[1] : undefined,
    ...overrides,
  });

const inShop: EventOrigin = { node: 'node-1', namespace: 'shop', pod: shop.name };

describe('an event', () => {
  test.each<[string, EventOrigin, string]>([
    ['by names', { ...inShop, container: 'main' }, 'main'],
    ['by names and the id of the container', { ...inShop, containerId: id }, 'proxy'],
    ['by names and twelve characters of the id', { ...inShop, containerId: id.slice(0, 12) }, 'proxy'],
    ['by the id alone', { node: 'node-1', containerId: id.slice(0, 15) }, 'proxy'],
    ['by the name of a pod with one container', { ...inShop, pod: 'single', container: 'k8s_main_single' }, 'main'],
    ['without a node, which the pod tells', { ...inShop, node: undefined as never, container: 'main' }, 'main'],
  ])('%s belongs to its container', (_, origin, container) => {
    const { node, ...rest } = origin;
    const given = node === undefined ? rest : origin;
    expect(whose(given)).toMatchObject({
      kind: 'Container',
      node: 'node-1',
      pod: { workload: { name: 'cart' } },
      container,
    });
  });

  test('of the node itself belongs to the node', () => {
    expect(whose({ node: 'node-1', onHost: true })).toEqual({ kind: 'Node', node: 'node-1' });
    expect(whose({ onHost: true }, { senderNode: 'node-2' })).toEqual({ kind: 'Node', node: 'node-2' });
  });

  test.each<[string, EventOrigin, string]>([
    ['names a node that is not there', { ...inShop, node: 'node-9' }, 'NodeUnknown'],
    ['names a pod that is not there', { ...inShop, pod: 'gone' }, 'PodUnknown'],
    ['names an earlier pod of the same name', { ...inShop, podUid: 'uid-0', container: 'main' }, 'PodUnknown'],
    ['names a pod of another node', { ...inShop, node: 'node-2', container: 'main' }, 'PodElsewhere'],
    ['does not say which of several containers', inShop, 'ContainerUnknown'],
    ['has an id that nobody knows', { node: 'node-1', containerId: 'ffffffffffff' }, 'ContainerUnknown'],
    ['has an id and no node', { containerId: id }, 'NothingSaid'],
    ['says nothing', { node: 'node-1' }, 'NothingSaid'],
    ['is about some node', { onHost: true }, 'NothingSaid'],
  ])('that %s belongs to nobody', (_, origin, reason) => {
    expect(whose(origin)).toMatchObject({ kind: 'Unattributed', reason });
  });

  test('whose container is not known asks for the containers of its node', () => {
    expect(whose({ node: 'node-1', containerId: 'ffffffffffff' })).toMatchObject({ lookUp: { node: 'node-1' } });
    expect(whose({ ...inShop, containerId: 'ffffffffffff' })).toMatchObject({ lookUp: { node: 'node-1' } });
    expect(whose(inShop)).not.toHaveProperty('lookUp');
  });
});

describe('a sender that is limited to its node', () => {
  test('may not speak for another', () => {
    expect(whose({ ...inShop, container: 'main' }, { senderNode: 'node-2' })).toMatchObject({
      kind: 'Refused',
      reason: 'ForeignNode',
    });
  });

  test('may not claim a pod of another node by leaving the node out', () => {
    const { node: _, ...origin } = inShop;
    expect(whose({ ...origin, container: 'main' }, { senderNode: 'node-2' })).toMatchObject({
      kind: 'Unattributed',
      reason: 'PodElsewhere',
    });
  });

  test('speaks for its own', () => {
    expect(whose({ ...inShop, container: 'main' }, { senderNode: 'node-1' })).toMatchObject({ kind: 'Container' });
  });
});
