import { describe, expect, test } from 'vitest';
import { gcc, only, setUp, shopPod, start } from '../testing/world.ts';

describe('events', () => {
  test('of pods that were seen before a restart are of no new pods, whatever of their names was stored', () => {
    const world = setUp();
    const names = Array.from({ length: 30 }, (_, index) => `cart-${index}`);
    for (const name of names) world.model.upsertPod(shopPod(name));
    const seen = (some: readonly string[]): number => {
      for (const pod of some) world.post({ origin: { ...gcc.origin, pod } });
      return only(world.book()).finding.record.podsSeen;
    };
    expect(seen(names)).toBe(30);
    world.write();
    world.restart(world.now());
    expect(seen(names)).toBe(30);
    world.model.upsertPod({ ...shopPod('cart-new'), createdAt: start + 1 });
    expect(seen(['cart-new', ...names])).toBe(31);
    // More than were forgotten cannot all be of these.
    world.model.upsertPod(shopPod('cart-old'));
    expect(seen(['cart-old'])).toBe(32);
  });
});
