// Whatever happens to agents, pods, policies, clocks and leaders, in whatever order: the book resolves no finding as verified before its
// behaviour was really away for the whole quiet period while somebody listened; and where all is well it is resolved on time.
import { array, assert, boolean, constant, constantFrom, integer, oneof, property, record, subarray } from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { expect, test } from 'vitest';
import type { Comparison, EventField, EventMatcher, SecurityEvent } from '../../domain/findings/types.ts';
import { longestLookMs } from '../../domain/findings/quiet-clock.ts';
import { aFalco } from '../../domain/testing/agents.ts';
import { aNode } from '../../domain/testing/nodes.ts';
import { aPolicy, counting, labelled, selecting } from '../../domain/testing/policies.ts';
import { falcoPod, gcc, setUp, shopPod } from './testing/world.ts';

const minute = 60_000;
const nodes = ['node-1', 'node-2', 'bare'] as const;
const replicas = ['cart-a', 'cart-b'] as const;
const deaf = { listening: false, reason: 'OperatorDown', message: 'it stood still' } as const;

type Change =
  | { readonly kind: 'period'; readonly ms: number }
  | { readonly kind: 'agent'; readonly node: string; readonly is: 'ready' | 'not ready' | 'gone' }
  | { readonly kind: 'pod'; readonly name: string; readonly to: string | undefined }
  | { readonly kind: 'agents' | 'policy'; readonly isThere: boolean }
  | { readonly kind: 'exclude'; readonly what: readonly Exclusion[] };

/** What a policy may leave alone, or count only of older pods. */
type Exclusion = (typeof exclusions)[number];

type Step =
  | Change
  /** The change comes at the end of that time, and is noticed then. */
  | { readonly kind: 'later'; readonly ms: number; readonly change: Change }
  | { readonly kind: 'pass' | 'stand still' | 'clock'; readonly ms: number }
  /** Once, or again and again before anything is written. */
  | { readonly kind: 'restart'; readonly ms: number; readonly times: number }
  | { readonly kind: 'event'; readonly ago: number; readonly program: Program }
  | { readonly kind: 'replay' | 'shed' }
  | { readonly kind: 'case'; readonly phase: string };

const exclusions = ['gcc', 'make', 'gcc’s rule', 'gcc’s secret', 'make’s arguments', 'young pods'] as const;
type Program = 'gcc' | 'make';
/** Of gcc an argument is masked when it is stored. */
const behaving: Readonly<Record<Program, Partial<SecurityEvent>>> = {
  gcc: {},
  make: { rule: 'Build tool run', process: { name: 'make', executable: '/usr/bin/make', arguments: 'make -j2 all' } },
};
const excluded: Readonly<Record<Exclusion, readonly Program[]>> = {
  gcc: ['gcc'],
  make: ['make'],
  'gcc’s rule': ['gcc'],
  'gcc’s secret': ['gcc'],
  'make’s arguments': ['make'],
  'young pods': ['gcc', 'make'],
};
const where = (field: EventField, how: Partial<Comparison>): EventMatcher => ({
  allOf: [{ field, equals: [], prefix: [], suffix: [], glob: [], ...how }],
});
const excluding: Readonly<Record<Exclude<Exclusion, 'young pods'>, EventMatcher>> = {
  gcc: where('ProcessName', { equals: ['gcc'] }),
  make: where('ProcessName', { equals: ['make'] }),
  'gcc’s rule': where('Rule', { equals: ['Compiler run in container'] }),
  'gcc’s secret': where('Arguments', { prefix: ['-DPASSWORD=hunter2'] }),
  'make’s arguments': where('Arguments', { suffix: [' all'] }),
};

const change: Arbitrary<Change> = oneof(
  record({ kind: constant('period' as const), ms: constantFrom(10 * minute, 30 * minute, 60 * minute) }),
  record({
    kind: constant('agent' as const),
    node: constantFrom('node-1', 'node-2'),
    is: constantFrom('ready' as const, 'not ready' as const, 'gone' as const),
  }),
  record({
    kind: constant('pod' as const),
    name: constantFrom(...replicas),
    to: constantFrom(...nodes, undefined),
  }),
  record({ kind: constantFrom('agents' as const, 'policy' as const), isThere: boolean() }),
  record({ kind: constant('exclude' as const), what: subarray([...exclusions], { maxLength: 2 }) }),
);

/** Some about as long as a standstill may be before it is written down. */
const passing = oneof(
  integer({ min: 1, max: 15 * minute }),
  constantFrom(15_000, 60_000, 75_000, 76_000, 90_000, 91_000, 105_000),
);

