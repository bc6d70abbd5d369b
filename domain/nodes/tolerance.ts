// A node that waits for an agent which waits for the node would wait for ever: before its startup taint may be relied on, an agent's
// DaemonSet must tolerate it.
import type { AgentCatalogue } from '../coverage/agents.ts';
import { startupTaintKey, toleratesTaint } from '../placement/fit.ts';

const startupTaint = { key: startupTaintKey, value: '', effect: 'NoSchedule' } as const;

/**
 * Why no agent could start on a node with the startup taint, and what to add; undefined where one can, or where none is installed by
 * a DaemonSet that is known. `accepted`: names of ProtectionAgents, empty for any.
 */
export const untoleratedStartupTaint = (catalogue: AgentCatalogue, accepted: readonly string[]): string | undefined => {
  const installed = catalogue.agents
    .filter(({ name }) => accepted.length === 0 || accepted.includes(name))
    .flatMap((agent) => catalogue.installationsOf(agent).map(({ daemonSet }) => daemonSet));
  const canStart = installed.some(({ scheduling }) => toleratesTaint(scheduling.tolerations, startupTaint));
  if (installed.length === 0 || canStart) return undefined;
  const names = [...new Set(installed.map(({ namespace, name }) => `${namespace}/${name}`))].join(', ');
  return `no agent could start on a tainted node: first add the toleration {key: ${startupTaintKey}, operator: Exists, effect: NoSchedule} to DaemonSet ${names}`;
};
