import { describe, expect, it } from 'vitest';
import { createPodProjection } from './pod.ts';

const template = {
  labels: { app: 'checkout', 'pod-template-hash': '7d9f8b6c5d' },
  spec: {
    containers: [
      { name: 'checkout', image: 'registry.example.com/shop/checkout:2.1.0', env: [{ name: 'A', value: 'b' }] },
    ],
    volumes: [{ name: 'kube-api-access-x7v2k', projected: { sources: [] } }],
  },
};

const running: object = {
  phase: 'Running',
  conditions: [
    { type: 'Initialized', status: 'True' },
    { type: 'Ready', status: 'True' },
    { type: 'PodScheduled', status: 'True' },
  ],
  containerStatuses: [
    { name: 'checkout', ready: true, state: { running: { startedAt: '2026-05-04T08:15:40Z' } }, lastState: {} },
  ],
};

const aPod = ({ name = 'checkout-7d9f8b6c5d-x2b7p', spec = {}, status = running, owner = replicaSet } = {}) => ({
  metadata: {
    name,
    namespace: 'shop',
    creationTimestamp: '2026-05-04T08:15:30Z',
    labels: { ...template.labels },
    ownerReferences: [
      { apiVersion: 'v1', kind: 'Node', name: 'not-the-controller' },
      { ...owner, controller: true, blockOwnerDeletion: true },
    ],
  },
  spec: structuredClone({ nodeName: 'worker-1', ...template.spec, ...spec }),
  status,
});

const replicaSet = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'checkout-7d9f8b6c5d' };
const daemonSet = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'falco' };
const project = (raw: unknown) => createPodProjection()(raw);

/** How the DaemonSet controller pins a pod to its node. */
const pinnedTo = (...nodes: readonly string[]) => ({
  nodeName: undefined,
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: nodes.map((node) => ({
          matchExpressions: [{ key: 'kubernetes.io/os', operator: 'In', values: ['linux'] }],
          matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }],
        })),
      },
    },
  },
});

const unschedulable = {
  phase: 'Pending',
  conditions: [
    {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: '0/12 nodes are available: 1 Insufficient memory, 11 node(s) did not satisfy plugin(s) [NodeAffinity].',
    },
  ],
};

describe('the address of a pod', () => {
  const at = (podIP: string) => ({ ...running, podIP, hostIP: '192.0.2.1' });

  it.each([
    ['a DaemonSet', daemonSet],
    ['its node', { apiVersion: 'v1', kind: 'Node', name: 'worker-1' }],
  ])('is kept where %s made it, since it may be an agent to ask', (_, owner) => {
    expect(project(aPod({ owner, status: at('2001:db8::7') }))?.address).toBe('2001:db8::7');
  });

  it('is left out of all others, of which there are many', () => {
    expect(project(aPod({ status: at('10.0.0.7') }))).not.toHaveProperty('address');
  });

  it('is left out while there is none', () => {
    expect(project(aPod({ owner: daemonSet, status: running }))).not.toHaveProperty('address');
  });
});

describe('a pod that works', () => {
  it('is read without any trouble', () => {
    expect(project(aPod())).toStrictEqual({
      namespace: 'shop',
      name: 'checkout-7d9f8b6c5d-x2b7p',
      node: 'worker-1',
      pinnedNode: undefined,
      shape: {
        labels: template.labels,
        containers: [{ name: 'checkout', image: 'registry.example.com/shop/checkout:2.1.0', role: 'main' }],
        runtimeClass: undefined,
        privileged: false,
        hostPID: false,
        hostNetwork: false,
        hostPath: false,
      },
      owner: replicaSet,
      phase: 'Running',
      ready: true,
      deleting: false,
      createdAt: Date.UTC(2026, 4, 4, 8, 15, 30),
      trouble: undefined,
    });
  });

  it('is deleting once it has a deletionTimestamp', () => {
    const { metadata, ...pod } = aPod();
    expect(project({ ...pod, metadata: { ...metadata, deletionTimestamp: '2026-05-04T09:00:00Z' } })?.deleting).toBe(
      true,
    );
  });
});

describe('a pod that has ended', () => {
  const evicted = {
    phase: 'Failed',
    reason: 'Evicted',
    message: 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 92Mi. ',
  };

  it.each([
    ['a finished pod', aPod({ status: { phase: 'Succeeded' } })],
    ['a finished pod of a DaemonSet', aPod({ status: { phase: 'Succeeded' }, owner: daemonSet })],
    ['a failed pod', aPod({ status: evicted })],
  ])('is of no interest: %s', (_, pod) => {
    expect(project(pod)).toBeUndefined();
  });

  it('is kept if it belongs to a DaemonSet, with what the kubelet said', () => {
    expect(project(aPod({ status: evicted, owner: daemonSet }))).toMatchObject({
      node: 'worker-1',
      phase: 'Failed',
      ready: false,
      trouble: { reason: 'Evicted', message: evicted.message, scheduling: undefined, containers: [] },
    });
  });
});

describe('a pod without a node', () => {
  it('keeps the node that its DaemonSet pinned it to, and the words of the scheduler', () => {
    expect(project(aPod({ owner: daemonSet, spec: pinnedTo('worker-7'), status: unschedulable }))).toMatchObject({
      node: undefined,
      pinnedNode: 'worker-7',
      phase: 'Pending',
      trouble: { scheduling: unschedulable.conditions[0]?.message },
    });
  });

  it.each([
    ['pinned alike in every alternative', pinnedTo('worker-7', 'worker-7'), 'worker-7'],
    ['free to choose between two', pinnedTo('worker-7', 'worker-8'), undefined],
    ['scheduled by now', { ...pinnedTo('worker-7'), nodeName: 'worker-7' }, undefined],
    ['without any affinity', { nodeName: '' }, undefined],
  ])('knows its pinned node: %s', (_, spec, pinnedNode) => {
    expect(project(aPod({ spec, status: unschedulable }))?.pinnedNode).toBe(pinnedNode);
  });

  it('is no trouble while the scheduler has not seen it', () => {
    expect(project(aPod({ spec: { nodeName: undefined }, status: { phase: 'Pending' } }))?.trouble).toBeUndefined();
  });
});

