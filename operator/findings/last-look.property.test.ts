// At whatever moment of the quiet period an agent hangs, or something of what it saw is lost: the finding is not resolved before that has
// ended, and what was not heard is heard anew. Where all is well it is resolved within a minute of its time.
import { assert, boolean, constantFrom, integer, option, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import { longestLookMs } from '../../domain/findings/quiet-clock.ts';
import { scraped } from '../../domain/testing/agents.ts';
import { aNode } from '../../domain/testing/nodes.ts';
import { counting } from '../../domain/testing/policies.ts';
import { falcoPod, gcc, only, setUp, shopPod } from './testing/world.ts';

const second = 1000;
const minute = 60 * second;
const period = 6 * minute;
const nodes = ['node-1', 'node-2'] as const;
type NodeName = (typeof nodes)[number];
const rule = gcc.rule ?? '';

/** Falco on two nodes, each read once a minute at its own moment, or soon where that is waited for. */
const createFleet = (moments: Readonly<Record<NodeName, number>>, lookEvery: number, hasCounters: boolean) => {
  const world = setUp({
    agent: { telemetry: scraped },
    posture: [counting({ quietPeriod: period })],
  });
  const { model, deliveries } = world;
  model.upsertNode(aNode({ name: 'node-2' }));
  model.upsertPod(falcoPod(true, 'node-2'));
  model.upsertPod(shopPod('cart-b', 'node-2'));
  const counts: Record<NodeName, number> = { 'node-1': 0, 'node-2': 0 };
  const hanging = new Set<string>();
  const dueAt: Record<NodeName, number> = { 'node-1': 0, 'node-2': 0 };
  let aliveUntil = world.now();

  const ask = (): void => {
    for (const node of nodes) {
      const isDue = world.now() >= dueAt[node];
      if ((!isDue && !world.awaited.has(`${node}/falco`)) || hanging.has(node)) continue;
      world.answer(node, hasCounters ? { [rule]: counts[node], 'Another rule': 1 } : undefined);
      if (isDue) dueAt[node] = world.now() + minute;
    }
  };
  const look = (ms: number): void => {
    world.look(ms);
    ask();
    world.write();
    if (world.book().mayClaimToLive(world.now())) aliveUntil = world.now();
  };
  const arrive = (node: NodeName, of = rule): void =>
    deliveries.noteArrival(node, 'falco', { rule: of, at: world.now() }, world.now());

  ask();
  look(minute);
  look(minute);
  counts['node-1']++;
  arrive('node-1');
  world.post();
  for (const node of nodes) dueAt[node] = world.now() + moments[node];
  look(0);
  const seenAt = world.now();
  return {
    ...world,
    hang: (node: NodeName): unknown => hanging.add(node),
    lose: (node: NodeName): void => void counts[node]++,
    mend: (node: NodeName): void => {
      hanging.clear();
      ask();
      arrive(node, 'Another rule');
    },
    /** Another leader takes over, and has asked everybody before it looks. */
    restart: (): void => {
      deliveries.begin();
      world.restart(aliveUntil);
      ask();
      look(0);
    },
    /** Until so long after the behaviour was seen. */
    until: (at: number): void => {
      while (world.now() < seenAt + at) look(Math.min(lookEvery, seenAt + at - world.now()));
    },
    phase: () => only(world.book()).finding.record.state.phase,
  };
};

const fleets = record({
  moments: record({
    'node-1': integer({ min: 0, max: minute }),
    'node-2': integer({ min: 0, max: minute }),
  }),
  lookEvery: integer({ min: 5 * second, max: longestLookMs }),
  hasCounters: boolean(),
});
/** Most of them in the last minutes, of which nobody knows yet. */
const moment = integer({ min: 1, max: 4 * minute }).map((before) => period - before);

test('at whatever moment an agent hangs or loses something, the finding outlives its time, and clears once that is over', () => {
  assert(
    property(
      fleets,
      moment,
      constantFrom(...nodes),
      constantFrom('hangs', 'loses'),
      option(integer({ min: 1, max: 5 * minute })),
      ({ moments, lookEvery, hasCounters }, at, node, what, restartsAfter) => {
        const fleet = createFleet(moments, lookEvery, what === 'loses' || hasCounters);
        fleet.until(at);
        fleet[what === 'hangs' ? 'hang' : 'lose'](node);
        const over = period + 6 * minute;
        // What was lost shortly before a leader died the next one cannot know.
        if (restartsAfter !== null && what === 'hangs') {
          fleet.until(at + restartsAfter);
          fleet.restart();
        }
        fleet.until(over);
        expect(fleet.phase()).toBe('Open');
        fleet.mend(node);
        fleet.until(over + period + 5 * minute);
        expect(fleet.phase()).toBe('Resolved');
      },
    ),
    { numRuns: 60 },
  );
});

test('where everybody answers and nothing is lost, it is resolved within a minute of its time and not before', () => {
  assert(
    property(fleets, ({ moments, lookEvery, hasCounters }) => {
      const fleet = createFleet(moments, lookEvery, hasCounters);
      fleet.until(period - 1);
      expect(fleet.phase()).toBe('Open');
      fleet.until(period + minute);
      expect(fleet.phase()).toBe('Resolved');
    }),
    { numRuns: 50 },
  );
});
