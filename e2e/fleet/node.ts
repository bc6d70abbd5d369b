// One node of a pool as its kubelet (or its virtual kubelet) would have registered it.
import { addressesOf } from './addresses.ts';
import type { Manifest } from './manifest.ts';
import type { Pool, PoolName } from './pools.ts';
import type { Random } from './random.ts';

export interface PlannedNode {
  readonly name: string;
  readonly pool: PoolName;
  readonly zone: string;
  /** A loopback address. */
  readonly ip: string;
  /** Pods of the node get their addresses from here. */
  readonly podCidr: string;
  readonly manifest: Manifest;
}

const zones = ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'];

/** `index` is the node's place in its pool, `address` its place among all nodes on the machine. */
export const planNode = (pool: Pool, index: number, address: number, random: Random): PlannedNode => {
  const { nodeIp: ip, podCidr } = addressesOf(address);
  const hex = random.hex(16);
  const name = pool.nodeName(index, ip, hex);
  const zone = zones[index % zones.length]!;
  const instanceType = pool.instanceTypes.length === 0 ? undefined : random.pick(pool.instanceTypes);
  const resources = {
    cpu: pool.cpu,
    memory: pool.memory,
    pods: String(pool.pods),
    'ephemeral-storage': '100Gi',
    ...pool.extended,
  };
  const providerID = pool.providerId(zone, hex, name);
  const manifest: Manifest = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': pool.operatingSystem,
        'kubernetes.io/arch': pool.architecture,
        'topology.kubernetes.io/region': 'eu-central-1',
        'topology.kubernetes.io/zone': zone,
        ...(instanceType === undefined ? {} : { 'node.kubernetes.io/instance-type': instanceType }),
        ...pool.labels,
      },
      // By this annotation kwok tells its nodes from real ones.
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
    },
    spec: {
      podCIDR: podCidr,
      podCIDRs: [podCidr],
      ...(providerID === '' ? {} : { providerID }),
      ...(pool.taints.length === 0 ? {} : { taints: pool.taints }),
    },
    status: {
      addresses: [
        { type: 'InternalIP', address: ip },
        { type: 'Hostname', address: name },
      ],
      capacity: resources,
      allocatable: resources,
      nodeInfo: {
        architecture: pool.architecture,
        operatingSystem: pool.operatingSystem,
        osImage: pool.osImage,
        kernelVersion: pool.kernelVersion,
        kubeletVersion: pool.kubeletVersion,
        kubeProxyVersion: '',
        containerRuntimeVersion: pool.containerRuntimeVersion,
        machineID: hex,
        systemUUID: hex,
        bootID: random.hex(16),
      },
    },
  };
  return { name, pool: pool.name, zone, ip, podCidr, manifest };
};
