import { describe, expect, test } from 'vitest';
import { aNode, aTaint } from '../testing/nodes.ts';
import { anywhere } from '../testing/pods.ts';
import type { NodeExpression, NodeFacts, NodeTerm, Scheduling, Toleration } from '../types.ts';
import { daemonSetTolerations, misfit, startupTaintKey } from './fit.ts';

const tolerating = (overrides: Partial<Toleration>): Toleration => ({
  key: 'dedicated',
  operator: 'Equal',
  value: 'gpu',
  effect: 'NoSchedule',
  ...overrides,
});
const term = (expressions: readonly NodeExpression[], fields: readonly NodeExpression[] = []): NodeTerm => ({
  expressions,
  fields,
});
const cores = (operator: 'Gt' | 'Lt', value: string): readonly NodeTerm[] => [
  term([{ key: 'cores', operator, values: [value] }]),
];
const gpu = { taints: [aTaint('dedicated=gpu:NoSchedule')] };
const labels = { pool: 'a', cores: '16' };

describe('what keeps a pod off a node', () => {
  test.each<[string, Partial<Scheduling>, Partial<NodeFacts>, string | undefined]>([
    ['nothing, where nothing is asked', {}, {}, undefined],
    ['another node name', { nodeName: 'node-2' }, {}, 'nodeName'],
    ['not its own node name', { nodeName: 'node-1' }, {}, undefined],
    ['another operating system', { operatingSystem: 'windows' }, {}, 'operatingSystem'],
    ['a label with another value', { nodeSelector: { pool: 'b' } }, { labels }, 'nodeSelector'],
    ['a label that is absent', { nodeSelector: { zone: 'b' } }, { labels }, 'nodeSelector'],
    ['a taint', {}, gpu, 'taint'],
    ['not a taint that it tolerates', { tolerations: [tolerating({})] }, gpu, undefined],
    ['a taint with another value', { tolerations: [tolerating({ value: 'db' })] }, gpu, 'taint'],
    ['a taint with another effect', { tolerations: [tolerating({ effect: 'NoExecute' })] }, gpu, 'taint'],
    ['not where every effect is tolerated', { tolerations: [tolerating({ effect: '' })] }, gpu, undefined],
    [
      'not where the key is tolerated',
      { tolerations: [tolerating({ operator: 'Exists', value: '' })] },
      gpu,
      undefined,
    ],
    [
      'not where everything is tolerated',
      { tolerations: [tolerating({ key: '', operator: 'Exists' })] },
      gpu,
      undefined,
    ],
    ['not a preference', {}, { taints: [aTaint('dedicated=gpu:PreferNoSchedule')] }, undefined],
    ['not the startup taint', {}, { taints: [aTaint(`${startupTaintKey}:NoSchedule`)] }, undefined],
    [
      'a number not above what is tolerated',
      { tolerations: [tolerating({ operator: 'Gt', value: '90' })] },
      { taints: [aTaint('dedicated=90:NoSchedule')] },
      'taint',
    ],
    [
      'not a number above what is tolerated',
      { tolerations: [tolerating({ operator: 'Gt', value: '90' })] },
      { taints: [aTaint('dedicated=95:NoSchedule')] },
      undefined,
    ],
    ['a word where a number is compared', { tolerations: [tolerating({ operator: 'Lt', value: '90' })] }, gpu, 'taint'],
    ['a cordon', {}, { unschedulable: true }, 'unschedulable'],
    [
      'not a cordon that it tolerates',
      { tolerations: daemonSetTolerations(false) },
      { unschedulable: true },
      undefined,
    ],
    ['no taint, where it names its node', { nodeName: 'node-1' }, { ...gpu, unschedulable: true }, undefined],
    [
      'a taint that evicts, even where it names its node',
      { nodeName: 'node-1' },
      { taints: [aTaint('down:NoExecute')] },
      'taint',
    ],
    ['a resource that the node does not offer', { extendedResources: ['nvidia.com/gpu'] }, {}, 'extendedResource'],
    [
      'not one that it offers',
      { extendedResources: ['nvidia.com/gpu'] },
      { extendedResources: ['nvidia.com/gpu'] },
      undefined,
    ],
    ['affinity for a larger number', { affinity: cores('Gt', '16') }, { labels }, 'affinity'],
    ['not affinity for a smaller number', { affinity: cores('Gt', '8') }, { labels }, undefined],
    ['affinity for less', { affinity: cores('Lt', '16') }, { labels }, 'affinity'],
    [
      'a number beyond 64 bits, which the scheduler cannot read',
      { affinity: cores('Gt', '8') },
      { labels: { cores: '9223372036854775808' } },
      'affinity',
    ],
    [
      'not the largest number that it can read',
      { affinity: cores('Gt', '9223372036854775806') },
      { labels: { cores: '9223372036854775807' } },
      undefined,
    ],
    ['not a number with a sign or zeros before it', { affinity: cores('Lt', '+0017') }, { labels }, undefined],
    ['a number where the label is a word', { affinity: cores('Gt', '8') }, { labels: { cores: 'many' } }, 'affinity'],
    ['affinity without terms', { affinity: [] }, {}, 'affinity'],
    ['a term without conditions', { affinity: [term([])] }, {}, 'affinity'],
    [
      'not one good term of two',
      { affinity: [term([]), term([{ key: 'pool', operator: 'In', values: ['a'] }])] },
      { labels },
      undefined,
    ],
    [
      'one bad expression of two',
      {
        affinity: [
          term([
            { key: 'pool', operator: 'Exists', values: [] },
            { key: 'cores', operator: 'DoesNotExist', values: [] },
          ]),
        ],
      },
      { labels },
      'affinity',
    ],
    [
      'not a field that names the node',
      { affinity: [term([], [{ key: 'metadata.name', operator: 'In', values: ['node-1'] }])] },
      {},
      undefined,
    ],
    [
      'a field that names another',
      { affinity: [term([], [{ key: 'metadata.name', operator: 'In', values: ['node-2'] }])] },
      {},
      'affinity',
    ],
    [
      'a field that excludes the node',
      { affinity: [term([], [{ key: 'metadata.name', operator: 'NotIn', values: ['node-1'] }])] },
      {},
      'affinity',
    ],
  ])('%s', (_, scheduling, node, expected) => {
    expect(misfit({ ...anywhere, ...scheduling }, aNode(node))?.kind).toBe(expected);
  });
});

test.each([
  ['node.kubernetes.io/not-ready:NoExecute', false, undefined],
  ['node.kubernetes.io/not-ready:NoSchedule', false, 'taint'],
  ['node.kubernetes.io/disk-pressure:NoSchedule', false, undefined],
  ['node.kubernetes.io/network-unavailable:NoSchedule', false, 'taint'],
  ['node.kubernetes.io/network-unavailable:NoSchedule', true, undefined],
])('the tolerations that DaemonSets get: %s, on the host network %j', (taint, hostNetwork, expected) => {
  const node = aNode({ taints: [aTaint(taint)] });
  expect(misfit({ ...anywhere, tolerations: daemonSetTolerations(hostNetwork) }, node)?.kind).toBe(expected);
});
