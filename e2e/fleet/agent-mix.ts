// Which agents a scenario installs, and on which nodes.
import {
  datadogByHelm,
  datadogByOperator,
  falco,
  falcoByOperator,
  kubeArmor,
  kubeArmorByOperator,
  kubeArmorNodeLabels,
  kubescapeNodeAgent,
  sysdigAgent,
  sysdigHostShield,
  tetragon,
  tracee,
  type AgentOptions,
} from './agents.ts';
import { controlPlaneOnly, everywhere } from './agents/daemon-set.ts';
import { defaultFlavour } from './agents/kubearmor.ts';
import type { Manifest, Toleration } from './manifest.ts';
import type { PlannedNode } from './node.ts';
import { agentLabels, gpuTaint } from './pools.ts';
import type { Scenario } from './plan.ts';

export interface AgentMix {
  /** With the labels that the agents of this scenario choose them by. */
  readonly nodes: readonly PlannedNode[];
  readonly agents: readonly Manifest[];
}

export const agentsOf = (scenario: Scenario, nodes: readonly PlannedNode[]): AgentMix => {
  switch (scenario) {
    case 'plain':
      return {
        nodes,
        agents: falco({ tolerations: everywhere, nodeSelector: { 'kubernetes.io/os': 'linux' }, affinity: notVirtual }),
      };
    case 'eight-gaps':
      return { nodes, agents: byPool };
    case 'all-agents':
      return oneEach(nodes);
  }
};

/** What a user of a virtual node writes to keep DaemonSets off it. */
const notVirtual = requireAll([
  { key: 'eks.amazonaws.com/compute-type', operator: 'NotIn', values: ['fargate'] },
  { key: 'type', operator: 'NotIn', values: ['virtual-kubelet'] },
]);

export const gpuToleration: Toleration = {
  key: gpuTaint.key,
  operator: 'Equal',
  value: gpuTaint.value!,
  effect: gpuTaint.effect,
};

export const falcoTolerations: readonly Toleration[] = [...controlPlaneOnly, gpuToleration];

export const falcoAffinity = (architectures: readonly string[]): object =>
  requireAll([{ key: 'kubernetes.io/arch', operator: 'In', values: architectures }]);

/** Falco on most pools, Datadog with Workload Protection on one, Tetragon on another; all whole until something is broken. */
const byPool: readonly Manifest[] = [
  ...falco({
    tolerations: falcoTolerations,
    nodeSelector: agentLabels.falco,
    affinity: falcoAffinity(['amd64', 'arm64']),
    // So that a changed template reaches a node only when its pod is replaced: gaps then stay where they are put.
    updateStrategy: 'OnDelete',
  }),
  // Sends from system-probe, so that the ConfigMap alone says whether Workload Protection is on.
  ...datadogByHelm({ cws: true, securityAgent: false, nodeSelector: agentLabels.datadog, updateStrategy: 'OnDelete' }),
  ...tetragon({ tolerations: [], nodeSelector: agentLabels.tetragon, updateStrategy: 'OnDelete' }),
];

/** In `all-agents`: which entry of the catalogue a node has. */
const agentLabel = 'security.example.com/agent';

type Render = (options: AgentOptions) => readonly Manifest[];

/** Each way of installing each agent, in turn over the nodes that can run one. */
export const catalogue: readonly { readonly id: string; readonly render: Render }[] = [
  { id: 'falco', render: falco },
  {
    id: 'falco-relabelled',
    render: (options) =>
      falco({
        ...options,
        namespace: 'runtime-security',
        name: 'node-guard',
        image: 'registry.example.com/mirror/falcosecurity/falco',
        labelsOverride: {
          'app.kubernetes.io/name': undefined,
          'app.kubernetes.io/instance': undefined,
          team: 'security',
          part: 'guard',
        },
      }),
  },
  { id: 'falco-operator', render: falcoByOperator },
  { id: 'tetragon', render: tetragon },
  { id: 'datadog-helm', render: (options) => datadogByHelm({ ...options, cws: true }) },
  { id: 'datadog-helm-off', render: (options) => datadogByHelm({ ...options, namespace: 'datadog-off', cws: false }) },
  {
    id: 'datadog-operator',
    render: (options) => datadogByOperator({ ...options, namespace: 'datadog-operator', cws: true }),
  },
  { id: 'kubearmor', render: kubeArmor },
  {
    id: 'kubearmor-operator',
    render: (options) => kubeArmorByOperator({ ...options, namespace: 'kubearmor-operator' }),
  },
  { id: 'kubescape', render: kubescapeNodeAgent },
  { id: 'tracee', render: tracee },
  { id: 'sysdig-agent', render: sysdigAgent },
  { id: 'sysdig-shield', render: sysdigHostShield },
];

const oneEach = (nodes: readonly PlannedNode[]): AgentMix => {
  let turn = 0;
  const labelled = nodes.map((node) => {
    if (['windows', 'fargate', 'aci'].includes(node.pool)) return node;
    const { id } = catalogue[turn++ % catalogue.length]!;
    const labels = {
      ...node.manifest.metadata.labels,
      [agentLabel]: id,
      ...(id === 'kubearmor-operator' ? kubeArmorNodeLabels(defaultFlavour) : {}),
    };
    return { ...node, manifest: { ...node.manifest, metadata: { ...node.manifest.metadata, labels } } };
  });
  return {
    nodes: labelled,
    agents: catalogue.flatMap(({ id, render }) =>
      render({ tolerations: everywhere, nodeSelector: { [agentLabel]: id } }),
    ),
  };
};

interface Requirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn';
  readonly values: readonly string[];
}

function requireAll(matchExpressions: readonly Requirement[]): object {
  return {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } },
  };
}
