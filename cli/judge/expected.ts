// Where agents' DaemonSets would run, told in the form in which the operator tells where they do: as if each had a ready pod on every
// node that it fits.
import type { AgentCatalogue } from '../../domain/coverage/agents.ts';
import { whyAbsent } from '../../domain/coverage/absence.ts';
import { nearnessOf, presenceOn, type AgentPresence } from '../../domain/coverage/presence.ts';
import { podOfDaemonSet } from '../../domain/placement/daemon-set-pod.ts';
import type { NodeReport } from '../../domain/placement/reported-presence.ts';
import { stateOf } from '../../domain/reason.ts';
import type { AgentDefinition, ConfigMapFacts, DaemonSetFacts, NodeFacts, PodFacts } from '../../domain/types.ts';

export interface Expectations {
  /** Names of the agents that are told of. */
  readonly agents: ReadonlySet<string>;
  readonly reportOf: (node: NodeFacts) => NodeReport;
  readonly presenceOf: (agent: AgentDefinition, node: NodeFacts) => AgentPresence;
}

/** Of the agents with a DaemonSet that `isTold`. */
export const expectations = (
  catalogue: AgentCatalogue,
  configMaps: readonly ConfigMapFacts[],
  isTold: (daemonSet: DaemonSetFacts) => boolean,
  now: number,
): Expectations => {
  const byKey = new Map(configMaps.map((each) => [`${each.namespace}/${each.name}`, each]));
  const configMap = (namespace: string, name: string): ConfigMapFacts | undefined => byKey.get(`${namespace}/${name}`);
  const told = catalogue.agents.filter((agent) =>
    catalogue.installationsOf(agent).some(({ daemonSet }) => isTold(daemonSet)),
  );
  const podsOf = new WeakMap<DaemonSetFacts, PodFacts>();
  const podOf = (daemonSet: DaemonSetFacts): PodFacts => {
    const known = podsOf.get(daemonSet) ?? podOfDaemonSet(daemonSet, now);
    podsOf.set(daemonSet, known);
    return known;
  };
  const presenceOf = (agent: AgentDefinition, node: NodeFacts): AgentPresence => {
    const installations = catalogue.installationsOf(agent);
    const input = { agent, node, installations, configMap, goneAt: undefined };
    const fitting = installations.filter(
      (each) => whyAbsent({ ...input, installations: [each], pods: [] }).nearness === nearnessOf.podExpected,
    );
    const pods = fitting.flatMap(({ daemonSet }) => catalogue.asPodOf(agent, podOf(daemonSet)) ?? []);
    return withoutGrace(presenceOn({ ...input, pods }));
  };
  return {
    agents: new Set(told.map(({ name }) => name)),
    presenceOf,
    reportOf: (node) => reportOf(told.map((agent) => presenceOf(agent, node))),
  };
};

/** Nothing waits for a grace period here, and what cannot be read in files may yet be right. */
const withoutGrace = (presence: AgentPresence): AgentPresence => {
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
