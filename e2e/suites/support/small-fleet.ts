// A handful of nodes and workloads, each made for one sentence of a test.
import { addressesOf } from '../../fleet/addresses.ts';
import type { Cluster } from '../../fleet/cluster.ts';
import type { Manifest, StringMap } from '../../fleet/manifest.ts';

/** By this label agents and workloads are put onto their nodes. */
export const placeLabel = 'place.example.com/is';

export const node = (name: string, labels: StringMap = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    labels: {
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      [placeLabel]: name,
      ...labels,
    },
  },
});

/** The node, with addresses for its pods on which simulated agents can answer: the `address`th of all nodes on this machine. */
export const addressed = (
  { spec = {}, ...others }: Manifest & { readonly spec?: object },
  address: number,
): Manifest => {
  const { nodeIp, podCidr } = addressesOf(address);
  return {
    ...others,
    spec: { podCIDR: podCidr, podCIDRs: [podCidr], ...spec },
    status: { addresses: [{ type: 'InternalIP', address: nodeIp }] },
  };
};

export const namespace = (name: string, labels: StringMap = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

export interface PodOptions {
  /** The node that it is pinned to by its label; undefined: anywhere. */
  readonly on?: string;
  readonly labels?: StringMap;
  /** Laid over the spec. */
  readonly spec?: object;
}

const podSpec = (name: string, { on, spec = {} }: PodOptions): object => ({
  containers: [{ name: 'main', image: `registry.example.com/apps/${name}:1.0.0` }],
  // A pretended kubelet lets nothing linger.
  terminationGracePeriodSeconds: 0,
  ...(on === undefined ? {} : { nodeSelector: { [placeLabel]: on } }),
  ...spec,
});

export const pod = (inNamespace: string, name: string, options: PodOptions = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: inNamespace, labels: { app: name, ...options.labels } },
  spec: podSpec(name, options),
});

export const deployment = (
  inNamespace: string,
  name: string,
  options: PodOptions & { readonly replicas?: number } = {},
): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: inNamespace },
  spec: {
    replicas: options.replicas ?? 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name, ...options.labels } }, spec: podSpec(name, options) },
  },
});

/** Namespaces first, all else in the order given; what is there already stays. */
export const createAll = async (cluster: Cluster, manifests: readonly Manifest[]): Promise<void> => {
  const isNamespace = ({ kind }: Manifest): boolean => kind === 'Namespace';
  for (const manifest of manifests.filter(isNamespace)) await cluster.create(manifest);
  for (const manifest of manifests.filter((each) => !isNamespace(each))) await cluster.create(manifest);
};

/** The namespaces that these objects live in and that no cluster has from the start. */
export const namespacesOf = (manifests: readonly Manifest[]): readonly Manifest[] =>
  [...new Set(manifests.flatMap(({ metadata }) => metadata.namespace ?? []))]
    .filter((name) => name !== 'default' && name !== 'kube-system')
    .map((name) => namespace(name));
