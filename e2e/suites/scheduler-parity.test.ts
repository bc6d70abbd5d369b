// Where a pod may land, by us and by the real scheduler: its own filters decide over generated pods and nodes, and tell an extender of
// ours which nodes passed. What we leave aside (capacity, ports, volumes, spreading, affinity between pods) is switched off there.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { misfit } from '../../domain/placement/fit.ts';
import { withRuntimeClass } from '../../domain/placement/runtime-class.ts';
import type { NodeFacts, RuntimeClassFacts } from '../../domain/types.ts';
import { projectNode } from '../../facts/node.ts';
import { list, object, text } from '../../facts/read.ts';
import { projectRuntimeClass } from '../../facts/runtime-class.ts';
import { projectScheduling } from '../../facts/scheduling.ts';
import { startControlPlane } from '../control-plane/start.ts';
import type { ControlPlane } from '../control-plane/start.ts';
import { eventually } from './support/eventually.ts';
import { freshName } from './support/fresh-name.ts';
import { parityScheduler, runtimeClasses, someNodes, somePods } from './support/schedulable.ts';
import { startSchedulerExtender, type SchedulerExtender } from './support/scheduler-extender.ts';

const nodeCount = 40;
const podCount = 150;
/** Of the objects here, the same in every run; another one is worth a try after a change of Kubernetes. */
const seed = 20_260_501;

/** All that depends on more than the pod and the node, and preemption, which would only repeat the question. */
const leftAside = [
  'NodeResourcesFit',
  'NodePorts',
  'VolumeBinding',
  'VolumeRestrictions',
  'VolumeZone',
  'NodeVolumeLimits',
  'PodTopologySpread',
  'InterPodAffinity',
  'DynamicResources',
];

describe('where a pod may land', () => {
  let plane: ControlPlane;
  let extender: SchedulerExtender;
  let nodes: readonly NodeFacts[];
  const classes = new Map<string, RuntimeClassFacts>();

  beforeAll(async () => {
    extender = await startSchedulerExtender();
    plane = await startControlPlane({
      name: `parity-${process.pid}`,
      scheduler: {
        percentageOfNodesToScore: 100,
        extenders: [extender.configuration],
        profiles: [
          {
            schedulerName: parityScheduler,
            plugins: {
              filter: { disabled: leftAside.map((name) => ({ name })) },
              postFilter: { disabled: [{ name: '*' }] },
            },
          },
        ],
      },
    });
    for (const raw of runtimeClasses) {
      await create('/apis/node.k8s.io/v1/runtimeclasses', raw);
      const facts = projectRuntimeClass(raw);
      if (facts !== undefined) classes.set(facts.name, facts);
    }
    const wanted = someNodes(nodeCount, seed);
    for (const node of wanted) await create('/api/v1/nodes', node);
    nodes = await eventually(async () => {
      const { body } = await plane.api.call('GET', '/api/v1/nodes');
      const seen = list(object(body).items).flatMap((raw) => projectNode(raw) ?? []);
      // Cordoned nodes get a taint, new ones lose theirs: until then the scheduler and we might look at different nodes.
      for (const { name, taints, unschedulable, ready } of seen) {
        const given = list(object(wanted.find((each) => object(each['metadata']).name === name)?.['spec']).taints);
        const expected = given.length + (unschedulable ? 1 : 0);
        if (!ready || taints.length !== expected) throw new Error(`${name} has taints ${JSON.stringify(taints)}`);
      }
      return seen;
    });
  });
  afterAll(async () => {
    await plane?.stop();
    await extender?.close();
  });

  const create = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await plane.api.call('POST', path, body);
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };

  const ours = (pod: unknown): readonly string[] => {
    const scheduling = projectScheduling(object(pod).spec);
    const runtimeClass = scheduling.runtimeClass === undefined ? undefined : classes.get(scheduling.runtimeClass);
    const complete = withRuntimeClass(scheduling, runtimeClass);
    return nodes.flatMap((node) => (misfit(complete, node) === undefined ? [node.name] : [])).toSorted();
  };

  const decided = async (): Promise<ReadonlySet<string>> => {
    const { body } = await plane.api.call('GET', '/api/v1/namespaces/default/pods');
    return new Set(
      list(object(body).items).flatMap((pod) =>
        list(object(object(pod).status).conditions).some((condition) => {
          const { type, status, reason } = object(condition);
          return type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable';
        })
          ? [text(object(object(pod).metadata).name)]
          : [],
      ),
    );
  };

  test('is where the real scheduler lets it, over generated pods and nodes', async () => {
    const written: { readonly name: string; readonly before: unknown; readonly after: unknown }[] = [];
    let refused = 0;
    const prefix = freshName('try');
    for (const generated of somePods(podCount, seed)) {
      const metadata = object(generated['metadata']);
      const before = { ...generated, metadata: { ...metadata, name: `${prefix}-${text(metadata.name)}` } };
      const { status, body } = await plane.api.call('POST', '/api/v1/namespaces/default/pods', before);
      // What the API server itself refuses, no scheduler ever sees.
      if (status === 422 || status === 403) refused += 1;
      else if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
      else written.push({ name: text(object(object(body).metadata).name), before, after: body });
    }
    expect(refused).toBeLessThan(podCount / 4);
    await eventually(async () => {
      const done = await decided();
      const waiting = written.filter(({ name }) => !done.has(name));
      if (waiting.length > 0) throw new Error(`not decided yet: ${waiting.map(({ name }) => name).join(', ')}`);
    });
    const mismatches = written.flatMap(({ name, before, after }) => {
      const theirs = extender.allowed.get(name) ?? [];
      // As written by its author, as a controller's template is judged; and as the API server passes it on.
      return [before, after].flatMap((pod) => {
        const mine = ours(pod);
        const [tooMany, tooFew] = [
          mine.filter((node) => !theirs.includes(node)),
          theirs.filter((node) => !mine.includes(node)),
        ];
        return tooMany.length + tooFew.length === 0 ? [] : [{ name, spec: object(pod).spec, tooMany, tooFew }];
      });
    });
    const named = new Set(mismatches.flatMap(({ tooMany, tooFew }) => [...tooMany.slice(0, 2), ...tooFew.slice(0, 2)]));
    expect(
      mismatches.map((each) => JSON.stringify(each)),
      `nodes: ${JSON.stringify(nodes.filter(({ name }) => named.has(name)).map(({ name, labels, taints }) => ({ name, labels, taints })))}`,
    ).toEqual([]);
    // The comparison would be worth nothing if all pods fitted everywhere, or nowhere.
    const sizes = written.map(({ name }) => extender.allowed.get(name)?.length ?? 0);
    expect(sizes.filter((size) => size === 0).length).toBeGreaterThan(5);
    expect(sizes.filter((size) => size > 0 && size < nodeCount / 2).length).toBeGreaterThan(20);
    expect(sizes.filter((size) => size >= nodeCount / 2).length).toBeGreaterThan(20);
  });
});
