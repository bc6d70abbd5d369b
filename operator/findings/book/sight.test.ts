import { describe, expect, test } from 'vitest';
import { only, setUp, start } from '../testing/world.ts';

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
    expect([world.post({}, 1, first), world.post({}, 2, first)]).toEqual(['finding', 'counted']);
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
    expect([world.post({}, 1), world.post({}, 1)]).toEqual(['finding', 'finding']);
    expect(only(world.book()).finding.record.state.count).toBe(2);
  });
});
