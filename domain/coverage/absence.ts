// Why nothing of an agent is on a node: found from its DaemonSets and the node, never guessed.
import { daemonSetTolerations, misfit, type FailedTerm, type Misfit } from '../placement/fit.ts';
import type { AgentDefinition, DaemonSetFacts, NodeExpression, NodeFacts } from '../types.ts';
import { nearnessOf, type AgentPresence, type PresenceInput, type Trouble } from './presence.ts';

/** How near each kind of misfit is to being there; all between `uninstalled` and `podExpected`. */
const nearnessOfMisfit: Readonly<Record<Misfit['kind'], number>> = {
  taint: 70,
  unschedulable: 65,
  affinity: 60,
  nodeSelector: 50,
  extendedResource: 40,
  operatingSystem: 20,
  nodeName: 10,
};

interface Absence {
  readonly trouble: Trouble;
  readonly expectedSince: number | undefined;
  readonly nearness: number;
}

export const whyAbsent = (input: PresenceInput): AgentPresence => ({
  agent: input.agent.name,
  version: undefined,
  evidence: undefined,
  upgrade: '',
  minVersion: input.agent.minVersion,
  ...nearestAbsence(input),
});

const nearestAbsence = (input: PresenceInput): Absence => {
  const { agent, node, installations } = input;
  if (node.virtual !== undefined) return onVirtualNode(node.virtual);
  if (installations.length === 0) return notInstalled(agent);
  if (!agent.operatingSystems.includes(node.operatingSystem)) return unsupported(agent, node);
  return installations
    .map(({ daemonSet }) => absenceOf(daemonSet, input))
    .reduce((nearest, absence) => (absence.nearness > nearest.nearness ? absence : nearest));
};

const onVirtualNode = (provider: string): Absence => ({
  trouble: {
    reason: 'AgentMissing',
    cause: `the node is virtual (${provider}): no DaemonSet pod can run on it`,
    remedy: 'Protect its pods by an agent in a sidecar, or move them to nodes that can run the agent',
  },
  expectedSince: undefined,
  nearness: 5,
});

const notInstalled = (agent: AgentDefinition): Absence => ({
  trouble: {
    reason: 'AgentMissing',
    cause: `${agent.name} is not installed: no DaemonSet matches ProtectionAgent ${agent.name}`,
    remedy: `Install ${agent.name}, or correct the recognition: kubectl edit pagent ${agent.name}`,
  },
  expectedSince: undefined,
  nearness: nearnessOf.uninstalled,
});

const unsupported = (agent: AgentDefinition, node: NodeFacts): Absence => ({
  trouble: {
    reason: 'UnsupportedOperatingSystem',
    cause: `${agent.name} runs on ${agent.operatingSystems.join(', ')} only and the node runs ${node.operatingSystem}`,
    remedy: `Install an agent that supports ${node.operatingSystem}, or exempt such nodes in the WorkloadPolicy with a reason and an end`,
  },
  expectedSince: undefined,
  nearness: 8,
});

const absenceOf = (daemonSet: DaemonSetFacts, { node, goneAt }: PresenceInput): Absence => {
  const added = daemonSetTolerations(daemonSet.hostNetwork);
  const scheduling = daemonSet.scheduling;
  const found = misfit({ ...scheduling, tolerations: [...scheduling.tolerations, ...added] }, node);
  if (found === undefined) return noPodYet(daemonSet, node, goneAt);
  return {
    trouble: { reason: 'AgentMissing', ...explain(found, daemonSet, node) },
    expectedSince: node.createdAt,
    nearness: nearnessOfMisfit[found.kind],
  };
};

const noPodYet = (daemonSet: DaemonSetFacts, node: NodeFacts, goneAt: number | undefined): Absence => ({
  trouble: {
    reason: 'AgentMissing',
    cause: `DaemonSet ${nameOf(daemonSet)} selects the node and has no pod on it`,
    remedy: `See why none is made: kubectl -n ${daemonSet.namespace} describe daemonset ${daemonSet.name}`,
  },
  expectedSince: Math.max(node.createdAt, daemonSet.createdAt, goneAt ?? 0),
  nearness: nearnessOf.podExpected,
});

const nameOf = ({ namespace, name }: DaemonSetFacts): string => `${namespace}/${name}`;

