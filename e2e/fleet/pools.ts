// The node pools of a fleet: what each kind of pool looks like at its cloud. No real cluster mixes all of these clouds; a test fleet
// does, so that every form of node is met in one run.
import type { StringMap, Taint, Toleration } from './manifest.ts';

export type PoolName =
  | 'control-plane'
  | 'general'
  | 'arm'
  | 'gpu'
  | 'spot'
  | 'batch'
  | 'edge'
  | 'legacy'
  | 'stable'
  | 'payments'
  | 'sandbox'
  | 'windows'
  | 'fargate'
  | 'aci';

export interface Pool {
  readonly name: PoolName;
  /** Of all nodes; `general` takes what the others leave. */
  readonly share: number;
  readonly atLeast: number;
  readonly nodeName: (index: number, ip: string, hex: string) => string;
  /** The label by which its cloud names the pool, and others that its nodes carry. The first selects the pool's nodes. */
  readonly labels: StringMap;
  readonly taints: readonly Taint[];
  readonly architecture: 'amd64' | 'arm64';
  readonly operatingSystem: 'linux' | 'windows';
  readonly instanceTypes: readonly string[];
  readonly osImage: string;
  readonly kernelVersion: string;
  readonly kubeletVersion: string;
  readonly containerRuntimeVersion: string;
  readonly providerId: (zone: string, hex: string, nodeName: string) => string;
  readonly cpu: string;
  readonly memory: string;
  readonly pods: number;
  readonly extended?: StringMap;
}

/** Every agent's DaemonSet of the fleet picks its nodes by these, as large estates do. */
export const agentLabels = {
  falco: { 'security.example.com/falco': 'true' },
  tetragon: { 'security.example.com/tetragon': 'true' },
  datadog: { 'security.example.com/datadog': 'true' },
} as const;

export const gpuTaint: Taint = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' };

const awsName = (_: number, ip: string): string => `ip-${ip.replaceAll('.', '-')}.eu-central-1.compute.internal`;
const awsId = (zone: string, hex: string): string => `aws:///${zone}/i-0${hex}`;
const azureScaleSet = '/providers/Microsoft.Compute/virtualMachineScaleSets';

const linux = {
  share: 0,
  atLeast: 1,
  taints: [],
  architecture: 'amd64',
  operatingSystem: 'linux',
  instanceTypes: ['m6i.2xlarge', 'm7i.2xlarge'],
  osImage: 'Amazon Linux 2023.9.20260715',
  kernelVersion: '6.1.148-173.267.amzn2023.x86_64',
  kubeletVersion: 'v1.36.3-eks-3abbec1',
  containerRuntimeVersion: 'containerd://2.1.5',
  nodeName: awsName,
  providerId: awsId,
  cpu: '8',
  memory: '32Gi',
  pods: 110,
} as const satisfies Partial<Pool>;

