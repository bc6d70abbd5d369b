// Whether an agent that runs does protect: some carry runtime protection as one feature among many, off by default.
import type {
  AgentDefinition,
  ConfigMapFacts,
  DaemonSetFacts,
  NodeFacts,
  PodFacts,
  ProtectionSwitch,
} from '../types.ts';
import { clip } from './words.ts';
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
  configMap: ConfigMapReader,
): SwitchedOn => {
  const forbidding = agent.protection.flatMap((each) => (each.kind === 'nodeLabel' ? forbids(each, node) : []));
  if (forbidding.length > 0) return off(agent, forbidding);
  const proofs = agent.protection.filter((each) => each.kind !== 'nodeLabel');
  if (proofs.length === 0) return on;
  const answers = proofs.map((proof) => read(proof, pod, daemonSet, configMap));
  if (answers.some(({ is }) => is === 'on')) return on;
  const unread = answers.find((answer) => answer.is === 'unread');
  if (unread === undefined)
    return off(
      agent,
      answers.flatMap((answer) => (answer.is === 'off' ? answer.words : [])),
    );
  return {
    known: false,
    cause: `whether ${agent.name} has its runtime protection on cannot be told: ${unread.words}`,
    remedy: unread.remedy,
  };
};

type ConfigMapReader = (namespace: string, name: string) => ConfigMapFacts | undefined;

type Proof = Exclude<ProtectionSwitch, { kind: 'nodeLabel' }>;

type Answer =
  | { readonly is: 'on' }
  | { readonly is: 'off'; readonly words: string }
  | { readonly is: 'unread'; readonly words: string; readonly remedy: string };

const off = ({ name }: AgentDefinition, words: readonly string[]): SwitchedOn => ({
  known: true,
  on: false,
  cause: `${name} runs with its runtime protection off: ${words.join('; ')}`,
});

const forbids = (
  { key, notValues }: Extract<ProtectionSwitch, { kind: 'nodeLabel' }>,
  { labels }: NodeFacts,
): readonly string[] => {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  return value !== undefined && notValues.includes(value) ? [`the node's label ${key} is ${value}`] : [];
};

const read = (
  proof: Proof,
  pod: PodFacts,
  daemonSet: DaemonSetFacts | undefined,
  configMap: ConfigMapReader,
): Answer => {
  if (proof.kind === 'containerPresent') {
    return pod.shape.containers.some(({ name }) => name === proof.container)
      ? { is: 'on' }
      : { is: 'off', words: `the pod has no container ${proof.container}` };
  }
  if (daemonSet === undefined) return noDaemonSet(pod);
  return proof.kind === 'env' ? readEnv(proof, daemonSet) : readConfigMap(proof, daemonSet, configMap);
};

/** The DaemonSet of the pod is not known (yet), or is not recognised as the agent's. */
const noDaemonSet = ({ namespace, owner }: PodFacts): Answer => ({
  is: 'unread',
  words:
    owner?.kind === 'DaemonSet'
      ? `its DaemonSet ${namespace}/${owner.name} is not recognised as the agent's`
      : `it runs as a static pod in namespace ${namespace}, whose configuration is not readable`,
  remedy: "Run it from a DaemonSet whose template carries the marks of the agent's ProtectionAgent",
});

const readEnv = (
  { container, name, value }: Extract<Proof, { kind: 'env' }>,
  { containers }: DaemonSetFacts,
): Answer => {
  const isSet = containers.some(
    (each) => (container === undefined || each.name === container) && each.env[name] === value,
  );
  return isSet ? { is: 'on' } : { is: 'off', words: `${name} is not ${value}` };
};

const readConfigMap = (
  { nameSuffix, key, path, value: wanted }: Extract<Proof, { kind: 'configMap' }>,
  { namespace, configMaps }: DaemonSetFacts,
  configMap: ConfigMapReader,
): Answer => {
  const name = configMaps.find((candidate) => candidate.endsWith(nameSuffix));
  if (name === undefined) return { is: 'off', words: `no ConfigMap …${nameSuffix} is mounted` };
  const found = configMap(namespace, name);
  if (found === undefined) {
    return {
      is: 'unread',
      words: `ConfigMap ${namespace}/${name} is not readable`,
      remedy: `Let the operator read the ConfigMaps of namespace ${namespace}: add it to agentNamespaces in the chart's values`,
    };
  }
  const value = yamlScalarAt(found.data[key] ?? '', path);
  return value === wanted
    ? { is: 'on' }
    : {
        is: 'off',
        words: `${path} is ${value === undefined ? 'not set' : clip(value, 64)} in ConfigMap ${namespace}/${name}`,
      };
};
