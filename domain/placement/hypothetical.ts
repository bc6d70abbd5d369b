// Nodes that do not exist yet: where none of today's fits a pod, an autoscaler may bring one that does. All that is known of it is
// what the pod asks for, so a DaemonSet that asks about anything else may or may not run there.
import type { AgentCatalogue } from '../coverage/agents.ts';
import { whyAbsent } from '../coverage/absence.ts';
import { nearnessOf, type AgentPresence } from '../coverage/presence.ts';
import type {
  AgentDefinition,
  DaemonSetFacts,
  Labels,
  NodeExpression,
  NodeFacts,
  NodeTerm,
  Scheduling,
  Taint,
} from '../types.ts';
import { daemonSetTolerations, misfit, startupTaintKey } from './fit.ts';

/** Alternatives of the affinity beyond these would change the figures of a warning only. */
const maximumAlternatives = 8;

/** One for each alternative of the pod's affinity. */
export const hypotheticalNodes = (pod: Scheduling, now: number): readonly NodeFacts[] =>
  (pod.affinity ?? [undefined]).slice(0, maximumAlternatives).map((term) => hypotheticalNode(pod, term, now));

const hypotheticalNode = (pod: Scheduling, term: NodeTerm | undefined, now: number): NodeFacts => {
  const asked = { ...labelsOf(term), ...pod.nodeSelector };
  const operatingSystem = pod.operatingSystem ?? asked['kubernetes.io/os'] ?? 'linux';
  return {
    name: 'a node to come',
    uid: '',
    labels: { ...asked, 'kubernetes.io/os': operatingSystem },
    taints: pod.tolerations.flatMap(taintOf),
    unschedulable: false,
    ready: true,
    operatingSystem,
    architecture: asked['kubernetes.io/arch'] ?? '',
    osImage: '',
    kernelVersion: '',
    containerRuntime: '',
    kubeletVersion: '',
    extendedResources: pod.extendedResources,
    virtual: undefined,
    createdAt: now,
  };
};

const labelsOf = (term: NodeTerm | undefined): Labels =>
  Object.fromEntries(
    (term?.expressions ?? []).flatMap(({ key, operator, values }) =>
      operator === 'In' || operator === 'Exists' ? [[key, values[0] ?? '']] : [],
    ),
  );

/** Nobody tolerates by name what no node has. What Kubernetes itself puts on nodes in trouble, and the startup taint, pass. */
const taintOf = ({ key, operator, value, effect }: Scheduling['tolerations'][number]): readonly Taint[] => {
  if (key === '' || key === startupTaintKey || key.startsWith('node.kubernetes.io/')) return [];
  if (operator !== 'Equal' && operator !== 'Exists') return [];
  return [{ key, value: operator === 'Equal' ? value : '', effect: effect === 'NoExecute' ? effect : 'NoSchedule' }];
};

/** The agents as they would be on such a node. */
export const expectedPresences = (node: NodeFacts, catalogue: AgentCatalogue): readonly AgentPresence[] =>
  catalogue.agents.map((agent) => expectedPresence(agent, node, catalogue));

const expectedPresence = (agent: AgentDefinition, node: NodeFacts, catalogue: AgentCatalogue): AgentPresence => {
  const installations = catalogue.installationsOf(agent);
  const absence = whyAbsent({ agent, node, pods: [], installations, configMap: () => undefined, goneAt: undefined });
  if (absence.nearness === nearnessOf.podExpected) {
    return {
      ...absence,
      evidence: 'Running',
      trouble: undefined,
      expectedSince: undefined,
      nearness: nearnessOf.running,
    };
  }
  const undecided = installations.find(({ daemonSet }) => asksForMore(daemonSet, node));
  if (undecided === undefined) return { ...absence, expectedSince: undefined };
  const { namespace, name } = undecided.daemonSet;
  return {
    ...absence,
    trouble: {
      reason: 'NotYetReported',
      cause: `whether DaemonSet ${namespace}/${name} runs on a node to come depends on labels that the pod does not ask for`,
      remedy: `Ask for these labels in the pod too, or take them out of DaemonSet ${namespace}/${name}`,
    },
    expectedSince: undefined,
  };
};

/** Whether only labels that the pod says nothing about keep the DaemonSet away. */
const asksForMore = ({ scheduling, hostNetwork }: DaemonSetFacts, node: NodeFacts): boolean => {
  const found = misfit(
    { ...scheduling, tolerations: [...scheduling.tolerations, ...daemonSetTolerations(hostNetwork)] },
    node,
  );
  if (found?.kind === 'nodeSelector') return found.actual === undefined;
  if (found?.kind !== 'affinity') return false;
  return found.failed.some(({ term, failing }) => {
    const expressions = failing.flatMap((index) => term.expressions[index] ?? []);
    return expressions.length > 0 && expressions.every((expression) => isAboutAnother(expression, node.labels));
  });
};

const isAboutAnother = ({ key }: NodeExpression, labels: Labels): boolean => !Object.hasOwn(labels, key);
