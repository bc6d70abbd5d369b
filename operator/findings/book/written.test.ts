import { assert, array, constantFrom, integer, oneof, property, record as recordOfArbitraries } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { only, setUp } from '../testing/world.ts';

describe('the journal', () => {
  test('is included up to the first event that is not written', () => {
    const world = setUp();
    expect(world.book().included(7)).toBe(7);
    world.post();
    world.post();
    expect(world.book().included(2)).toBe(0);
    world.write();
    expect(world.book().included(2)).toBe(2);
  });

  test('is included up to what came during a write, so that a finding without a pause does not hold it back', () => {
    const world = setUp();
    world.post();
    const { key, finding } = only(world.book());
    for (let position = 2; position < 5; position++) {
      world.book().writing(key);
      const { version } = finding;
      world.post({}, position);
      expect(world.book().included(position)).toBe(position - 2);
      world.book().wrote(key, version, world.now());
      expect(world.book().included(position)).toBe(position - 1);
    }
  });

  test('whatever is written and lost on the way, each event is counted once', () => {
    const step = oneof(
      recordOfArbitraries({ kind: constantFrom('post' as const), times: integer({ min: 1, max: 5 }) }),
      recordOfArbitraries({
        kind: constantFrom('write' as const, 'crash' as const),
        times: integer({ min: 1, max: 1 }),
      }),
    );
    assert(
      property(array(step, { maxLength: 30 }), (steps) => {
        const world = setUp();
        let [journalled, released] = [0, 0];
        for (const { kind, times } of steps) {
          if (kind === 'post') {
            for (let index = 0; index < times; index++) world.post({}, (journalled += 1));
          } else if (kind === 'write') {
            world.write();
            released = world.book().included(journalled);
          } else {
            world.restart(world.now());
            for (let position = released + 1; position <= journalled; position++) world.post({}, position);
          }
        }
        const [finding] = world.book().all();
        expect(finding?.record.state.count ?? 0).toBe(journalled);
      }),
      { numRuns: 200 },
    );
  });
});
