// Whether an agent that runs does protect: some carry runtime protection as one feature among many, off by default.
import type {
  AgentDefinition,
  ConfigMapFacts,
  DaemonSetFacts,
  NodeFacts,
  PodFacts,
  ProtectionSwitch,
} from '../types.ts';
import { yamlScalarAt } from './yaml-scalar.ts';

export type SwitchedOn =
  | { readonly known: true; readonly on: true }
  | { readonly known: true; readonly on: false; readonly cause: string }
  | { readonly known: false; readonly cause: string; readonly remedy: string };

const on: SwitchedOn = { known: true, on: true };

/** Any switch that is on is enough; off only if every one was read. A node label that forbids decides alone. */
export const protectionSwitchedOn = (
  agent: AgentDefinition,
  node: NodeFacts,
  pod: PodFacts,
  daemonSet: DaemonSetFacts | undefined,
  configMap: (namespace: string, name: string) => ConfigMapFacts | undefined,
): SwitchedOn => {
  if (agent.protection.length === 0) return on;
  const off: string[] = [];
  let unread: string | undefined;
  for (const protection of agent.protection) {
    const answer = read(protection, node, pod, daemonSet, configMap);
    if (answer === 'on') return on;
    if (answer.startsWith('unread ')) unread ??= answer.slice('unread '.length);
    else off.push(answer);
  }
  if (unread === undefined) {
    return { known: true, on: false, cause: `${agent.name} runs with its runtime protection off: ${off.join('; ')}` };
  }
  return {
    known: false,
    cause: `whether ${agent.name} has its runtime protection on cannot be told: ConfigMap ${unread} is not readable`,
    remedy: `Let the operator read the ConfigMaps of namespace ${pod.namespace}: add it to agentNamespaces in the chart's values`,
  };
};

/** `on`, `unread namespace/name`, or what is off, in words. */
const read = (
  protection: ProtectionSwitch,
  node: NodeFacts,
  pod: PodFacts,
  daemonSet: DaemonSetFacts | undefined,
  configMap: (namespace: string, name: string) => ConfigMapFacts | undefined,
): string => {
  switch (protection.kind) {
    case 'containerPresent': {
      const isPresent = pod.shape.containers.some(({ name }) => name === protection.container);
      return isPresent ? 'on' : `the pod has no container ${protection.container}`;
    }
    case 'env': {
      const values = (daemonSet?.containers ?? [])
        .filter(({ name }) => protection.container === undefined || name === protection.container)
        .map(({ env }) => env[protection.name]);
      return values.includes(protection.value) ? 'on' : `${protection.name} is not ${protection.value}`;
    }
    case 'configMap':
      return readConfigMap(protection, daemonSet, configMap);
    case 'nodeLabel': {
      const value = node.labels[protection.key];
      return value !== undefined && protection.notValues.includes(value)
        ? `the node's label ${protection.key} is ${value}`
        : 'on';
    }
  }
};

const readConfigMap = (
  protection: Extract<ProtectionSwitch, { kind: 'configMap' }>,
  daemonSet: DaemonSetFacts | undefined,
  configMap: (namespace: string, name: string) => ConfigMapFacts | undefined,
): string => {
  const name = daemonSet?.configMaps.find((candidate) => candidate.endsWith(protection.nameSuffix));
  if (daemonSet === undefined || name === undefined) return `no ConfigMap …${protection.nameSuffix} is mounted`;
  const found = configMap(daemonSet.namespace, name);
  if (found === undefined) return `unread ${daemonSet.namespace}/${name}`;
  const value = yamlScalarAt(found.data[protection.key] ?? '', protection.path);
  return value === protection.value
    ? 'on'
    : `${protection.path} is ${value ?? 'not set'} in ConfigMap ${daemonSet.namespace}/${name}`;
};
