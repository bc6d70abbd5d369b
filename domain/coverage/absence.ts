// Why nothing of an agent is on a node: found from its DaemonSets and the node, never guessed.
import { daemonSetTolerations, misfit, toleratesTaint, type Misfit } from '../placement/fit.ts';
import type { AgentDefinition, DaemonSetFacts, NodeFacts, Taint, Toleration } from '../types.ts';
import { explainMisfit, explainTaints } from './misfit-words.ts';
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
  const { scheduling, hostNetwork } = daemonSet;
  const tolerations = [...scheduling.tolerations, ...daemonSetTolerations(hostNetwork)];
  const found = misfit({ ...scheduling, tolerations }, node);
  const taints = node.taints.filter((taint) => keepsAway(taint, tolerations));
  // Placement leaves the startup taint aside for workloads, which come once it is gone; the agent has to come before.
  if (taints.length > 0 && (found === undefined || found.kind === 'taint')) {
    return misfitting('taint', explainTaints(taints, daemonSet), node);
  }
  return found === undefined
    ? noPodYet(daemonSet, node, goneAt)
    : misfitting(found.kind, explainMisfit(found, daemonSet, node), node);
};

const keepsAway = (taint: Taint, tolerations: readonly Toleration[]): boolean =>
  taint.effect !== 'PreferNoSchedule' && !toleratesTaint(tolerations, taint);

const misfitting = (
  kind: Misfit['kind'],
  words: Pick<Trouble, 'cause' | 'remedy'>,
  { createdAt }: NodeFacts,
): Absence => ({
  trouble: { reason: 'AgentMissing', ...words },
  expectedSince: createdAt,
  nearness: nearnessOfMisfit[kind],
});

const noPodYet = (daemonSet: DaemonSetFacts, node: NodeFacts, goneAt: number | undefined): Absence => ({
  trouble: {
    reason: 'AgentMissing',
    cause: `DaemonSet ${daemonSet.namespace}/${daemonSet.name} selects the node and has no pod on it`,
    remedy: `See why none is made: kubectl -n ${daemonSet.namespace} describe daemonset ${daemonSet.name}`,
  },
  expectedSince: Math.max(node.createdAt, daemonSet.createdAt, goneAt ?? 0),
  nearness: nearnessOf.podExpected,
});