export const pools: readonly Pool[] = [
  {
    ...linux,
    name: 'control-plane',
    atLeast: 3,
    nodeName: (index) => `control-plane-${index}`,
    labels: { 'node-role.kubernetes.io/control-plane': '', ...agentLabels.falco },
    taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }],
    osImage: 'Debian GNU/Linux 13 (trixie)',
    kernelVersion: '6.12.48+deb13-amd64',
    kubeletVersion: 'v1.36.3',
    providerId: (_, __, nodeName) => `kind://fleet/fleet/${nodeName}`,
  },
  { ...linux, name: 'general', labels: { 'eks.amazonaws.com/nodegroup': 'general', ...agentLabels.falco } },
  {
    ...linux,
    name: 'arm',
    share: 0.08,
    labels: { 'eks.amazonaws.com/nodegroup': 'arm', ...agentLabels.falco },
    architecture: 'arm64',
    instanceTypes: ['m7g.2xlarge', 'c7g.2xlarge'],
    kernelVersion: '6.1.148-173.267.amzn2023.aarch64',
  },
  {
    ...linux,
    name: 'gpu',
    share: 0.04,
    labels: { 'eks.amazonaws.com/nodegroup': 'gpu', 'nvidia.com/gpu.present': 'true', ...agentLabels.falco },
    taints: [gpuTaint],
    instanceTypes: ['g6.4xlarge', 'p5.48xlarge'],
    cpu: '16',
    memory: '64Gi',
    extended: { 'nvidia.com/gpu': '4' },
  },
  {
    ...linux,
    name: 'spot',
    share: 0.06,
    labels: { 'karpenter.sh/nodepool': 'spot', 'karpenter.sh/capacity-type': 'spot', ...agentLabels.falco },
    osImage: 'Bottlerocket OS 1.52.0 (aws-k8s-1.36)',
    kernelVersion: '6.12.46',
    containerRuntimeVersion: 'containerd://2.1.4+bottlerocket',
  },
  {
    ...linux,
    name: 'batch',
    share: 0.06,
    nodeName: (index, _, hex) =>
      `gke-fleet-batch-${hex.slice(0, 8)}-${hex.slice(8, 10)}${index.toString(36).padStart(2, '0')}`,
    labels: { 'cloud.google.com/gke-nodepool': 'batch', ...agentLabels.falco },
    instanceTypes: ['n2-standard-8'],
    osImage: 'Container-Optimized OS from Google',
    kernelVersion: '6.6.113+',
    kubeletVersion: 'v1.36.2-gke.1054000',
    providerId: (zone, _, nodeName) => `gce://fleet-project/${zone}/${nodeName}`,
  },
  {
    ...linux,
    name: 'edge',
    share: 0.03,
    nodeName: (index) => `edge-${index.toString().padStart(4, '0')}`,
    labels: { 'node.example.com/pool': 'edge', ...agentLabels.falco },
    instanceTypes: ['k3s'],
    osImage: 'Ubuntu 24.04.3 LTS',
    kernelVersion: '6.8.0-85-generic',
    kubeletVersion: 'v1.35.4+k3s1',
    containerRuntimeVersion: 'containerd://2.1.4-k3s2',
    providerId: (_, __, nodeName) => `k3s://${nodeName}`,
    // Small on purpose: one hungry neighbour leaves no room for an agent.
    cpu: '500m',
    memory: '2Gi',
    pods: 20,
  },
  {
    ...linux,
    name: 'legacy',
    share: 0.03,
    labels: { 'node.example.com/pool': 'legacy', 'node.example.com/cgroup': 'v1', ...agentLabels.falco },
    osImage: 'Amazon Linux 2',
    kernelVersion: '4.14.355-280.710.amzn2.x86_64',
    kubeletVersion: 'v1.34.9-eks-7f9249a',
    containerRuntimeVersion: 'containerd://1.7.29',
  },
  {
    ...linux,
    name: 'stable',
    share: 0.05,
    nodeName: (index) => `aks-stable-31415926-vmss${index.toString(36).padStart(6, '0')}`,
    labels: { 'kubernetes.azure.com/agentpool': 'stable', agentpool: 'stable', ...agentLabels.falco },
    instanceTypes: ['Standard_D8s_v5'],
    osImage: 'Ubuntu 22.04.5 LTS',
    kernelVersion: '5.15.0-1102-azure',
    kubeletVersion: 'v1.35.6',
    containerRuntimeVersion: 'containerd://1.7.28-1',
    providerId: (_, hex, nodeName) =>
      `azure:///subscriptions/${hex.slice(0, 8)}/resourceGroups/fleet${azureScaleSet}/aks-stable-31415926-vmss/virtualMachines/${nodeName}`,
  },
  {
    ...linux,
    name: 'payments',
    share: 0.02,
    labels: { 'eks.amazonaws.com/nodegroup': 'payments', ...agentLabels.datadog },
  },
  {
    ...linux,
    name: 'sandbox',
    share: 0.015,
    labels: { 'eks.amazonaws.com/nodegroup': 'sandbox', ...agentLabels.tetragon },
  },
  {
    ...linux,
    name: 'windows',
    share: 0.012,
    nodeName: (index) => `akswin${index.toString(36).padStart(6, '0')}`,
    labels: { 'kubernetes.azure.com/agentpool': 'win', agentpool: 'win' },
    taints: [{ key: 'node.kubernetes.io/os', value: 'windows', effect: 'NoSchedule' }],
    operatingSystem: 'windows',
    instanceTypes: ['Standard_D4s_v5'],
    osImage: 'Windows Server 2022 Datacenter',
    kernelVersion: '10.0.20348.3932',
    kubeletVersion: 'v1.36.3',
    containerRuntimeVersion: 'containerd://1.7.27+azure',
    providerId: (_, hex, nodeName) =>
      `azure:///subscriptions/${hex.slice(0, 8)}/resourceGroups/fleet${azureScaleSet}/akswin/virtualMachines/${nodeName}`,
  },
  {
    ...linux,
    name: 'fargate',
    share: 0.025,
    atLeast: 2,
    nodeName: (_, ip) => `fargate-ip-${ip.replaceAll('.', '-')}.eu-central-1.compute.internal`,
    labels: { 'eks.amazonaws.com/compute-type': 'fargate' },
    taints: [{ key: 'eks.amazonaws.com/compute-type', value: 'fargate', effect: 'NoSchedule' }],
    osImage: 'Amazon Linux 2023.9.20260715',
    providerId: (zone, hex, nodeName) => `aws:///${zone}/${hex}/${nodeName}`,
    cpu: '2',
    memory: '4Gi',
    // A Fargate node is made for one pod.
    pods: 1,
  },
  {
    ...linux,
    name: 'aci',
    share: 0.004,
    nodeName: (index) => `virtual-node-aci-linux${index === 0 ? '' : `-${index}`}`,
    labels: { type: 'virtual-kubelet', 'kubernetes.azure.com/managed': 'false' },
    taints: [{ key: 'virtual-kubelet.io/provider', value: 'azure', effect: 'NoSchedule' }],
    instanceTypes: [],
    osImage: '',
    kernelVersion: '',
    kubeletVersion: 'v1.25.0-vk-azure-aci-1.6.2',
    containerRuntimeVersion: '',
    providerId: () => '',
    cpu: '800',
    memory: '4000Gi',
    pods: 800,
  },
];

