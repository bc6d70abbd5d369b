import { array, assert, boolean, infiniteStream, nat, property, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { minutes } from '../testing/policies.ts';
import { aFalco, scraped } from '../testing/agents.ts';
import { someStep, someTalk, speakingFleet, type Step } from '../testing/fleet.ts';
import type { AgentDefinition, Policy } from '../types.ts';
import { createCoverageModel, type CoverageModel } from './model.ts';
import { buildReport } from './report.ts';
import { buildSlices, sliceCount } from './slices.ts';
import { standingOf } from './standing.ts';

/** What the fleet is in the end, whatever happened before. */
interface World {
  readonly facts: Map<string, Extract<Step, { kind: 'facts' }>>;
  agents: readonly AgentDefinition[];
  policies: readonly Policy[];
  now: number;
}

const newWorld = (): World => ({ facts: new Map(), agents: [], policies: [], now: 5 * minutes });

const live = (model: CoverageModel, world: World, step: Step): void => {
  switch (step.kind) {
    case 'facts':
      world.facts.set(step.key, step);
      step.apply(model);
      return;
    case 'remove': {
      const found = [...world.facts.values()][step.index];
      if (found === undefined) return;
      world.facts.delete(found.key);
      found.undo(model);
      return;
    }
    case 'agents':
      world.agents = step.agents;
      model.setAgents(step.agents);
      return;
    case 'policies':
      world.policies = step.policies;
      model.setPolicies(step.policies);
      return;
    case 'clock':
      world.now += step.by;
  }
};

const fresh = (
  { facts, agents, policies }: World,
  order: (keys: readonly string[]) => readonly string[],
): CoverageModel => {
  const model = createCoverageModel();
  model.setAgents(agents);
  model.setPolicies(policies);
  for (const key of order([...facts.keys()])) facts.get(key)?.apply(model);
  return model;
};

/** All that anybody can read off a model, without the numbers that differ from one to the next. */
const readingOf = (model: CoverageModel, policies: readonly Policy[]): object => {
  const { inventory, tally } = model;
  const assets = [...inventory.nodes.values(), ...inventory.workloads.values(), ...inventory.eachPod()];
  return {
    assets: Object.fromEntries(
      assets.flatMap((asset) => {
        const name =
          'key' in asset
            ? asset.key
            : 'name' in asset
              ? asset.name
              : `pod ${asset.facts.namespace}/${asset.facts.name}`;
        if (asset.verdict === undefined && !('key' in asset)) return [];
        const { id: _, ...verdict } = asset.verdict ?? { id: 0 };
        return [
          [
            name,
            {
              ...verdict,
              set: asset.set?.judging.map((policy) => policy.name),
              risk: 'risk' in asset ? asset.risk : 0,
            },
          ],
        ];
      }),
    ),
    report: buildReport(tally, model.agents(), 0),
    nodes: buildSlices(tally, 'Nodes', 2, new Set([0, 1])),
    workloads: buildSlices(tally, 'Workloads', 4, new Set([0, 1, 2, 3])),
    standings: policies.map(({ name }) => standingOf(tally, name)),
    buckets: [...tally.buckets()].length,
  };
};

/** The one thing that a model remembers beyond its facts: when an agent was seen to leave a node. */
const handOver = (from: CoverageModel, to: CoverageModel): void => {
  for (const [name, { goneAt }] of from.inventory.nodes) {
    const node = to.inventory.nodes.get(name);
    if (node !== undefined) node.goneAt = goneAt && new Map(goneAt);
  }
};

const life = array(tuple(someStep, boolean()), { maxLength: 60, size: 'max' });

test('a model that lived through it all says what a new one says of the same facts', () => {
  assert(
    property(life, (steps) => {
      const [model, world] = [createCoverageModel(), newWorld()];
      for (const [step, isEvaluated] of steps) {
        live(model, world, step);
        if (isEvaluated) model.evaluate(world.now);
      }
      model.evaluate(world.now);
      const other = fresh(world, (keys) => keys);
      handOver(model, other);
      other.evaluate(world.now);
      expect(readingOf(model, world.policies)).toEqual(readingOf(other, world.policies));
    }),
    { numRuns: 1500 },
  );
});

test('and so does a model of a fleet whose agents talk', () => {
  assert(
    property(array(tuple(someTalk, boolean()), { maxLength: 40, size: 'max' }), (steps) => {
      const [model, world] = [createCoverageModel(), newWorld()];
      for (const step of [...speakingFleet, { kind: 'agents', agents: [aFalco({ telemetry: scraped })] } as const]) {
        live(model, world, step);
      }
      for (const [step, isEvaluated] of steps) {
        live(model, world, step);
        if (isEvaluated) model.evaluate(world.now);
      }
      model.evaluate(world.now);
      const other = fresh(world, (keys) => keys);
      handOver(model, other);
      other.evaluate(world.now);
      expect(readingOf(model, world.policies)).toEqual(readingOf(other, world.policies));
    }),
    { numRuns: 700 },
  );
});

test('neither the order of arrival nor the order of policies and agents matters', () => {
  assert(
    property(life, infiniteStream(nat()), (steps, ranks) => {
      const [model, world] = [createCoverageModel(), newWorld()];
      for (const [step] of steps) live(model, world, step);
      const shuffled = fresh(world, (keys) => {
        const rank = new Map(keys.map((key) => [key, ranks.next().value ?? 0]));
        return keys.toSorted((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
      });
      shuffled.setPolicies(world.policies.toReversed());
      shuffled.setAgents(world.agents.toReversed());
      for (const each of [model, shuffled]) each.evaluate(world.now);
      expect(readingOf(shuffled, world.policies)).toEqual(readingOf(model, world.policies));
    }),
    { numRuns: 200 },
  );
});

test('an evaluation at which nothing is due changes nothing', () => {
  assert(
    property(life, nat(30 * minutes), (steps, later) => {
      const [model, world] = [createCoverageModel(), newWorld()];
      for (const [step] of steps) live(model, world, step);
      const { nextAt } = model.evaluate(world.now);
      const again = model.evaluate(Math.min(world.now + later, nextAt - 1));
      expect(again).toEqual({ nodes: [], workloads: [], pods: 0, breakGlass: [], nextAt });
    }),
    { numRuns: 150 },
  );
});

test('states sum up to the total, and every asset stands in exactly one slice', () => {
  assert(
    property(life, (steps) => {
      const [model, world] = [createCoverageModel(), newWorld()];
      for (const [step] of steps) live(model, world, step);
      model.evaluate(world.now);
      const { inventory, tally } = model;
      const { counts, namespaces } = buildReport(tally, world.agents, 0);
      for (const count of Object.values(counts)) {
        const {
          protected: good,
          warning,
          unknown,
          incomplete,
          failed,
          noProtection,
          noAgent,
          exempt,
          notRunning,
          total,
        } = count;
        expect(good + warning + unknown + incomplete + failed + noProtection + noAgent + exempt + notRunning).toBe(
          total,
        );
        const { declared, running, reporting, loaded, none } = count.byEvidence;
        expect(declared + running + reporting + loaded + none).toBe(total - exempt - notRunning);
      }
      const pods = [...inventory.eachPod()].filter(({ verdict }) => verdict !== undefined);
      expect(counts.pods.total).toBe(pods.length);
      expect(counts.containers.total).toBe(pods.reduce((sum, { facts }) => sum + facts.shape.containers.length, 0));
      expect(counts.workloads.total).toBe(inventory.workloads.size);
      expect(counts.nodes.total).toBe(
        [...inventory.nodes.values()].filter(({ verdict }) => verdict !== undefined).length,
      );
      expect(counts.serverless.total).toBe(
        [...inventory.workloads.values()].filter(({ isServerless }) => isServerless).length,
      );
      expect(namespaces.reduce((sum, { workloads }) => sum + workloads.total - workloads.notRunning, 0)).toBe(
        counts.workloads.total - counts.workloads.notRunning,
      );
      const count = sliceCount(inventory.workloads.size, 8);
      const slices = buildSlices(
        tally,
        'Workloads',
        count,
        new Set(Array.from({ length: count }, (_, index) => index)),
      );
      const names = slices.flatMap(({ profiles }) => profiles.flatMap((profile) => profile.names));
      expect(names.toSorted()).toEqual([...inventory.workloads.keys()].toSorted());
    }),
    { numRuns: 150 },
  );
});
