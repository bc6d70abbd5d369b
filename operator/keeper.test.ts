import { expect, test } from 'vitest';
import { createCoverageModel } from '../domain/coverage/model.ts';
import { defaultGracePeriod } from '../domain/coverage/demand.ts';
import { aFalco } from '../domain/testing/agents.ts';
import { aNode } from '../domain/testing/nodes.ts';
import { aDaemonSet } from '../domain/testing/pods.ts';
import { FakeClock, settle } from '../kube/testing/fake-clock.ts';
import { createCoverageKeeper } from './keeper.ts';

const setUp = () => {
  const clock = new FakeClock();
  const model = createCoverageModel();
  let evaluations = 0;
  const keeper = createCoverageKeeper({ model, clock, onEvaluated: () => evaluations++ });
  const stop = new AbortController();
  return { clock, model, keeper, stop, evaluations: () => evaluations };
};

test('a burst of changes is one evaluation', async () => {
  const { clock, model, keeper, stop, evaluations } = setUp();
  const running = keeper.run(stop.signal);
  expect(evaluations()).toBe(1);
  for (const name of ['a', 'b', 'c']) {
    model.upsertNode(aNode({ name }));
    keeper.touch();
  }
  await settle();
  await clock.advance(100);
  expect(evaluations()).toBe(2);
  expect(model.inventory.nodes.size).toBe(3);
  stop.abort();
  await running;
});

test('what changes while changes are being gathered is not lost', async () => {
  const { clock, model, keeper, stop } = setUp();
  const seen: (readonly string[])[] = [];
  keeper.subscribe(({ nodes }) => seen.push(nodes));
  const running = keeper.run(stop.signal);
  model.upsertNode(aNode({ name: 'a' }));
  keeper.touch();
  await settle();
  model.upsertNode(aNode({ name: 'b' }));
  keeper.touch();
  await clock.advance(100);
  expect(seen.flat()).toEqual(['a', 'b']);
  stop.abort();
  await running;
});

test('the end of a grace period is a change, though nothing comes in', async () => {
  const { clock, model, keeper, stop } = setUp();
  model.setAgents([aFalco()]);
  model.upsertDaemonSet(aDaemonSet());
  model.upsertNode(aNode({ name: 'a', createdAt: clock.now() }));
  const running = keeper.run(stop.signal);
  const stateOfNode = (): string | undefined => model.inventory.nodes.get('a')?.verdict?.state;
  expect(stateOfNode()).toBe('Unknown');
  await clock.advance(defaultGracePeriod - 1);
  expect(stateOfNode()).toBe('Unknown');
  await clock.advance(101);
  expect(stateOfNode()).toBe('NoAgent');
  stop.abort();
  await running;
});

test('it ends when told to, also while it waits', async () => {
  const { keeper, stop } = setUp();
  const running = keeper.run(stop.signal);
  stop.abort();
  await running;
  expect(keeper.isEvaluated()).toBe(true);
});
