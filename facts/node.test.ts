import { describe, expect, it } from 'vitest';
import { projectNode } from './node.ts';

const gpuNode = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: 'gke-prod-gpu-6d1c3b2a-0x4z',
    uid: 'c9a4b7f0-8c5d-4a41-9a4e-2f6f2f0f7a11',
    creationTimestamp: '2026-05-04T08:15:30Z',
    labels: {
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': 'gke-prod-gpu-6d1c3b2a-0x4z',
      'cloud.google.com/gke-accelerator': 'nvidia-l4',
    },
  },
  spec: {
    unschedulable: true,
    taints: [
      { key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' },
      { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule', timeAdded: '2026-05-05T08:00:00Z' },
    ],
  },
  status: {
    allocatable: {
      'attachable-volumes-gce-pd': '15',
      cpu: '7910m',
      'ephemeral-storage': '47060071478',
      'hugepages-1Gi': '0',
      'hugepages-2Mi': '512Mi',
      memory: '27794428Ki',
      'nvidia.com/gpu': '1',
      'example.com/fpga': '0',
      pods: '110',
    },
    conditions: [
      { type: 'MemoryPressure', status: 'False', reason: 'KubeletHasSufficientMemory' },
      { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
    ],
    nodeInfo: {
      architecture: 'amd64',
      containerRuntimeVersion: 'containerd://2.0.4',
      kernelVersion: '6.6.87+',
      kubeletVersion: 'v1.33.4-gke.1000000',
      operatingSystem: 'linux',
      osImage: 'Container-Optimized OS from Google',
    },
  },
};

/** As EKS registers it: a real kubelet on a machine that nobody else may use. */
const fargateNode = {
  metadata: {
    name: 'fargate-ip-192-168-101-17.eu-west-1.compute.internal',
    labels: {
      'eks.amazonaws.com/compute-type': 'fargate',
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
    },
  },
  spec: {
    providerID: 'aws:///eu-west-1a/9cb14ee5e6-0c1b9d6d4e6f/fargate-ip-192-168-101-17.eu-west-1.compute.internal',
    taints: [{ key: 'eks.amazonaws.com/compute-type', value: 'fargate', effect: 'NoSchedule' }],
  },
  status: {
    nodeInfo: { operatingSystem: 'linux', kubeletVersion: 'v1.32.3-eks-0daa2e4' },
    conditions: [{ type: 'Ready', status: 'True' }],
  },
};

/** As the virtual node add-on of AKS registers it. */
const aciNode = {
  metadata: {
    name: 'virtual-node-aci-linux',
    labels: {
      'alpha.service-controller.kubernetes.io/exclude-balancer': 'true',
      'kubernetes.azure.com/managed': 'false',
      'kubernetes.io/hostname': 'virtual-node-aci-linux',
      'kubernetes.io/role': 'agent',
      type: 'virtual-kubelet',
    },
  },
  spec: { taints: [{ key: 'virtual-kubelet.io/provider', value: 'azure', effect: 'NoSchedule' }] },
  status: {
    nodeInfo: { operatingSystem: 'Linux', architecture: '', kubeletVersion: 'v1.25.0-vk-azure-aci-1.6.2' },
    conditions: [{ type: 'Ready', status: 'True' }],
  },
};

const withTaints = (node: typeof aciNode, taints: readonly object[]) => ({ ...node, spec: { taints } });
const withVersion = (node: object, kubeletVersion: string) => ({ ...node, status: { nodeInfo: { kubeletVersion } } });

describe('projectNode', () => {
  it('reads what a kubelet writes', () => {
    expect(projectNode(gpuNode)).toStrictEqual({
      name: 'gke-prod-gpu-6d1c3b2a-0x4z',
      uid: 'c9a4b7f0-8c5d-4a41-9a4e-2f6f2f0f7a11',
      labels: gpuNode.metadata.labels,
      taints: [
        { key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' },
        { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' },
      ],
      unschedulable: true,
      ready: true,
      operatingSystem: 'linux',
      architecture: 'amd64',
      osImage: 'Container-Optimized OS from Google',
      kernelVersion: '6.6.87+',
      containerRuntime: 'containerd://2.0.4',
      kubeletVersion: 'v1.33.4-gke.1000000',
      extendedResources: ['nvidia.com/gpu'],
      virtual: undefined,
      createdAt: Date.UTC(2026, 4, 4, 8, 15, 30),
    });
  });

  it.each([
    ['an EKS Fargate node', fargateNode, 'EKS Fargate'],
    ['an AKS virtual node', aciNode, 'Azure Container Instances'],
    ['an AKS virtual node without its taint', withTaints(aciNode, []), 'Azure Container Instances'],
    [
      'an AKS virtual node by its taint alone',
      { metadata: { name: 'aci' }, spec: aciNode.spec },
      'Azure Container Instances',
    ],
    [
      'a virtual kubelet of another provider',
      withVersion(
        withTaints(aciNode, [{ key: 'virtual-kubelet.io/provider', value: 'alibabacloud', effect: 'NoSchedule' }]),
        'v1.30.1',
      ),
      'virtual-kubelet (alibabacloud)',
    ],
    [
      'a virtual kubelet known by role and taint',
      {
        metadata: { name: 'vk', labels: { 'kubernetes.io/role': 'agent' } },
        spec: { taints: [{ key: 'virtual-kubelet.io/provider', value: 'mock', effect: 'NoSchedule' }] },
      },
      'virtual-kubelet (mock)',
    ],
    [
      'a virtual kubelet of nobody known',
      withVersion(withTaints(aciNode, []), 'v1.15.2-vk-v1.11.0'),
      'virtual-kubelet',
    ],
    [
      'a node of AKS, whose role is agent too',
      { metadata: { name: 'aks-nodepool1-1-vmss000000', labels: { 'kubernetes.io/role': 'agent' } } },
      undefined,
    ],
    [
      'a node of GKE Autopilot',
      { metadata: { name: 'gk3-autopilot-pool-1', labels: { 'cloud.google.com/gke-provisioning': 'standard' } } },
      undefined,
    ],
  ])('says what makes %s virtual', (_, node, virtual) => {
    expect(projectNode(node)?.virtual).toBe(virtual);
  });

  it.each([
    ['no longer answers', [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' }]],
    ['has no network yet', [{ type: 'Ready', status: 'False', reason: 'KubeletNotReady' }]],
    ['has not reported', []],
  ])('does not count a node as ready that %s', (_, conditions) => {
    const { ready, isSilent } = projectNode({ ...gpuNode, status: { ...gpuNode.status, conditions } }) ?? {};
    expect([ready, isSilent]).toEqual([false, conditions[0]?.status === 'Unknown' ? true : undefined]);
  });

  it('takes the operating system from the label, which pods select by, and reads "Linux" as linux without it', () => {
    const windows = { ...gpuNode, metadata: { name: 'win', labels: { 'kubernetes.io/os': 'windows' } } };
    expect(projectNode(windows)?.operatingSystem).toBe('windows');
    expect(projectNode(aciNode)?.operatingSystem).toBe('linux');
    expect(projectNode({ metadata: { name: 'bare' } })?.operatingSystem).toBe('linux');
  });

  it('leaves out a taint whose effect it does not know, and what has no name', () => {
    expect(
      projectNode({ metadata: { name: 'n' }, spec: { taints: [{ key: 'a', effect: 'Perhaps' }] } })?.taints,
    ).toEqual([]);
    expect(projectNode({ kind: 'Node', metadata: {} })).toBeUndefined();
  });

  const at = (address: string, type = 'InternalIP') => ({ type, address });
  it.each<[string, object, object | undefined]>([
    [
      'where it says that it is',
      { addresses: [at('n', 'Hostname'), at('10.0.0.7')], daemonEndpoints: { kubeletEndpoint: { Port: 10_350 } } },
      { address: '10.0.0.7', port: 10_350, bootId: 'b-1' },
    ],
    [
      'at the first of two',
      { addresses: [at('fd00::7'), at('10.0.0.7')] },
      { address: 'fd00::7', port: 10_250, bootId: 'b-1' },
    ],
    [
      'at the usual port where it names none that there is',
      { addresses: [at('10.0.0.7')], daemonEndpoints: { kubeletEndpoint: { Port: 70_000 } } },
      { address: '10.0.0.7', port: 10_250, bootId: 'b-1' },
    ],
    ['nowhere without an internal address', { addresses: [at('203.0.113.7', 'ExternalIP')] }, undefined],
    ['nowhere before it has reported', {}, undefined],
  ])('finds the kubelet %s', (_, status, kubelet) => {
    const nodeInfo = { ...gpuNode.status.nodeInfo, bootID: 'b-1' };
    expect(projectNode({ ...gpuNode, status: { ...status, nodeInfo } })?.kubelet).toEqual(kubelet);
  });
});
