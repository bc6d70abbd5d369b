// Where agents' DaemonSets would run, told in the form in which the operator tells where they do: as if each had a ready pod on every
// node that it fits.
import type { AgentCatalogue } from '../../domain/coverage/agents.ts';
import { whyAbsent } from '../../domain/coverage/absence.ts';
import { nearnessOf, presenceOn, type AgentPresence, type Installation } from '../../domain/coverage/presence.ts';
import type { NodeReport } from '../../domain/placement/reported-presence.ts';
import { stateOf } from '../../domain/reason.ts';
import type { AgentDefinition, ConfigMapFacts, DaemonSetFacts, NodeFacts, PodFacts } from '../../domain/types.ts';

export interface Expectations {
  /** Nothing of agents whose DaemonSets are not looked at. */
  readonly reportOf: (node: NodeFacts) => NodeReport;
  readonly presenceOf: (agent: AgentDefinition, node: NodeFacts) => AgentPresence;
}

/** `looksAt`: the DaemonSets that count. */
export const expectations = (
  catalogue: AgentCatalogue,
  configMaps: readonly ConfigMapFacts[],
  looksAt: (daemonSet: DaemonSetFacts) => boolean,
  now: number,
): Expectations => {
  const byKey = new Map(configMaps.map((each) => [`${each.namespace}/${each.name}`, each]));
  const configMap = (namespace: string, name: string): ConfigMapFacts | undefined => byKey.get(`${namespace}/${name}`);
  const installed = catalogue.agents.flatMap((agent) => {
    const installations = catalogue.installationsOf(agent).filter(({ daemonSet }) => looksAt(daemonSet));
    return installations.length === 0 ? [] : [{ agent, installations }];
  });
  const podsOf = new WeakMap<DaemonSetFacts, PodFacts>();
  const podOf = (daemonSet: DaemonSetFacts): PodFacts => {
    const known = podsOf.get(daemonSet) ?? readyPod(daemonSet, now);
    podsOf.set(daemonSet, known);
    return known;
  };
  const presence = (agent: AgentDefinition, installations: readonly Installation[], node: NodeFacts): AgentPresence => {
    const input = { agent, node, installations, configMap, goneAt: undefined };
    const fitting = installations.filter(
      (each) => whyAbsent({ ...input, installations: [each], pods: [] }).nearness === nearnessOf.podExpected,
    );
    const pods = fitting.flatMap(({ daemonSet }) => catalogue.asPodOf(agent, podOf(daemonSet)) ?? []);
    return told(presenceOn({ ...input, pods }));
  };
  return {
    presenceOf: (agent, node) =>
      presence(
        agent,
        catalogue.installationsOf(agent).filter(({ daemonSet }) => looksAt(daemonSet)),
        node,
      ),
    reportOf: (node) => reportOf(installed.map(({ agent, installations }) => presence(agent, installations, node))),
  };
};

/** Nothing waits for a grace period here, and what cannot be read in files may yet be right. */
const told = (presence: AgentPresence): AgentPresence => {
  if (presence.trouble?.reason !== 'EvidenceTooWeak') return { ...presence, expectedSince: undefined };
  const { cause } = presence.trouble;
  const remedy = `Give the ConfigMaps of ${presence.agent} together with its DaemonSet (--agents)`;
  return { ...presence, trouble: { reason: 'NotYetReported', cause, remedy }, expectedSince: undefined };
};

const reportOf = (presences: readonly AgentPresence[]): NodeReport => ({
  agents: presences.flatMap(({ agent, version, evidence, trouble }) =>
    evidence === undefined
      ? []
      : [
          {
            name: agent,
            version,
            state: trouble === undefined ? 'Protected' : stateOf(trouble.reason),
            evidence: 'Loaded',
          },
        ],
  ),
  reasons: presences.flatMap(({ agent, trouble }) => (trouble === undefined ? [] : [{ ...trouble, agent }])),
});

/** What the DaemonSet's controller would make. */
const readyPod = (
  { namespace, name, podLabels, containers, scheduling, hostNetwork }: DaemonSetFacts,
  now: number,
): PodFacts => ({
  namespace,
  name,
  node: undefined,
  pinnedNode: undefined,
  shape: {
    labels: podLabels,
    containers,
    runtimeClass: scheduling.runtimeClass,
    privileged: false,
    hostPID: false,
    hostNetwork,
    hostPath: false,
  },
  owner: { apiVersion: 'apps/v1', kind: 'DaemonSet', name },
  phase: 'Running',
  ready: true,
  deleting: false,
  createdAt: now,
  trouble: undefined,
});
