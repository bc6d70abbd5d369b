import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { decodeEntry, withOrigin } from './entry.ts';
import { createShedNotes } from './shed.ts';

const setUp = () => {
  const clock = new FakeClock();
  const told: (string | undefined)[] = [];
  const journalled: Buffer[] = [];
  const world = { isFull: false };
  const ending = new AbortController();
  const note = createShedNotes({
    journal: {
      append: async (payload) => {
        if (world.isFull) throw new Error('full');
        return journalled.push(payload);
      },
    },
    onShed: (node) => told.push(node),
    clock,
    signal: ending.signal,
  });
  const entries = () => journalled.map(decodeEntry);
  return { clock, told, journalled, world, note, entries, end: () => ending.abort() };
};

describe('events that were turned away', () => {
  test('are told at once, and journalled for whoever leads', async () => {
    const { note, told, entries, clock } = setUp();
    note('falco', 'node-1');
    await clock.advance(0);
    expect(told).toEqual(['node-1']);
    expect(entries()).toMatchObject([{ source: 'falco', node: 'node-1', items: [], shed: true }]);
  });

  test('of somebody who speaks of any node are of all', async () => {
    const { note, told, entries, clock } = setUp();
    note('kubearmor', undefined);
    await clock.advance(0);
    expect(told).toEqual([undefined]);
    expect(entries()).toMatchObject([{ source: 'kubearmor', shed: true }]);
    expect(entries()[0]?.node).toBeUndefined();
  });

  test('are the same after a hand-over', async () => {
    const { note, journalled, clock } = setUp();
    note('falco', 'node-1');
    await clock.advance(0);
    const handed = withOrigin(journalled[0] ?? Buffer.from(''), { journal: 'a', position: 7 });
    expect(handed && decodeEntry(handed)).toMatchObject({ node: 'node-1', shed: true, origin: { position: 7 } });
  });

  test('are a few entries, however many they are', async () => {
    const { note, told, entries, clock } = setUp();
    for (let second = 0; second < 60; second++) {
      for (let index = 0; index < 100; index++) note('falco', 'node-1');
      await clock.advance(1000);
    }
    expect(told).toHaveLength(6000);
    expect(entries()).toHaveLength(6);
  });

  test('of more nodes than are told apart are of all', async () => {
    const { note, entries, clock } = setUp();
    for (let index = 0; index < 5000; index++) note('falco', `node-${index}`);
    await clock.advance(0);
    expect(entries()).toHaveLength(1001);
    expect(entries().at(-1)?.node).toBeUndefined();
  });

  test('are journalled once there is room again, and told anew until then', async () => {
    const { note, told, entries, clock, world } = setUp();
    world.isFull = true;
    note('falco', 'node-1');
    await clock.advance(60_000);
    expect(entries()).toEqual([]);
    expect(told.length).toBeGreaterThan(10);
    world.isFull = false;
    await clock.advance(5000);
    expect(entries()).toMatchObject([{ node: 'node-1', shed: true }]);
    await clock.advance(60_000);
    expect(entries()).toHaveLength(1);
  });

  test('are not tried again once the journal is closed, and nothing waits for that', async () => {
    const { note, told, entries, clock, world, end } = setUp();
    world.isFull = true;
    note('falco', 'node-1');
    await clock.advance(0);
    const tries = told.length;
    expect(clock.waiting).toBe(1);
    end();
    world.isFull = false;
    expect(clock.waiting).toBe(0);
    await clock.advance(60_000);
    expect([entries(), told.length]).toEqual([[], tries]);
  });
});
