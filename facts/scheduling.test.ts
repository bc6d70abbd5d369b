import { describe, expect, it } from 'vitest';
import { projectScheduling } from './scheduling.ts';

const required = (nodeSelectorTerms: unknown) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
});

describe('projectScheduling', () => {
  it('reads the spec of an agent’s pods as a chart writes it', () => {
    const spec = {
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      ...required([
        {
          matchExpressions: [
            { key: 'eks.amazonaws.com/compute-type', operator: 'NotIn', values: ['fargate'] },
            { key: 'node.example.com/cores', operator: 'Gt', values: ['3'] },
          ],
        },
      ]),
      tolerations: [
        { operator: 'Exists' },
        { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' },
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
        { key: 'example.com/sla', operator: 'Gt', value: '900', effect: 'NoSchedule' },
      ],
      runtimeClassName: 'gvisor',
      os: { name: 'linux' },
      containers: [{ name: 'agent' }],
    };
    expect(projectScheduling(spec)).toStrictEqual({
      nodeName: undefined,
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      affinity: [
        {
          expressions: [
            { key: 'eks.amazonaws.com/compute-type', operator: 'NotIn', values: ['fargate'] },
            { key: 'node.example.com/cores', operator: 'Gt', values: ['3'] },
          ],
          fields: [],
        },
      ],
      tolerations: [
        { key: '', operator: 'Exists', value: '', effect: '' },
        { key: 'dedicated', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' },
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', value: '', effect: 'NoExecute' },
        { key: 'example.com/sla', operator: 'Gt', value: '900', effect: 'NoSchedule' },
      ],
      extendedResources: [],
      runtimeClass: 'gvisor',
      operatingSystem: 'linux',
    });
  });

  it('demands nothing where nothing is said', () => {
    const nothing = {
      nodeName: undefined,
      nodeSelector: {},
      affinity: undefined,
      tolerations: [],
      extendedResources: [],
      runtimeClass: undefined,
      operatingSystem: undefined,
    };
    expect(projectScheduling({ containers: [{ name: 'app' }] })).toStrictEqual(nothing);
    expect(projectScheduling(undefined)).toStrictEqual(nothing);
  });

  it.each([
    [
      'none where only a preference is given',
      { affinity: { nodeAffinity: { preferred: [{ weight: 1 }] } } },
      undefined,
    ],
    ['one that matches nothing from an empty term', required([{}]), [{ expressions: [], fields: [] }]],
    [
      'the field by which a DaemonSet pins its pods',
      required([{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['worker-7'] }] }]),
      [{ expressions: [], fields: [{ key: 'metadata.name', operator: 'In', values: ['worker-7'] }] }],
    ],
    [
      'one that never holds from an operator that is not known',
      required([{ matchExpressions: [{ key: 'a', operator: 'Like', values: ['b'] }] }]),
      [{ expressions: [{ key: 'a', operator: 'In', values: [] }], fields: [] }],
    ],
  ])('requires of nodes %s', (_, spec, affinity) => {
    expect(projectScheduling(spec).affinity).toEqual(affinity);
  });

  it('counts the extended resources of all containers, once, and none of those that every node has', () => {
    const usual = { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi', 'hugepages-2Mi': '4Mi' };
    const spec = {
      initContainers: [{ resources: { requests: { 'example.com/sriov': '1' } } }],
      containers: [
        { resources: { requests: usual, limits: { ...usual, 'nvidia.com/gpu': '2' } } },
        { resources: { requests: { 'nvidia.com/gpu': 1, 'amd.com/gpu': '0', 'intel.com/gpu': 0 } } },
      ],
    };
    expect(projectScheduling(spec).extendedResources).toEqual(['example.com/sriov', 'nvidia.com/gpu']);
  });
});
