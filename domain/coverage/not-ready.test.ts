import { describe, expect, test } from 'vitest';
import { aFalco } from '../testing/agents.ts';
import { aNode } from '../testing/nodes.ts';
import { aFalcoPod, aStatus, aTrouble } from '../testing/pods.ts';
import type { NodeFacts, PodFacts } from '../types.ts';
import { presenceOn, type AgentPod, type AgentPresence } from './presence.ts';

const asAgentPod = (pod: PodFacts): AgentPod => ({ pod, containerName: 'falco', version: '0.43.0' });

const presence = (pods: readonly PodFacts[], node: Partial<NodeFacts> = {}): AgentPresence =>
  presenceOn({
    agent: aFalco(),
    node: aNode(node),
    pods: pods.map(asAgentPod),
    installations: [],
    configMap: () => undefined,
    goneAt: undefined,
  });

const notReady = (overrides: Partial<PodFacts>): PodFacts => aFalcoPod({ ready: false, createdAt: 50, ...overrides });
const status = (overrides: Parameters<typeof aStatus>[0]): Pick<PodFacts, 'trouble'> => ({
  trouble: aTrouble({ containers: [aStatus(overrides)] }),
});
const pinned = (scheduling: string | undefined): Partial<PodFacts> => ({
  node: undefined,
  pinnedNode: 'node-1',
  phase: 'Pending',
  trouble: aTrouble({ scheduling }),
});

describe('why the pod of an agent does not work', () => {
  test.each<[string, Partial<PodFacts>, string, string, string]>([
    [
      'a crash loop, with its last exit',
      status({ waitingReason: 'CrashLoopBackOff', lastExitCode: 139, lastExitReason: 'Error' }),
      'AgentNotReady',
      'falco (DaemonSet security/falco): container falco keeps crashing (CrashLoopBackOff), last exit code 139 (Error)',
      'kubectl -n security logs <pod> -c falco --previous',
    ],
    [
      'the same in the moment between two crashes',
      status({ lastExitCode: 139, lastExitReason: 'Error' }),
      'AgentNotReady',
      'container falco keeps crashing (CrashLoopBackOff), last exit code 139 (Error)',
      '--previous',
    ],
    [
      'no crash where it ended as it should',
      status({ lastExitCode: 0, lastExitReason: 'Completed' }),
      'AgentNotReady',
      'its containers run and are not ready',
      'describe pod <pod>',
    ],
    [
      'an image that cannot be pulled',
      status({ waitingReason: 'ImagePullBackOff' }),
      'AgentMissing',
      'cannot pull docker.io/falcosecurity/falco:0.43.0 for container falco (ImagePullBackOff)',
      'kubectl -n security set image daemonset/falco falco=<image>',
    ],
    [
      'the same while it is being tried again',
      status({ waitingReason: 'ErrImagePull' }),
      'AgentMissing',
      '(ImagePullBackOff)',
      'set image',
    ],
    [
      'what the scheduler says of this node',
      pinned(
        "0/300 nodes are available: 1 Insufficient cpu, 299 node(s) didn't satisfy plugin(s) [NodeAffinity]. preemption: 0/300 nodes are available.",
      ),
      'AgentMissing',
      'is Pending: the scheduler says "Insufficient cpu"',
      'kubectl -n security set resources daemonset falco --requests=cpu=<cpu>,memory=<memory>',
    ],
    [
      'a scheduler that has said nothing yet',
      pinned(undefined),
      'AgentMissing',
      'the scheduler has not placed its pod yet',
      'describe pod <pod>',
    ],
    [
      'an eviction',
      {
        phase: 'Failed',
        trouble: aTrouble({
          reason: 'Evicted',
          message: 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 92Mi. ',
        }),
      },
      'AgentMissing',
      'was evicted from the node: The node was low on resource: memory',
      'kubectl -n security patch daemonset falco --type=merge -p \'{"spec":{"template":{"spec":{"priorityClassName":"system-node-critical"}}}}\'',
    ],
    [
      'another end, without the figures of the node',
      {
        phase: 'Failed',
        trouble: aTrouble({
          reason: 'OutOfcpu',
          message: "Node didn't have enough resource: cpu, requested: 100, used: 3900, capacity: 3920",
        }),
      },
      'AgentMissing',
      "ended as OutOfcpu: Node didn't have enough resource: cpu",
      'describe pod <pod>',
    ],
    ['an end that is no failure', { phase: 'Succeeded' }, 'AgentMissing', 'ended as Succeeded', 'describe pod'],
    [
      'a configuration that is missing',
      {
        phase: 'Pending',
        ...status({ waitingReason: 'CreateContainerConfigError', waitingMessage: 'secret "falco-certs" not found' }),
      },
      'AgentNotReady',
      'container falco waits (CreateContainerConfigError: secret "falco-certs" not found)',
      'describe pod',
    ],
    [
      'an error that names the single container and pod',
      status({
        waitingReason: 'RunContainerError',
        waitingMessage: 'failed to start containerd task "0123456789abcdef0123" of falco-on-node-1',
      }),
      'AgentNotReady',
      'RunContainerError: failed to start containerd task "…" of <pod>',
      'describe pod',
    ],
    [
      'a container that is being made',
      { phase: 'Pending', ...status({ waitingReason: 'ContainerCreating' }) },
      'AgentNotReady',
      'container falco waits (ContainerCreating)',
      'describe pod',
    ],
  ])('%s', (_, overrides, reason, cause, remedy) => {
    const { trouble } = presence([notReady(overrides)]);
    expect(trouble?.reason).toBe(reason);
    expect(trouble?.cause).toContain(cause);
    expect(trouble?.remedy).toContain(remedy);
  });
});

