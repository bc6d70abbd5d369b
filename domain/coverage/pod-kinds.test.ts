import { expect, test } from 'vitest';
import { aFalco } from '../testing/agents.ts';
import { aNode } from '../testing/nodes.ts';
import { aFalcoPod, aPod, aShape, aDaemonSet } from '../testing/pods.ts';
import { aPolicy, minutes } from '../testing/policies.ts';
import { createCoverageModel, type CoverageModel } from './model.ts';

const late = 1_000 * minutes;
/** More than are counted anew each time. */
const nodes = Array.from({ length: 80 }, (_, index) => `node-${index}`);
const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'proxy' };
const shape = aShape();
const proxyOn = (node: string) => aPod({ name: `proxy-${node}`, node, owner, shape });
const privileged = aShape({ privileged: true });

/** A DaemonSet with a pod on every node, each of which Falco protects. */
const aWideFleet = (): CoverageModel => {
  const model = createCoverageModel();
  model.setAgents([aFalco()]);
  model.setPolicies([aPolicy({ gracePeriod: 0 })]);
  model.upsertDaemonSet(aDaemonSet());
  for (const name of nodes) {
    model.upsertNode(aNode({ name }));
    model.upsertPod(aFalcoPod({ name: `falco-${name}`, node: name }));
    model.upsertPod(proxyOn(name));
  }
  return model;
};

const standing = (model: CoverageModel) =>
  ['shop/DaemonSet/proxy', 'shop/DaemonSet/other'].map((key) => {
    const found = model.inventory.workloads.get(key);
    return (
      found && {
        state: found.verdict?.state,
        gaps: found.verdict?.gaps,
        policies: found.set?.judging.map(({ name }) => name),
        isServerless: found.isServerless,
        risk: found.risk,
      }
    );
  });

const steps: readonly (readonly [string, (model: CoverageModel) => void])[] = [
  ['an agent fails', (model) => model.upsertPod(aFalcoPod({ name: 'falco-node-1', node: 'node-1', ready: false }))],
  ['it is ready again', (model) => model.upsertPod(aFalcoPod({ name: 'falco-node-1', node: 'node-1' }))],
  ['a pod turns privileged', (model) => model.upsertPod({ ...proxyOn('node-2'), shape: privileged })],
  ['that pod goes', (model) => model.removePod('shop', 'proxy-node-2')],
  ['a node turns virtual', (model) => model.upsertNode(aNode({ name: 'node-3', virtual: 'EKS Fargate' }))],
  ['and is a node again', (model) => model.upsertNode(aNode({ name: 'node-3' }))],
  ['a node turns virtual once more', (model) => model.upsertNode(aNode({ name: 'node-4', virtual: 'EKS Fargate' }))],
  ['and is taken away', (model) => model.removeNode('node-4')],
  ['a pod ends', (model) => model.upsertPod({ ...proxyOn('node-5'), phase: 'Succeeded' })],
  ['a pod stands on another node', (model) => model.upsertPod({ ...proxyOn('node-6'), node: 'node-7' })],
  ['an agent fails elsewhere', (model) => model.removePod('security', 'falco-node-8')],
  [
    'the pod there gets another owner',
    (model) => model.upsertPod({ ...proxyOn('node-8'), owner: { ...owner, name: 'other' } }),
  ],
  ['and comes back', (model) => model.upsertPod(proxyOn('node-8'))],
  [
    'its owner is owned itself',
    (model) =>
      model.upsertOwner({
        kind: 'DaemonSet',
        namespace: 'shop',
        name: 'proxy',
        owner: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'other' },
        labels: {},
      }),
  ],
  ['other policies', (model) => model.setPolicies([aPolicy({ name: 'other', gracePeriod: 0 })])],
];

test('a workload of many pods stands after each change as in a model that never saw another', () => {
  const model = aWideFleet();
  model.evaluate(late);
  for (const [index, [what, step]] of steps.entries()) {
    step(model);
    model.evaluate(late);
    const other = aWideFleet();
    for (const [, before] of steps.slice(0, index + 1)) before(other);
    other.evaluate(late);
    expect([what, standing(model)]).toEqual([what, standing(other)]);
  }
});
