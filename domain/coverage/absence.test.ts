import { describe, expect, test } from 'vitest';
import { aFalco } from '../testing/agents.ts';
import { aNode, aTaint } from '../testing/nodes.ts';
import { aDaemonSet } from '../testing/pods.ts';
import type { AgentDefinition, NodeExpression, NodeFacts, NodeTerm, Scheduling, Toleration } from '../types.ts';
import { presenceOn, type AgentPresence, type Installation } from './presence.ts';

const some: Toleration = { key: 'other', operator: 'Exists', value: '', effect: '' };
const affinity = (...expressions: readonly NodeExpression[]): readonly NodeTerm[] => [{ expressions, fields: [] }];
const requirement = '/spec/template/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution';
const expressionsPath = `${requirement}/nodeSelectorTerms/0/matchExpressions`;

const absent = (
  scheduling: Partial<Scheduling>,
  node: Partial<NodeFacts>,
  agent: Partial<AgentDefinition> = {},
  more: { readonly goneAt?: number; readonly createdAt?: number } = {},
): AgentPresence =>
  presenceOn({
    agent: aFalco(agent),
    node: aNode(node),
    pods: [],
    installations: [
      {
        daemonSet: aDaemonSet({ scheduling, createdAt: more.createdAt ?? 0 }),
        containerName: 'falco',
        repository: 'falcosecurity/falco',
        tag: '0.43.0',
      },
    ],
    configMap: () => undefined,
    goneAt: more.goneAt,
  });

/** The operations of the patch that the remedy prints. */
const operationsIn = (remedy = ''): unknown => {
  const text = /^.*kubectl -n security patch daemonset falco --type=json -p='(\[.*\])'$/.exec(remedy)?.[1];
  return text === undefined ? remedy : JSON.parse(text);
};