test('a node that is not ready is told as such', () => {
  const { trouble } = presence([notReady({})], { ready: false });
  expect(trouble).toMatchObject({
    reason: 'AgentNotReady',
    cause: 'falco (DaemonSet security/falco) cannot be heard: the node is not ready',
  });
});

test('nodes in the same plight read the same', () => {
  const on = (node: string): AgentPresence =>
    presence(
      [
        aFalcoPod({
          name: `falco-${node}-x7`,
          node,
          ready: false,
          trouble: aTrouble({
            containers: [
              aStatus({
                waitingReason: 'CreateContainerError',
                waitingMessage: `no space for falco-${node}-x7 on ${node}`,
              }),
            ],
          }),
        }),
      ],
      { name: node },
    );
  expect(on('node-1')).toEqual(on('node-2'));
});

describe('of several pods on a node', () => {
  test.each<[string, readonly PodFacts[], string | undefined]>([
    ['a ready one counts', [notReady({ name: 'a' }), aFalcoPod({ name: 'b' })], undefined],
    [
      'one that lives counts before one that was evicted',
      [notReady({ name: 'a', phase: 'Failed', createdAt: 99 }), notReady({ name: 'b' })],
      'AgentNotReady',
    ],
    [
      'one that stays counts before one that goes',
      [notReady({ name: 'a', deleting: true, ...status({ waitingReason: 'ErrImagePull' }) }), notReady({ name: 'b' })],
      'AgentNotReady',
    ],
  ])('%s', (_, pods, reason) => {
    expect(presence(pods).trouble?.reason).toBe(reason);
    expect(presence(pods.toReversed()).trouble?.reason).toBe(reason);
  });
});

describe('evidence and patience', () => {
  test.each<[string, Partial<PodFacts>, string | undefined, number | undefined]>([
    ['an agent that works is Running', { ready: true }, 'Running', undefined],
    [
      'one that crashes is declared, and will not mend by waiting',
      status({ waitingReason: 'CrashLoopBackOff' }),
      'Declared',
      10,
    ],
    ['one that starts may still come', { phase: 'Running' }, 'Declared', 50],
    [
      'one that waits for room is not there, and may still come',
      pinned('0/1 nodes are available: 1 Insufficient cpu.'),
      undefined,
      50,
    ],
    ['one whose image is missing is not there', status({ waitingReason: 'ErrImagePull' }), undefined, 10],
  ])('%s', (_, overrides, evidence, expectedSince) => {
    const found = presence([notReady(overrides)], { createdAt: 10 });
    expect([found.evidence, found.expectedSince]).toEqual([evidence, expectedSince]);
  });
});

test('a pod that counts as ready still, on a node that nobody hears of any more, is not heard', () => {
  const { trouble, evidence } = presence([aFalcoPod({ ready: true })], { ready: false, isSilent: true });
  expect([trouble?.reason, evidence]).toEqual(['AgentNotReady', 'Declared']);
  expect(trouble?.cause).toContain('cannot be heard: the node is not ready');
  expect(presence([aFalcoPod({ ready: true })], { ready: false }).trouble).toBeUndefined();
});
