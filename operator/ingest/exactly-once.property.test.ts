// Whatever happens to replicas, their disks, their network and the API server, in whatever order: every event that was acknowledged is in a
// count once everything is well again, and at no time more often than it was sent; one with an id once, however often it is sent.
import { array, assert, asyncProperty, boolean, constant, constantFrom, integer, nat, oneof, record } from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { shop } from './testing/keep-findings.ts';
import { createReplicas } from './testing/replicas.ts';
import { workloads } from './testing/truth.ts';

type Step =
  | {
      readonly kind: 'post';
      readonly to: number;
      readonly events: readonly { readonly of: number; readonly hasId: boolean; readonly isHidden: boolean }[];
      readonly isHeard: boolean;
    }
  | { readonly kind: 'again'; readonly to: number; readonly which: number }
  | { readonly kind: 'crash'; readonly of: number; readonly kept: number; readonly isGarbled: boolean }
  | { readonly kind: 'crash the leader'; readonly kept: number }
  /** Of a request one finding is written and the others are not, when the leader is lost. */
  | { readonly kind: 'partly'; readonly to: number; readonly of: number; readonly goesOn: boolean | undefined }
  | { readonly kind: 'start' | 'renew'; readonly of: number }
  | { readonly kind: 'depose'; readonly goesOn: boolean }
  | { readonly kind: 'api'; readonly mood: 'well' | 'failing' | 'refusing' | 'deaf'; readonly of: number }
  | { readonly kind: 'disk'; readonly of: number; readonly failures: readonly boolean[] }
  | { readonly kind: 'network'; readonly of: number; readonly isCut: boolean }
  | { readonly kind: 'reading'; readonly of: number; readonly isHindered: boolean }
  | { readonly kind: 'clock' | 'pass' | 'steps'; readonly by: number };

const hour = 3_600_000;
/** What is written by then is released. */
const keptWithinMs = 13_000;
const replica = nat(2);
const event = record({
  of: nat(2),
  hasId: boolean(),
  isHidden: oneof({ weight: 5, arbitrary: constant(false) }, { weight: 1, arbitrary: constant(true) }),
});

const step: Arbitrary<Step> = oneof(
  {
    weight: 8,
    arbitrary: record({
      kind: constant('post' as const),
      to: replica,
      events: array(event, { minLength: 1, maxLength: 12 }),
      isHeard: boolean(),
    }),
  },
  { weight: 3, arbitrary: record({ kind: constant('again' as const), to: replica, which: nat(20) }) },
  {
    weight: 3,
    arbitrary: record({
      kind: constant('crash' as const),
      of: replica,
      kept: constantFrom(0, 0.5, 1),
      isGarbled: boolean(),
    }),
  },
  { weight: 2, arbitrary: record({ kind: constant('crash the leader' as const), kept: constantFrom(0, 0.5, 1) }) },
  {
    weight: 2,
    arbitrary: record({
      kind: constant('partly' as const),
      to: replica,
      of: replica,
      goesOn: constantFrom(true, false, undefined),
    }),
  },
  { weight: 5, arbitrary: record({ kind: constant('start' as const), of: replica }) },
  { weight: 2, arbitrary: record({ kind: constant('renew' as const), of: replica }) },
  { weight: 2, arbitrary: record({ kind: constant('depose' as const), goesOn: boolean() }) },
  {
    weight: 2,
    arbitrary: record({
      kind: constant('api' as const),
      mood: constantFrom('well' as const, 'failing' as const, 'refusing' as const, 'deaf' as const),
      of: nat(3),
    }),
  },
  {
    weight: 2,
    arbitrary: record({
      kind: constant('disk' as const),
      of: replica,
      failures: array(boolean(), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: record({ kind: constant('reading' as const), of: replica, isHindered: boolean() }) },
  {
    weight: 1,
    arbitrary: record({ kind: constant('clock' as const), by: integer({ min: -2 * hour, max: 2 * hour }) }),
  },
  { weight: 2, arbitrary: record({ kind: constant('network' as const), of: replica, isCut: boolean() }) },
  { weight: 8, arbitrary: record({ kind: constant('steps' as const), by: integer({ min: 1, max: 60 }) }) },
  {
    weight: 8,
    arbitrary: record({
      kind: constant('pass' as const),
      by: oneof(
        { weight: 30, arbitrary: integer({ min: 1, max: 500 }) },
        { weight: 30, arbitrary: integer({ min: 1000, max: 12_000 }) },
        // Ids are forgotten in that time, or are about to be.
        { weight: 1, arbitrary: integer({ min: hour / 2, max: 1.5 * hour }) },
      ),
    }),
  },
);

type Replicas = ReturnType<typeof createReplicas>;

const take = async (world: Replicas, next: Step): Promise<void> => {
  switch (next.kind) {
    case 'post': {
      const number = world.requests.length;
      const events = next.events.map(({ of, hasId, isHidden }, index) => ({
        workload: workloads[of] ?? 'w0',
        id: hasId ? `${number}-${index}` : undefined,
        isHidden,
      }));
      return world.send(next.to, events, next.isHeard);
    }
    case 'again': {
      const request = world.requests.at(-1 - next.which);
      return request && world.resend(request, next.to);
    }
    case 'crash':
      return world.crash(next.of, next.kept, next.isGarbled);
    case 'crash the leader':
      return world.crash(world.leaderIndex(), next.kept);
    case 'partly':
      world.setMood('well');
      for (const [index, workload] of workloads.entries()) if (index !== next.of) world.setMood('failing', workload);
      for (let times = 0; times < 2; times++) {
        const events = [0, 1, 2].map((index) => ({
          workload: workloads[(next.of + index) % workloads.length] ?? 'w0',
          id: undefined,
          isHidden: false,
        }));
        world.send(next.to, events, true);
      }
      await world.time.pass(keptWithinMs);
      return next.goesOn === undefined ? world.crash(world.leaderIndex()) : world.depose(next.goesOn);
    case 'start':
      return world.start(next.of);
    case 'renew':
      return world.renew(next.of);
    case 'depose':
      return world.depose(next.goesOn);
    case 'api':
      return world.setMood(next.mood, workloads[next.of]);
    case 'disk':
      return world.failDisk(next.of, next.failures);
    case 'network':
      return world.cut(next.of, next.isCut);
    case 'reading':
      return world.hinderReading(next.of, next.isHindered);
    case 'clock':
      return world.setClock(next.by);
    case 'pass':
      return world.time.pass(next.by);
    case 'steps':
      return world.time.step(next.by);
  }
};

const numRuns = Number(process.env['EXACTLY_ONCE_RUNS'] ?? 150);

beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.5));
afterEach(() => void vi.restoreAllMocks());

test('whatever happens, every event that lies in a journal is counted, and once', async () => {
  const model = shop();
  await assert(
    asyncProperty(nat(), array(step, { minLength: 5, maxLength: 60 }), async (seed, steps) => {
      const world = createReplicas(model, 3, seed);
      for (const next of steps) {
        await take(world, next);
        expect(world.contradictions(false)).toEqual([]);
      }
      expect(await world.heal()).toEqual([]);
      // Whoever leads next finds the same.
      world.crash(world.leaderIndex());
      expect(await world.heal()).toEqual([]);
    }),
    { numRuns },
  );
}, 600_000);
