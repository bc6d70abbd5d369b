// Why a DaemonSet's pod may not land on a node, in words, and the command that lets it.
import type { FailedTerm, Misfit } from '../placement/fit.ts';
import type { DaemonSetFacts, Labels, NodeExpression, NodeFacts, Taint } from '../types.ts';
import type { Trouble } from './presence.ts';

type Words = Pick<Trouble, 'cause' | 'remedy'>;

export const explainMisfit = (found: Misfit, daemonSet: DaemonSetFacts, node: NodeFacts): Words => {
  const ds = nameOf(daemonSet);
  switch (found.kind) {
    case 'taint':
      return explainTaints([found.taint], daemonSet);
    case 'nodeSelector':
      return explainSelector(daemonSet, node);
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
        remedy: `Take nodeName out of the template: ${patch(daemonSet, [{ op: 'remove', path: '/spec/template/spec/nodeName' }])}`,
      };
  }
};

/** All taints in one patch: told one by one, each repair would bring up the next. */
export const explainTaints = (taints: readonly Taint[], daemonSet: DaemonSetFacts): Words => {
  const ds = nameOf(daemonSet);
  const lasting = taints.filter((taint) => !isCondition(taint));
  if (lasting.length === 0) {
    return {
      cause: `the node is not fit for new pods: DaemonSet ${ds} does not tolerate ${listOf(taints)}`,
      remedy: 'Mend what the taint stands for (kubectl describe node <node>); it goes with its cause',
    };
  }
  const tolerations = lasting.map(({ key, value, effect }) =>
    value === '' ? { key, operator: 'Exists', effect } : { key, operator: 'Equal', value, effect },
  );
  const path = '/spec/template/spec/tolerations';
  return {
    cause: `DaemonSet ${ds} does not tolerate ${listOf(lasting)}`,
    remedy: `Add the toleration: ${patch(
      daemonSet,
      // A list that is not there cannot be added to.
      daemonSet.scheduling.tolerations.length === 0
        ? [{ op: 'add', path, value: tolerations }]
        : tolerations.map((value) => ({ op: 'add', path: `${path}/-`, value })),
    )}`,
  };
};

/** Put on the node by Kubernetes itself for as long as something is wrong with it. */
const isCondition = ({ key }: Taint): boolean =>
  key.startsWith('node.kubernetes.io/') || key.startsWith('node.cloudprovider.kubernetes.io/');

const listOf = (taints: readonly Taint[]): string =>
  `the ${taints.length === 1 ? 'taint' : 'taints'} ${taints
    .map(({ key, value, effect }) => `${key}${value === '' ? '' : `=${value}`}:${effect}`)
    .join(', ')}`;

const explainSelector = (daemonSet: DaemonSetFacts, node: NodeFacts): Words => {
  const wanted = Object.entries(daemonSet.scheduling.nodeSelector).filter(([key, value]) => node.labels[key] !== value);
  const keys = wanted.map(([key]) => key);
  const operations = keys.map((key) => ({ op: 'remove', path: `/spec/template/spec/nodeSelector/${pointer(key)}` }));
  const required = wanted.map(([key, value]) => `${key}=${value}`);
  // The kubelet says these of itself, and would again.
  const isSettable = keys.every((key) => !/^(?:beta\.)?(?:node\.)?kubernetes\.io\//.test(key));
  const label = isSettable
    ? `Label the node, if the agent belongs there: kubectl label node <node> --overwrite ${required.join(' ')}; else take`
    : 'Take';
  return {
    cause: `the nodeSelector of DaemonSet ${nameOf(daemonSet)} requires ${required.join(', ')} and the node has ${labelsOf(keys, node.labels)}`,
    remedy: `${label} it out of the nodeSelector, or install a second DaemonSet for these nodes: ${patch(daemonSet, operations)}`,
  };
};

const labelsOf = (keys: readonly string[], labels: Labels): string =>
  [...new Set(keys)].map((key) => (labels[key] === undefined ? `no label ${key}` : `${key}=${labels[key]}`)).join(', ');

const affinityPath = '/spec/template/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution';

const explainAffinity = (failed: readonly FailedTerm[], daemonSet: DaemonSetFacts, node: NodeFacts): Words => {
  const ds = nameOf(daemonSet);
  const nearest = failed
    .filter(({ fieldsHold }) => fieldsHold)
    .toSorted((a, b) => a.failing.length - b.failing.length)[0];
  const expressions = nearest?.failing.flatMap((index) => nearest.term.expressions[index] ?? []) ?? [];
  if (nearest === undefined || expressions.length === 0) {
    return {
      cause: `the required node affinity of DaemonSet ${ds} matches no such node`,
      remedy: `Widen it: ${edit(daemonSet)}`,
    };
  }
  const keys = expressions.map(({ key }) => key);
  return {
    cause: `the required node affinity of DaemonSet ${ds} (${expressions.map(describeExpression).join(', ')}) excludes the node, which has ${labelsOf(keys, node.labels)}`,
    remedy: `Widen the affinity, or install a second DaemonSet for these nodes: ${patch(daemonSet, widenTerm(nearest, node))}`,
  };
};

const widenTerm = ({ term, index, failing }: FailedTerm, node: NodeFacts): readonly PatchOperation[] => {
  const path = `${affinityPath}/nodeSelectorTerms/${index}/matchExpressions`;
  // From the last to the first, so that a removal does not shift the ones before it.
  const operations = failing.toReversed().map((at) => widenExpression(`${path}/${at}`, term.expressions[at], node));
  const removed = operations.filter(({ op, path }) => op === 'remove' && !path.includes('/values/')).length;
  // A term without expressions and fields matches no node, so nothing but the whole requirement can go.
  return removed === term.expressions.length && term.fields.length === 0
    ? [{ op: 'remove', path: affinityPath }]
    : operations;
};

interface PatchOperation {
  readonly op: 'add' | 'remove';
  readonly path: string;
  readonly value?: string;
}

/** As little as lets the node in: one value more or less, else without the expression. */
const widenExpression = (path: string, expression: NodeExpression | undefined, node: NodeFacts): PatchOperation => {
  const actual = expression && node.labels[expression.key];
  if (expression?.operator === 'In' && actual !== undefined)
    return { op: 'add', path: `${path}/values/-`, value: actual };
  if (expression?.operator === 'NotIn' && actual !== undefined && expression.values.length > 1) {
    return { op: 'remove', path: `${path}/values/${expression.values.indexOf(actual)}` };
  }
  return { op: 'remove', path };
};

const describeExpression = ({ key, operator, values }: NodeExpression): string =>
  values.length === 0 ? `${key} ${operator}` : `${key} ${operator} [${values.join(', ')}]`;

const nameOf = ({ namespace, name }: DaemonSetFacts): string => `${namespace}/${name}`;

/** A longer one would be cut, and half a command is worse than none. */
const longestCommand = 700;

const patch = (daemonSet: DaemonSetFacts, operations: readonly object[]): string => {
  const { namespace, name } = daemonSet;
  const command = `kubectl -n ${namespace} patch daemonset ${name} --type=json -p='${JSON.stringify(operations)}'`;
  return command.length <= longestCommand && !JSON.stringify(operations).includes("'") ? command : edit(daemonSet);
};

const edit = ({ namespace, name }: DaemonSetFacts): string => `kubectl -n ${namespace} edit daemonset ${name}`;

/** A key as a part of a JSON pointer (RFC 6901). */
const pointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