const step: Arbitrary<Step> = oneof(
  { weight: 6, arbitrary: record({ kind: constant('pass' as const), ms: passing }) },
  { weight: 4, arbitrary: change },
  record({ kind: constant('later' as const), ms: integer({ min: 1, max: longestLookMs }), change }),
  record({ kind: constant('stand still' as const), ms: integer({ min: 30_001, max: 90 * minute }) }),
  {
    weight: 2,
    arbitrary: record({
      kind: constant('restart' as const),
      ms: integer({ min: 0, max: 90 * minute }),
      times: integer({ min: 1, max: 3 }),
    }),
  },
  record({ kind: constant('clock' as const), ms: integer({ min: -2880 * minute, max: 2880 * minute }) }),
  record({
    kind: constant('event' as const),
    ago: integer({ min: 0, max: 120 * minute }),
    program: constantFrom('gcc' as const, 'make' as const),
  }),
  record({ kind: constantFrom('replay' as const, 'shed' as const) }),
  record({ kind: constant('case' as const), phase: constantFrom('New', 'Remediating', 'Fixed') }),
);

/** A small cluster, and what is really so in it. */
const createTruth = () => {
  const world = setUp();
  const { model } = world;
  const agents = new Map<string, 'ready' | 'not ready' | 'gone'>([
    ['node-1', 'ready'],
    ['node-2', 'ready'],
  ]);
  const pods = new Map<string, string>([
    ['cart-a', 'node-1'],
    ['cart-b', 'node-1'],
  ]);
  let [areAgentsThere, isNamed, period] = [true, true, 30 * minute];
  /** Since the behaviour was last seen, as long as it would have been heard. */
  let heard = 0;
  let [journalled, released, aliveUntil] = [0, 0, world.now()];
  let leftAlone: readonly Exclusion[] = [];
  /** Of which the finding tells. */
  const programs = new Set<Program>();
  const taken: Partial<SecurityEvent>[] = [];

  const setPolicies = (): void => {
    // One that names the behaviour for others alone leaves nobody here who would count it.
    const selector = isNamed ? selecting() : selecting({ namespace: labelled({ team: 'another' }) });
    const exclude = leftAlone.flatMap((each) => (each === 'young pods' ? [] : excluding[each]));
    const minimumPodAge = leftAlone.includes('young pods') ? 100_000 * minute : undefined;
    const posture = [counting({ quietPeriod: period, exclude, minimumPodAge })];
    model.setPolicies([aPolicy({ selector, posture, gracePeriod: 0 })]);
  };
  const isLeftAlone = (program: Program): boolean => leftAlone.some((each) => excluded[each].includes(program));
  const wouldBeHeard = (): boolean =>
    areAgentsThere &&
    isNamed &&
    ![...programs].some(isLeftAlone) &&
    pods.size > 0 &&
    [...pods.values()].every((node) => agents.get(node) === 'ready');

  const look = (elapsed: number, isHeard = wouldBeHeard(), isDeaf = false): void => {
    // What the look before found worth writing is written by now; should the operator die first, it never is.
    world.write();
    released = world.book().included(journalled);
    if (isHeard && !isDeaf) heard += elapsed;
    world.look(elapsed, isDeaf ? deaf : undefined);
    if (world.book().mayClaimToLive(world.now())) aliveUntil = world.now();
    check();
  };

  const check = (): void => {
    for (const {
      record: { state, quietTerms },
    } of world.book().all()) {
      if (state.phase !== 'Resolved') expect(state.quiet.observed).toBeLessThanOrEqual(heard);
      else if (state.resolvedAt === world.now()) expect(heard).toBeGreaterThanOrEqual(quietTerms.period);
      // Which policies select a workload of which nothing runs is not known.
      if (isNamed && pods.size > 0) expect(state.phase === 'Resolved' || quietTerms.period === period).toBe(true);
    }
  };

  /** An agent may say late when it happened; what is nobody's, or counts nowhere, breaks no silence. */
  const see = (ago: number, program: Program): void => {
    const origin = { ...gcc.origin, node: pods.get('cart-a') ?? 'node-1' };
    const event = { ...behaving[program], at: world.now() - ago, origin };
    taken.push(event);
    // What is left alone breaks no silence, and there is none that counts meanwhile.
    if (world.post(event, (journalled += 1)) !== 'finding') return;
    programs.add(program);
    heard = 0;
  };

  /** What was excluded when it came may count when it is read again, by another policy: then it was seen. */
  const replay = (position: number): void => {
    const event = taken[position - 1] ?? {};
    const program = event.process?.name === 'make' ? 'make' : 'gcc';
    if (world.post(event, position) === 'finding') {
      programs.add(program);
      heard = 0;
    }
  };

  const apply = (next: Change): void => {
    switch (next.kind) {
      case 'period':
        period = next.ms;
        return setPolicies();
      case 'policy':
        isNamed = next.isThere;
        return setPolicies();
      case 'exclude':
        leftAlone = next.what;
        return setPolicies();
      case 'agents':
        areAgentsThere = next.isThere;
        return model.setAgents(areAgentsThere ? [aFalco()] : []);
      case 'agent': {
        agents.set(next.node, next.is);
        const pod = falcoPod(next.is === 'ready', next.node);
        return next.is === 'gone' ? model.removePod('falco', pod.name) : model.upsertPod(pod);
      }
      case 'pod':
        pods.delete(next.name);
        model.removePod('shop', next.name);
        if (next.to === undefined) return;
        pods.set(next.name, next.to);
        model.upsertPod(shopPod(next.name, next.to));
    }
  };

  const take = (next: Step): void => {
    switch (next.kind) {
      case 'pass':
        for (let left = next.ms; left > 0; left -= longestLookMs) look(Math.min(left, longestLookMs));
        return;
      case 'later': {
        const wasHeard = wouldBeHeard();
        apply(next.change);
        return look(next.ms, wasHeard);
      }
      case 'stand still':
        return look(next.ms, false, true);
      case 'restart':
        for (let time = 0; time < next.times; time++) {
          // It dies between two looks.
          world.lose(Math.floor(Math.min(next.ms, longestLookMs) / 2) + next.ms);
          world.restart(aliveUntil);
          for (let position = released + 1; position <= journalled; position++) replay(position);
          look(0);
        }
        return;
      case 'clock':
        world.setClock(next.ms);
        return look(0);
      case 'event':
        see(next.ago, next.program);
        return look(0);
      case 'replay':
        for (let position = 1; position <= journalled; position++) replay(position);
        return look(0);
      case 'shed':
        world.deliveries.noteShed('node-1');
        return look(0);
      case 'case':
        world.write();
        for (const [key] of world.objects) world.decide(key, { phase: next.phase });
        return look(0);
      case 'period':
      case 'policy':
      case 'agents':
      case 'agent':
      case 'pod':
      case 'exclude':
        apply(next);
        return look(0);
    }
  };

  for (const node of ['node-2', 'bare']) model.upsertNode(aNode({ name: node }));
  model.upsertPod(falcoPod(true, 'node-2'));
  setPolicies();
  see(0, 'gcc');
  look(0);
  return {
    take,
    sinceClaimed: () => world.now() - aliveUntil,
    period: () => period,
    phase: () => [...world.book().all()].map(({ record: { state } }) => state.phase),
  };
};

