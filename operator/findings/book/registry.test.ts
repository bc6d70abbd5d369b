import { describe, expect, test } from 'vitest';
import { only, setUp } from '../testing/world.ts';

describe('events', () => {
  test('beyond what a namespace may have, and of one that goes, make none', () => {
    const world = setUp({ mostPerNamespace: 1 });
    world.post();
    expect(world.post({ process: { name: 'apk' }, rule: 'x' })).toBe('capped');
    expect(world.post()).toBe('finding');
    expect(world.book().full()).toEqual(['shop']);
  });

  test('of a full namespace make findings again once one of them has gone', () => {
    const world = setUp({ mostPerNamespace: 1 });
    world.post();
    expect(world.book().full()).toEqual([]);
    world.post({ process: { name: 'apk' }, rule: 'x' });
    world.write();
    world.book().seen(only(world.book()).key, undefined);
    expect(world.book().full()).toEqual([]);
    expect(world.post({ process: { name: 'apk' }, rule: 'x' })).toBe('finding');
  });
});
