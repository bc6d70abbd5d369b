import { describe, expect, test } from 'vitest';
import { aNode } from '../../../domain/testing/nodes.ts';
import { only, setUp, shopPod, start } from '../testing/world.ts';

describe('the journal', () => {
  test('that is replayed counts nothing twice, neither before nor after a restart', () => {
    const world = setUp();
    world.post({}, 1);
    world.post({}, 2);
    world.write();
    world.restart(world.now());
    expect(world.post({}, 1)).toBe('counted');
    expect(world.post({}, 2)).toBe('counted');
    expect(world.post({}, 3)).toBe('finding');
    expect(only(world.book()).finding.record.state.count).toBe(3);
  });

  test('may hold an event twice that two replicas have handed over', () => {
    const world = setUp();
    const first = { journal: 'b', position: 7 };
    expect([world.post({}, 1, { ...first }), world.post({}, 2, { ...first })]).toEqual(['finding', 'counted']);
  });

  test('may hold an event that was sent again to another replica: those that the finding shows are known', () => {
    const world = setUp();
    world.post({ id: 'a', at: start - 1 });
    world.write();
    world.restart(world.now());
    expect(world.post({ id: 'a', at: start - 1 }, 1, { journal: 'b', position: 1 })).toBe('counted');
    expect(world.post({ id: 'a', at: start }, 2, { journal: 'b', position: 2 })).toBe('finding');
  });

  test('may hold several alerts in one place', () => {
    const world = setUp();
    const place = { journal: 'a', position: 1 };
    expect([world.post({}, 1, place), world.post({}, 1, place)]).toEqual(['finding', 'finding']);
    expect(only(world.book()).finding.record.state.count).toBe(2);
  });

  test('that is read again by the same process, since its disk failed, counts not even its last event twice', () => {
    const world = setUp();
    expect([world.post({}, 1), world.post({}, 1)]).toEqual(['finding', 'counted']);
  });

  test('may hold events of two nodes that have given one id: each is counted', () => {
    const world = setUp();
    world.model.upsertNode(aNode({ name: 'node-2' }));
    world.model.upsertPod(shopPod('cart-c', 'node-2'));
    const ofNode = (node: string, pod: string) =>
      world.post({ id: 'a', origin: { node, namespace: 'shop', pod, container: 'app', onHost: false } });
    expect([ofNode('node-1', 'cart-a'), ofNode('node-2', 'cart-c'), ofNode('node-1', 'cart-a')]).toEqual([
      'finding',
      'finding',
      'counted',
    ]);
  });
});
