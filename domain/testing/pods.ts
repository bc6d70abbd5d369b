// Pods and DaemonSets for tests.
import type {
  ContainerFacts,
  ContainerStatus,
  DaemonSetFacts,
  PodFacts,
  PodShape,
  PodTrouble,
  Scheduling,
} from '../types.ts';

export const aContainer = (overrides: Partial<ContainerFacts> = {}): ContainerFacts => ({
  name: 'app',
  image: 'registry.example.com/shop/app:3.1.0',
  role: 'main',
  ...overrides,
});

export const aShape = (overrides: Partial<PodShape> = {}): PodShape => ({
  labels: { app: 'shop' },
  containers: [aContainer()],
  runtimeClass: undefined,
  privileged: false,
  hostPID: false,
  hostNetwork: false,
  hostPath: false,
  ...overrides,
});

export const aPod = (overrides: Partial<PodFacts> = {}): PodFacts => ({
  namespace: 'shop',
  name: 'app-1',
  node: 'node-1',
  pinnedNode: undefined,
  shape: aShape(),
  owner: undefined,
  phase: 'Running',
  ready: true,
  deleting: false,
  createdAt: 0,
  trouble: undefined,
  ...overrides,
});

/** Why a pod is not ready. */
export const aTrouble = (overrides: Partial<PodTrouble> = {}): PodTrouble => ({
  scheduling: undefined,
  reason: undefined,
  message: undefined,
  containers: [],
  ...overrides,
});

export const aStatus = (overrides: Partial<ContainerStatus> = {}): ContainerStatus => ({
  name: 'falco',
  ready: false,
  waitingReason: undefined,
  waitingMessage: undefined,
  lastExitCode: undefined,
  lastExitReason: undefined,
  ...overrides,
});

export const anywhere: Scheduling = {
  nodeName: undefined,
  nodeSelector: {},
  affinity: undefined,
  tolerations: [],
  extendedResources: [],
  runtimeClass: undefined,
  operatingSystem: undefined,
};

export const falcoLabels = { 'app.kubernetes.io/name': 'falco' };

/** Falco's, unless the test says otherwise. */
export const aDaemonSet = (
  overrides: Partial<Omit<DaemonSetFacts, 'scheduling'>> & { readonly scheduling?: Partial<Scheduling> } = {},
): DaemonSetFacts => ({
  namespace: 'security',
  name: 'falco',
  owner: undefined,
  labels: falcoLabels,
  podLabels: falcoLabels,
  containers: [{ ...falcoContainer('0.43.0'), env: {} }],
  configMaps: [],
  hostNetwork: false,
  createdAt: 0,
  ...overrides,
  scheduling: { ...anywhere, ...overrides.scheduling },
});

export const falcoContainer = (tag: string): ContainerFacts =>
  aContainer({ name: 'falco', image: `docker.io/falcosecurity/falco:${tag}` });

/** A pod of the DaemonSet `security/falco`. */
export const aFalcoPod = (overrides: Partial<PodFacts> = {}): PodFacts => {
  const node = overrides.node ?? overrides.pinnedNode ?? 'node-1';
  return aPod({
    namespace: 'security',
    name: `falco-on-${node}`,
    node,
    shape: aShape({ labels: falcoLabels, containers: [falcoContainer('0.43.0')], privileged: true }),
    owner: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'falco' },
    ...overrides,
  });
};
