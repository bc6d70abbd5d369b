import { describe, expect, it } from 'vitest';
import { settle } from '../../kube/testing/fake-clock.ts';
import { createLane } from './lanes.ts';

const aTask = () => {
  const done = Promise.withResolvers<void>();
  let began = false;
  const task = (): Promise<void> => {
    began = true;
    return done.promise;
  };
  return { task, finish: () => done.resolve(), began: () => began };
};

describe('a lane', () => {
  it('runs as many as it has slots, and the next as soon as one is free', async () => {
    const lane = createLane(2);
    const tasks = Array.from({ length: 4 }, aTask);
    for (const { task } of tasks) lane.add(task);
    expect(tasks.map(({ began }) => began())).toEqual([true, true, false, false]);
    expect([lane.waiting(), lane.running()]).toEqual([2, 2]);
    tasks[1]?.finish();
    await settle();
    expect(tasks.map(({ began }) => began())).toEqual([true, true, true, false]);
  });

  it('runs thousands in their order', async () => {
    const lane = createLane(3);
    const seen: number[] = [];
    for (let index = 0; index < 5000; index += 1) {
      lane.add(async () => {
        seen.push(index);
        await Promise.resolve();
      });
    }
    while (lane.waiting() + lane.running() > 0) await settle();
    expect(seen).toEqual(Array.from({ length: 5000 }, (_, index) => index));
  });

  it('forgets what waits when it is drained, and ends with what runs', async () => {
    const lane = createLane(1);
    const [first, second] = [aTask(), aTask()];
    lane.add(first.task);
    lane.add(second.task);
    let drained = false;
    const draining = lane.drain().then(() => (drained = true));
    await settle();
    expect(drained).toBe(false);
    first.finish();
    await draining;
    expect(second.began()).toBe(false);
  });
});
