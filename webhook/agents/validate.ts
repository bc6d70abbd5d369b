// What is probably not meant about a ProtectionAgent: pods that count for two agents, and nodes that lose their protection.
import { createAgentCatalogue, type AgentCatalogue } from '../../domain/coverage/agents.ts';
import type { AgentDefinition, DaemonSetFacts } from '../../domain/types.ts';

/** The agents of the changed world. */
export const withAgent = (agents: readonly AgentDefinition[], agent: AgentDefinition): readonly AgentDefinition[] => [
  ...agents.filter(({ name }) => name !== agent.name),
  agent,
];

/** One DaemonSet that is two agents counts twice, and one of the two is wrong about its version. */
export const warnOfDuplicates = (
  agent: AgentDefinition,
  catalogue: AgentCatalogue,
  daemonSets: Iterable<DaemonSetFacts>,
): readonly string[] => {
  const others = catalogue.agents.filter(({ name }) => name !== agent.name);
  const all = [...daemonSets];
  const recognised = namesOf(agent, createAgentCatalogue([agent], all));
  const found = others.flatMap((other) => {
    const shared = namesOf(other, catalogue).find((name) => recognised.includes(name));
    return shared === undefined ? [] : [`DaemonSet ${shared} is recognised as ProtectionAgent ${other.name} too`];
  });
  if (found.length > 0) return found;
  const twin = others.find((other) => recognitionOf(other) === recognitionOf(agent));
  return twin === undefined ? [] : [`ProtectionAgent ${twin.name} recognises the same pods, which would count twice`];
};

const namesOf = (agent: AgentDefinition, catalogue: AgentCatalogue): readonly string[] =>
  catalogue.installationsOf(agent).map(({ daemonSet: { namespace, name } }) => `${namespace}/${name}`);

const recognitionOf = ({ namespaces, pods, sidecar }: AgentDefinition): string =>
  JSON.stringify([namespaces.toSorted(), pods, sidecar ?? null]);