describe('the containers of a pod that is not ready', () => {
  const pulling = {
    waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "falcosecurity/falco:0.44.1"' },
  };
  const looping = {
    waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container=falco' },
  };
  const killed = { terminated: { exitCode: 137, reason: 'OOMKilled', startedAt: '2026-05-04T08:15:40Z' } };
  const done = { terminated: { exitCode: 0, reason: 'Completed' } };
  const nothing = {
    waitingReason: undefined,
    waitingMessage: undefined,
    lastExitCode: undefined,
    lastExitReason: undefined,
  };
  const row = (fields: object) => ({ ...nothing, ...fields });
  const status = (containerStatuses: readonly object[], initContainerStatuses: readonly object[] = []) => ({
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady' }],
    initContainerStatuses,
    containerStatuses,
  });

  it.each([
    [
      'an image that cannot be pulled',
      status([{ name: 'falco', ready: false, state: pulling, lastState: {} }]),
      [
        row({
          name: 'falco',
          ready: false,
          waitingReason: 'ImagePullBackOff',
          waitingMessage: pulling.waiting.message,
        }),
      ],
    ],
    [
      'a crash loop with its last end',
      status([{ name: 'falco', ready: false, state: looping, lastState: killed }]),
      [
        row({
          name: 'falco',
          ready: false,
          waitingReason: 'CrashLoopBackOff',
          waitingMessage: looping.waiting.message,
          lastExitCode: 137,
          lastExitReason: 'OOMKilled',
        }),
      ],
    ],
    [
      'the present end before the one before',
      status([
        { name: 'falco', ready: false, state: { terminated: { exitCode: 1, reason: 'Error' } }, lastState: killed },
      ]),
      [row({ name: 'falco', ready: false, lastExitCode: 1, lastExitReason: 'Error' })],
    ],
    [
      'one that runs and is not ready, beside one that is',
      status([
        { name: 'app', ready: false, state: { running: {} }, lastState: {} },
        { name: 'agent', ready: true, state: { running: {} }, lastState: {} },
      ]),
      [row({ name: 'app', ready: false }), row({ name: 'agent', ready: true })],
    ],
    [
      'init containers first, without those that ended well, with native sidecars',
      status(
        [{ name: 'app', ready: false, state: { waiting: { reason: 'PodInitializing' } } }],
        [
          { name: 'done', ready: true, state: done },
          { name: 'sidecar', ready: true, state: { running: {} } },
          { name: 'driver-loader', ready: false, state: looping, lastState: killed },
        ],
      ),
      [
        row({ name: 'sidecar', ready: true }),
        row({
          name: 'driver-loader',
          ready: false,
          waitingReason: 'CrashLoopBackOff',
          waitingMessage: looping.waiting.message,
          lastExitCode: 137,
          lastExitReason: 'OOMKilled',
        }),
        row({ name: 'app', ready: false, waitingReason: 'PodInitializing' }),
      ],
    ],
  ])('say %s', (_, written, containers) => {
    expect(project(aPod({ status: written }))?.trouble?.containers).toEqual(containers);
  });

  it('have messages of bounded length', () => {
    const message = 'x'.repeat(10_000);
    const state = { waiting: { reason: 'CreateContainerError', message } };
    const trouble = project(aPod({ status: status([{ name: 'app', ready: false, state }]) }))?.trouble;
    expect(trouble?.containers[0]?.waitingMessage).toHaveLength(1025);
  });
});

describe('what is shared', () => {
  it('is one shape and one owner for all pods of a template, whatever else differs', () => {
    const projection = createPodProjection();
    const a = projection(aPod({ name: 'checkout-7d9f8b6c5d-aaaaa' }));
    const b = projection(
      aPod({ name: 'checkout-7d9f8b6c5d-bbbbb', spec: { nodeName: 'worker-2' }, status: unschedulable }),
    );
    expect(b?.shape).toBe(a?.shape);
    expect(b?.owner).toBe(a?.owner);
    expect(b?.name).not.toBe(a?.name);
  });

  it.each([
    ['a label', (pod: ReturnType<typeof aPod>) => Object.assign(pod.metadata.labels, { track: 'canary' })],
    ['an image', (pod: ReturnType<typeof aPod>) => Object.assign(pod.spec.containers[0]!, { image: 'other:1' })],
    ['a flag', (pod: ReturnType<typeof aPod>) => Object.assign(pod.spec, { hostPID: true })],
    ['a runtime class', (pod: ReturnType<typeof aPod>) => Object.assign(pod.spec, { runtimeClassName: 'kata-qemu' })],
    [
      'a debug container',
      (pod: ReturnType<typeof aPod>) =>
        Object.assign(pod.spec, { ephemeralContainers: [{ name: 'debugger', image: 'busybox' }] }),
    ],
  ])('is not the shape of pods that differ in %s', (_, change) => {
    const projection = createPodProjection();
    const other = aPod();
    change(other);
    expect(projection(other)?.shape).not.toBe(projection(aPod())?.shape);
  });
});
