// Whatever is lost, late, restarted or read when: where something that was counted has not arrived, and nothing has since, delivery is not
// told to be proven. And a forwarder that works proves it within two readings.
import {
  array,
  assert,
  boolean,
  constantFrom,
  constant,
  integer,
  oneof,
  property,
  record,
  type Arbitrary,
} from 'fast-check';
import { expect, test } from 'vitest';
import { allowanceMs, createDeliveryAccount } from './delivery.ts';

const rules = ['Compiler Run in Container', 'Terminal shell in container'] as const;

type Step =
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'event'; readonly rule: string; readonly delay: number; readonly isLost: boolean }
  | { readonly kind: 'read' | 'restart' };

const step: Arbitrary<Step> = oneof(
  { weight: 3, arbitrary: record({ kind: constant('pass' as const), ms: integer({ min: 1, max: 90_000 }) }) },
  {
    weight: 3,
    arbitrary: record({
      kind: constant('event' as const),
      rule: constantFrom(...rules),
      delay: integer({ min: 1, max: allowanceMs }),
      isLost: boolean(),
    }),
  },
  { weight: 3, arbitrary: record({ kind: constant('read' as const) }) },
  { weight: 1, arbitrary: record({ kind: constant('restart' as const) }) },
);

/** One agent on one node, whose clock is another than ours, and all that really happened. */
const createWorld = (skew: number) => {
  const account = createDeliveryAccount();
  const matches = new Map<string, number>();
  const onTheirWay: { readonly rule: string; readonly happenedAt: number; readonly due: number }[] = [];
  /** When the last event arrived, and when a reading first told of the last one that was lost. */
  let [now, since, arrivedAt, toldAt] = [0, skew - 1, -1, -1];
  let [isRead, losesUnread] = [false, false];

  /** One millisecond: no two things happen at once. */
  const tick = (): void => {
    now++;
  };

  const pass = (ms: number): void => {
    const until = now + ms;
    for (const event of onTheirWay.toSorted((a, b) => a.due - b.due)) {
      if (event.due > until) break;
      onTheirWay.splice(onTheirWay.indexOf(event), 1);
      arrivedAt = now = Math.max(now, event.due);
      account.arrived(event.rule, event.happenedAt, now);
    }
    now = Math.max(now, until);
  };

  const take = (next: Step): void => {
    tick();
    switch (next.kind) {
      case 'pass':
        return pass(next.ms);
      case 'event':
        matches.set(next.rule, (matches.get(next.rule) ?? 0) + 1);
        if (next.isLost) losesUnread = true;
        else onTheirWay.push({ rule: next.rule, happenedAt: skew + now, due: now + next.delay });
        return;
      case 'restart':
        // What it has counted since it was last read nobody will ever know.
        matches.clear();
        losesUnread = false;
        since = skew + now;
        return;
      case 'read':
        account.read(
          { matches: [...matches].map(([rule, count]) => ({ rule, count })), since, until: skew + now },
          now,
        );
        if (isRead && losesUnread) toldAt = now;
        [isRead, losesUnread] = [true, false];
    }
  };

  return {
    take,
    standing: () => account.standing(() => true),
    /** Something that was counted will never arrive, and nothing else has since. */
    isDead: () => toldAt >= 0 && arrivedAt <= toldAt,
  };
};

const skews = integer({ min: 1_000_000, max: 2_000_000_000_000 });

test('no sequence of losses, delays, readings and restarts proves delivery while something is lost and nothing has come since', () => {
  assert(
    property(skews, array(step, { maxLength: 60, size: 'max' }), (skew, steps) => {
      const world = createWorld(skew);
      for (const next of steps) {
        world.take(next);
        if (world.isDead()) expect(world.standing()).toMatchObject({ kind: 'owing' });
      }
    }),
    { numRuns: 3000 },
  );
});

test('whatever was before, a forwarder that works again proves it within two readings of the next event', () => {
  assert(
    property(skews, array(step, { maxLength: 40, size: 'max' }), constantFrom(...rules), (skew, steps, rule) => {
      const world = createWorld(skew);
      const aMinute: readonly Step[] = [{ kind: 'pass', ms: 60_000 }, { kind: 'read' }];
      // Time for all that is on its way, and for the loss to be told.
      const healthy: readonly Step[] = [...aMinute, ...aMinute, { kind: 'event', rule, delay: 2000, isLost: false }];
      for (const next of [...steps, ...healthy, ...aMinute, ...aMinute]) world.take(next);
      expect(world.standing()).toMatchObject({ kind: 'balanced' });
    }),
    { numRuns: 1000 },
  );
});