describe('why a DaemonSet has no pod on a node, and the patch that lets it', () => {
  test.each<[string, Partial<Scheduling>, Partial<NodeFacts>, string, readonly object[]]>([
    [
      'a taint, where there are no tolerations yet',
      {},
      { taints: [aTaint('dedicated=gpu:NoSchedule')] },
      'does not tolerate the taint dedicated=gpu:NoSchedule',
      [
        {
          op: 'add',
          path: '/spec/template/spec/tolerations',
          value: [{ key: 'dedicated', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' }],
        },
      ],
    ],
    [
      'a taint without value, beside other tolerations',
      { tolerations: [some] },
      { taints: [aTaint('edge:NoExecute')] },
      'does not tolerate the taint edge:NoExecute',
      [
        {
          op: 'add',
          path: '/spec/template/spec/tolerations/-',
          value: { key: 'edge', operator: 'Exists', effect: 'NoExecute' },
        },
      ],
    ],
    [
      'two taints at once',
      { tolerations: [some] },
      { taints: [aTaint('a=1:NoSchedule'), aTaint('b:NoSchedule')] },
      'does not tolerate the taints a=1:NoSchedule, b:NoSchedule',
      [
        {
          op: 'add',
          path: '/spec/template/spec/tolerations/-',
          value: { key: 'a', operator: 'Equal', value: '1', effect: 'NoSchedule' },
        },
        {
          op: 'add',
          path: '/spec/template/spec/tolerations/-',
          value: { key: 'b', operator: 'Exists', effect: 'NoSchedule' },
        },
      ],
    ],
    [
      'the startup taint, which the agent must tolerate to take it away',
      { tolerations: [some] },
      { taints: [aTaint('workloadprotection.dev/unprotected:NoSchedule')] },
      'does not tolerate the taint workloadprotection.dev/unprotected:NoSchedule',
      [
        {
          op: 'add',
          path: '/spec/template/spec/tolerations/-',
          value: { key: 'workloadprotection.dev/unprotected', operator: 'Exists', effect: 'NoSchedule' },
        },
      ],
    ],
    [
      'two labels of the nodeSelector, with slash and tilde',
      { nodeSelector: { 'example.com/falco': 'yes', 'a~b': 'c', pool: 'a' } },
      { labels: { pool: 'a', 'example.com/falco': 'no' } },
      'requires example.com/falco=yes, a~b=c and the node has example.com/falco=no, no label a~b',
      [
        { op: 'remove', path: '/spec/template/spec/nodeSelector/example.com~1falco' },
        { op: 'remove', path: '/spec/template/spec/nodeSelector/a~0b' },
      ],
    ],
    [
      'a value that affinity does not list',
      {
        affinity: affinity(
          { key: 'arch', operator: 'In', values: ['amd64'] },
          { key: 'pool', operator: 'Exists', values: [] },
        ),
      },
      { labels: { arch: 'arm64', pool: 'a' } },
      '(arch In [amd64]) excludes the node, which has arch=arm64',
      [{ op: 'add', path: `${expressionsPath}/0/values/-`, value: 'arm64' }],
    ],
    [
      'one of several values that affinity refuses',
      { affinity: affinity({ key: 'pool', operator: 'NotIn', values: ['b', 'a'] }) },
      { labels: { pool: 'a' } },
      '(pool NotIn [b, a]) excludes the node, which has pool=a',
      [{ op: 'remove', path: `${expressionsPath}/0/values/1` }],
    ],
    [
      'two of three expressions, taken out from the last to the first',
      {
        affinity: affinity(
          { key: 'a', operator: 'Exists', values: [] },
          { key: 'pool', operator: 'Exists', values: [] },
          { key: 'b', operator: 'In', values: ['c'] },
        ),
      },
      { labels: { pool: 'a' } },
      'no label a, no label b',
      [
        { op: 'remove', path: `${expressionsPath}/2` },
        { op: 'remove', path: `${expressionsPath}/0` },
      ],
    ],
    [
      'the only expression, with which the whole requirement goes, since an empty term matches no node',
      { affinity: affinity({ key: 'a', operator: 'Exists', values: [] }) },
      { labels: {} },
      'no label a',
      [{ op: 'remove', path: requirement }],
    ],
    [
      'a node name in the template',
      { nodeName: 'node-7' },
      {},
      'is pinned to node node-7',
      [{ op: 'remove', path: '/spec/template/spec/nodeName' }],
    ],
  ])('%s', (_, scheduling, node, cause, operations) => {
    const { trouble } = absent(scheduling, node);
    expect(trouble?.reason).toBe('AgentMissing');
    expect(trouble?.cause).toContain(cause);
    expect(operationsIn(trouble?.remedy)).toEqual(operations);
  });

  test.each<[string, Partial<Scheduling>, Partial<NodeFacts>, Partial<AgentDefinition>, string, string, string]>([
    [
      'a taint that Kubernetes put',
      {},
      { taints: [aTaint('node.kubernetes.io/not-ready:NoSchedule')] },
      {},
      'AgentMissing',
      'not fit for new pods',
      'kubectl describe node <node>',
    ],
    [
      'a field that no patch can widen',
      { affinity: [{ expressions: [], fields: [{ key: 'metadata.name', operator: 'In', values: ['node-9'] }] }] },
      {},
      {},
      'AgentMissing',
      'matches no such node',
      'kubectl -n security edit daemonset falco',
    ],
    [
      'a resource',
      { extendedResources: ['nvidia.com/gpu'] },
      {},
      {},
      'AgentMissing',
      'nvidia.com/gpu',
      'resources of DaemonSet',
    ],
    [
      'a lost label, which can be put back',
      { nodeSelector: { falco: 'yes' } },
      {},
      {},
      'AgentMissing',
      'no label falco',
      'kubectl label node <node> --overwrite falco=yes',
    ],
    [
      'another operating system of the agent',
      {},
      { operatingSystem: 'windows' },
      {},
      'UnsupportedOperatingSystem',
      'windows',
      'supports windows',
    ],
    [
      'another operating system of its DaemonSet',
      { operatingSystem: 'linux' },
      { operatingSystem: 'windows' },
      { operatingSystems: ['linux', 'windows'] },
      'AgentMissing',
      'is for linux nodes',
      'DaemonSet for windows',
    ],
    ['a virtual node', {}, { virtual: 'EKS Fargate' }, {}, 'AgentMissing', 'virtual (EKS Fargate)', 'sidecar'],
    [
      'nothing at all',
      {},
      {},
      {},
      'AgentMissing',
      'selects the node and has no pod on it',
      'kubectl -n security describe daemonset falco',
    ],
  ])('%s', (_, scheduling, node, agent, reason, cause, remedy) => {
    const { trouble } = absent(scheduling, node, agent);
    expect(trouble?.reason).toBe(reason);
    expect(trouble?.cause).toContain(cause);
    expect(trouble?.remedy).toContain(remedy);
  });
});

test('an agent without a DaemonSet is not installed', () => {
  const input = { agent: aFalco(), node: aNode(), pods: [], configMap: () => undefined, goneAt: undefined };
  const { trouble } = presenceOn({ ...input, installations: [] });
  expect(trouble).toMatchObject({
    reason: 'AgentMissing',
    cause: 'falco is not installed: no DaemonSet matches ProtectionAgent falco',
  });
});

describe('since when an agent can be expected', () => {
  test.each<[string, number | undefined, AgentPresence]>([
    ['the node came', 5, absent({}, { createdAt: 5 })],
    ['its DaemonSet came', 7, absent({}, { createdAt: 5 }, {}, { createdAt: 7 })],
    ['its last pod went', 9, absent({}, { createdAt: 5 }, {}, { createdAt: 7, goneAt: 9 })],
    [
      'the node came, where a taint is in the way, which may go',
      5,
      absent({}, { createdAt: 5, taints: [aTaint('a:NoSchedule')] }),
    ],
    ['never, on an operating system that it does not support', undefined, absent({}, { operatingSystem: 'windows' })],
    ['never, on a virtual node', undefined, absent({}, { virtual: 'ACI' })],
  ])('%s', (_, expected, { expectedSince }) => {
    expect(expectedSince).toBe(expected);
  });
});

test('of several DaemonSets, the nearest to being there is told', () => {
  const installation = (name: string, scheduling: Partial<Scheduling>): Installation => ({
    daemonSet: aDaemonSet({ name, scheduling }),
    containerName: 'falco',
    repository: 'falcosecurity/falco',
    tag: undefined,
  });
  const { trouble } = presenceOn({
    agent: aFalco(),
    node: aNode({ taints: [aTaint('a:NoSchedule')] }),
    pods: [],
    installations: [installation('far', { nodeSelector: { no: 'where' } }), installation('near', {})],
    configMap: () => undefined,
    goneAt: undefined,
  });
  expect(trouble?.cause).toContain('security/near');
});

test('a command that would be cut is replaced by one that is whole', () => {
  const long = 'x'.repeat(60);
  const taints = Array.from({ length: 12 }, (_, index) => aTaint(`example.com/${long}${index}=${long}:NoSchedule`));
  expect(absent({}, { taints }).trouble?.remedy).toBe('Add the toleration: kubectl -n security edit daemonset falco');
});