const explain = (found: Misfit, daemonSet: DaemonSetFacts, node: NodeFacts): Pick<Trouble, 'cause' | 'remedy'> => {
  const ds = nameOf(daemonSet);
  switch (found.kind) {
    case 'taint': {
      const { key, value, effect } = found.taint;
      const toleration = value === '' ? { key, operator: 'Exists', effect } : { key, operator: 'Equal', value, effect };
      return {
        cause: `DaemonSet ${ds} does not tolerate the taint ${key}${value === '' ? '' : `=${value}`}:${effect}`,
        remedy: `Add the toleration: ${patch(daemonSet, [
          daemonSet.scheduling.tolerations.length === 0
            ? { op: 'add', path: '/spec/template/spec/tolerations', value: [toleration] }
            : { op: 'add', path: '/spec/template/spec/tolerations/-', value: toleration },
        ])}`,
      };
    }
    case 'nodeSelector':
      return {
        cause: `the nodeSelector of DaemonSet ${ds} requires ${found.key}=${found.required} and the node has ${found.actual === undefined ? 'no such label' : `${found.key}=${found.actual}`}`,
        remedy: `Take the label out of the nodeSelector, or install a second DaemonSet for these nodes: ${patch(
          daemonSet,
          [{ op: 'remove', path: `/spec/template/spec/nodeSelector/${pointer(found.key)}` }],
        )}`,
      };
    case 'affinity':
      return explainAffinity(found.failed, daemonSet, node);
    case 'unschedulable':
      return {
        cause: `the node is cordoned and DaemonSet ${ds} does not tolerate that`,
        remedy: 'kubectl uncordon <node>',
      };
    case 'extendedResource':
      return {
        cause: `DaemonSet ${ds} asks for ${found.resource}, which the node does not offer`,
        remedy: `Take ${found.resource} out of the resources of DaemonSet ${ds}, or install a second one without it`,
      };
    case 'operatingSystem':
      return {
        cause: `DaemonSet ${ds} is for ${found.operatingSystem} nodes and the node runs ${node.operatingSystem}`,
        remedy: `Install the agent's DaemonSet for ${node.operatingSystem}`,
      };
    case 'nodeName':
      return {
        cause: `DaemonSet ${ds} is pinned to node ${found.nodeName}`,
        remedy: `Take nodeName out of the template of DaemonSet ${ds}: ${patch(daemonSet, [{ op: 'remove', path: '/spec/template/spec/nodeName' }])}`,
      };
  }
};

const affinityPath = '/spec/template/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution';

const explainAffinity = (
  failed: readonly FailedTerm[],
  daemonSet: DaemonSetFacts,
  node: NodeFacts,
): Pick<Trouble, 'cause' | 'remedy'> => {
  const ds = nameOf(daemonSet);
  const nearest = failed.toSorted((a, b) => a.failing.length - b.failing.length)[0];
  const expressions = nearest?.failing.flatMap((index) => nearest.term.expressions[index] ?? []) ?? [];
  if (nearest === undefined || expressions.length === 0) {
    return {
      cause: `the required node affinity of DaemonSet ${ds} matches no such node`,
      remedy: `Widen the node affinity of DaemonSet ${ds}: kubectl -n ${daemonSet.namespace} edit daemonset ${daemonSet.name}`,
    };
  }
  const operations = widenTerm(nearest, node);
  return {
    cause: `the required node affinity of DaemonSet ${ds} (${expressions.map(describeExpression).join(', ')}) excludes the node, which has ${expressions.map(({ key }) => (node.labels[key] === undefined ? `no label ${key}` : `${key}=${node.labels[key]}`)).join(', ')}`,
    remedy: `Widen the affinity, or install a second DaemonSet for these nodes: ${patch(daemonSet, operations)}`,
  };
};

const widenTerm = ({ term, index, failing }: FailedTerm, node: NodeFacts): readonly object[] => {
  const path = `${affinityPath}/nodeSelectorTerms/${index}/matchExpressions`;
  // From the last to the first, so that a removal does not shift the ones before it.
  const operations = failing.toReversed().map((at) => widenExpression(path, at, term.expressions[at], node));
  const removals = operations.filter(({ op }) => op === 'remove').length;
  // A term without expressions matches no node, so nothing but the whole requirement can go.
  return removals === term.expressions.length ? [{ op: 'remove', path: affinityPath }] : operations;
};

interface PatchOperation {
  readonly op: 'add' | 'remove';
  readonly path: string;
  readonly value?: string;
}

const widenExpression = (
  path: string,
  index: number,
  expression: NodeExpression | undefined,
  node: NodeFacts,
): PatchOperation => {
  const actual = expression && node.labels[expression.key];
  return expression?.operator === 'In' && actual !== undefined
    ? { op: 'add', path: `${path}/${index}/values/-`, value: actual }
    : { op: 'remove', path: `${path}/${index}` };
};

const describeExpression = ({ key, operator, values }: NodeExpression): string =>
  values.length === 0 ? `${key} ${operator}` : `${key} ${operator} [${values.join(', ')}]`;

const patch = ({ namespace, name }: DaemonSetFacts, operations: readonly object[]): string =>
  `kubectl -n ${namespace} patch daemonset ${name} --type=json -p='${JSON.stringify(operations)}'`;

const pointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
