import { describe, expect, test } from 'vitest';
import { only, setUp } from '../testing/world.ts';

describe('events', () => {
  test('that are not written yet do not go with the finding when somebody deletes it', () => {
    const world = setUp();
    world.post();
    world.write();
    const { key } = only(world.book());
    world.post();
    world.objects.delete(key);
    world.book().seen(key, undefined);
    expect(world.book().included(2)).toBe(1);
    world.write();
    expect(world.objects.get(key)?.status).toMatchObject({ count: 2, phase: 'Open' });
    expect(world.book().included(2)).toBe(2);
    world.book().seen(key, undefined);
    expect([...world.book().all()]).toEqual([]);
  });
});