const heal = (truth: ReturnType<typeof createTruth>): void => {
  const well: readonly Step[] = [
    { kind: 'agents', isThere: true },
    { kind: 'policy', isThere: true },
    { kind: 'exclude', what: [] },
    { kind: 'agent', node: 'node-1', is: 'ready' },
    { kind: 'agent', node: 'node-2', is: 'ready' },
    { kind: 'pod', name: 'cart-a', to: 'node-1' },
    { kind: 'pod', name: 'cart-b', to: 'node-2' },
  ];
  for (const each of well) truth.take(each);
};

test('no sequence of outages, restarts, clock steps, late events, policy edits and moves resolves a finding too soon', () => {
  assert(
    property(array(step, { maxLength: 50 }), (steps) => {
      const truth = createTruth();
      for (const next of steps) truth.take(next);
    }),
    { numRuns: 400 },
  );
});

test('whatever was before, a workload that is fixed and heard is resolved within a minute of its time', () => {
  assert(
    property(array(step, { maxLength: 30 }), (steps) => {
      const truth = createTruth();
      for (const next of steps) truth.take(next);
      heal(truth);
      // Events that were shed are forgotten after a minute.
      truth.take({ kind: 'pass', ms: 2 * minute });
      truth.take({ kind: 'event', ago: 0, program: 'gcc' });
      truth.take({ kind: 'pass', ms: truth.period() - minute });
      expect(truth.phase()).not.toContain('Resolved');
      truth.take({ kind: 'pass', ms: 2 * minute });
      expect(truth.phase()).toEqual(['Resolved']);
      expect(truth.sinceClaimed()).toBe(0);
    }),
    { numRuns: 150 },
  );
});
