// Whatever happens to agents, operators and wall clocks, a finding is never resolved before the silence was really observed, also where an
// agent falls silent and nobody knows it yet; and where all is well it is resolved on time.
import { assert, constant, integer, oneof, property, record, array, type Arbitrary } from 'fast-check';
import { expect, test } from 'vitest';
import { advance, openFinding, seeAgain, type FindingState } from './life-cycle.ts';
import {
  longestLookMs,
  awaitsProof,
  isProofOverdue,
  mustStoreQuiet,
  quietToStore,
  restoreQuietClock,
  storedQuiet,
  type StoredQuiet,
} from './quiet-clock.ts';

const minute = 60_000;
const required = 30 * minute;
/** An agent is read so often, and believed for so long. */
const interval = minute;
const staleAfter = 3 * interval;

type Step =
  | { readonly kind: 'pass' | 'restart' | 'step' | 'event'; readonly ms: number }
  | { readonly kind: 'blind' | 'hear' | 'hang' | 'answer' };

const step: Arbitrary<Step> = oneof(
  record({ kind: constant('pass' as const), ms: integer({ min: 1, max: 12 * minute }) }),
  record({ kind: constant('restart' as const), ms: integer({ min: 0, max: 90 * minute }) }),
  record({ kind: constant('step' as const), ms: integer({ min: -48 * 60 * minute, max: 48 * 60 * minute }) }),
  record({ kind: constant('blind' as const) }),
  record({ kind: constant('hear' as const) }),
  { weight: 3, arbitrary: record({ kind: constant('hang' as const) }) },
  record({ kind: constant('answer' as const) }),
  record({ kind: constant('event' as const), ms: integer({ min: 0, max: longestLookMs }) }),
);

/** A world with one finding: real time, a wall clock that may be set, an operator that may die, an agent that may hang, and who really listened. */
const createWorld = () => {
  let [real, offset, isHeard, heardSince] = [0, 1_000_000_000, true, 0];
  let state: FindingState = openFinding({ count: 1, first: 0, last: 0 }, offset).state;
  let stored: StoredQuiet = state.quiet.stored;
  let aliveUntil = offset;
  /** When the agent answered last, and was asked last. */
  let [isHanging, answeredAt, askedAt] = [false, 0, 0];
  /** For so long it has hung and nobody knows: if it answers before anybody does, it was only slow, and has missed nothing. */
  let slow = 0;
  /** Since the last look. */
  let unseen = 0;
  const wall = (): number => real + offset;

  const store = (): void => {
    stored = quietToStore(state.quiet, wall());
    state = { ...state, quiet: storedQuiet(state.quiet, stored) };
  };

  const look = (passed: number): void => {
    const elapsed = passed + unseen;
    unseen = 0;
    if (!isHanging && isHeard && (real - askedAt >= interval || awaitsProof(state.quiet, required))) {
      answeredAt = askedAt = real;
    }
    const provenAgo = real - answeredAt;
    const isOverdue = isProofOverdue(state.quiet, required, provenAgo);
    const hasLapsed = !isHeard || provenAgo >= staleAfter;
    if (hasLapsed) slow = 0;
    const listening =
      hasLapsed || isOverdue
        ? ({ listening: false, reason: 'AgentBlind', message: '', hasLapsed } as const)
        : ({ listening: true } as const);
    state = advance(state, {
      now: wall(),
      elapsed,
      listening,
      provenAgo,
      case: { phase: 'New', riskAcceptedUntil: undefined, actor: '' },
      required,
      requiredRuns: undefined,
      cleanRuns: 0,
      isGone: false,
    }).state;
    if (state.phase === 'Resolved') return;
    if (mustStoreQuiet(state.quiet, wall())) store();
    aliveUntil = wall();
  };

  const pass = (ms: number): void => {
    for (let left = ms; left > 0 && state.phase !== 'Resolved'; left -= longestLookMs) {
      const elapsed = Math.min(left, longestLookMs);
      real += elapsed;
      if (isHanging) slow += elapsed;
      else if (isHeard) heardSince += elapsed;
      look(elapsed);
    }
  };

  const take = (next: Step): void => {
    switch (next.kind) {
      case 'pass':
        return pass(next.ms);
      case 'restart':
        // Dies in the middle of two looks, of which nothing is stored: nor that an agent hangs which nobody knew yet.
        heardSince += Math.min(staleAfter, slow);
        slow = 0;
        real += Math.min(next.ms, longestLookMs) / 2 + next.ms;
        unseen = 0;
        state = { ...state, quiet: restoreQuietClock(stored, aliveUntil) };
        return look(0);
      case 'step':
        offset += next.ms;
        return look(0);
      case 'event':
        // It comes between two looks, and no look comes with it.
        real += next.ms;
        unseen += next.ms;
        state = seeAgain(state, { count: 1, first: wall(), last: wall() }, wall()).state;
        [heardSince, slow] = [0, 0];
        // An event is written at once, with its place in the journal; one that was not is replayed.
        return store();
      case 'blind':
      case 'hear':
        isHeard = next.kind === 'hear';
        return look(0);
      case 'hang':
      case 'answer':
        isHanging = next.kind === 'hang';
        if (!isHanging) {
          heardSince += slow;
          slow = 0;
        }
        return look(0);
    }
  };

  return { take, state: () => state, heardSince: () => heardSince };
};

test('no sequence of outages, restarts, clock steps and events resolves a finding before its silence was observed', () => {
  assert(
    property(array(step, { maxLength: 60 }), (steps) => {
      const world = createWorld();
      for (const next of steps) {
        if (world.state().phase === 'Resolved') break;
        world.take(next);
        const { observed, unproven } = world.state().quiet;
        expect(observed - unproven).toBeLessThanOrEqual(world.heardSince());
      }
      if (world.state().phase === 'Resolved') expect(world.heardSince()).toBeGreaterThanOrEqual(required);
    }),
    { numRuns: 1000 },
  );
});

test('whatever was before, a workload that is fixed and heard is resolved within a minute of its time', () => {
  assert(
    property(array(step, { maxLength: 30 }), (steps) => {
      const world = createWorld();
      for (const next of steps) world.take(next);
      if (world.state().phase === 'Resolved') return;
      world.take({ kind: 'hear' });
      world.take({ kind: 'answer' });
      world.take({ kind: 'event', ms: longestLookMs });
      world.take({ kind: 'pass', ms: required + minute });
      expect(world.state().phase).toBe('Resolved');
    }),
    { numRuns: 300 },
  );
});

test('whatever was before, and at whatever moment of the last minutes an agent hangs, nothing is resolved while it does', () => {
  assert(
    property(array(step, { maxLength: 15 }), integer({ min: 1, max: staleAfter }), (steps, before) => {
      const world = createWorld();
      const nearlyOver: readonly Step[] = [
        { kind: 'hear' },
        { kind: 'answer' },
        { kind: 'event', ms: longestLookMs },
        { kind: 'pass', ms: required - before },
        { kind: 'hang' },
        { kind: 'pass', ms: 3 * staleAfter },
      ];
      for (const next of [...steps, ...nearlyOver]) world.take(next);
      expect(world.state().phase).not.toBe('Resolved');
    }),
    { numRuns: 300 },
  );
});