export const poolNamed = (name: PoolName): Pool => {
  const pool = pools.find((candidate) => candidate.name === name);
  if (pool === undefined) throw new Error(`no pool ${name}`);
  return pool;
};

/** What pins a pod to the pool's nodes: the pool's own label, and its taints tolerated. */
export const pinnedTo = (
  name: PoolName,
): { readonly nodeSelector: StringMap; readonly tolerations: readonly Toleration[] } => {
  const { labels, taints } = poolNamed(name);
  const [key, value] = Object.entries(labels)[0]!;
  return {
    nodeSelector: { [key]: value },
    tolerations: taints.map(({ key, value, effect }) =>
      value === undefined ? { key, operator: 'Exists', effect } : { key, operator: 'Equal', value, effect },
    ),
  };
};

/** How many nodes of each pool make a fleet of `nodes`. */
export const sizesOf = (nodes: number): ReadonlyMap<PoolName, number> => {
  const sizes = new Map(pools.map(({ name, share, atLeast }) => [name, Math.max(atLeast, Math.round(share * nodes))]));
  const others = [...sizes].reduce((sum, [name, size]) => (name === 'general' ? sum : sum + size), 0);
  const general = nodes - others;
  if (general < 1) throw new Error(`a fleet needs at least ${others + 1} nodes to have one of each pool, not ${nodes}`);
  return sizes.set('general', general);
};
