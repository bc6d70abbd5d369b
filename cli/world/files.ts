// The world as files alone describe it: without a cluster nothing runs yet, so an agent counts where its DaemonSet would run.
import type { Declared } from './declared.ts';
import { readyMadeAgents } from './ready-made.ts';
import type { World } from './world.ts';

export const worldOfFiles = (declared: Declared): World => {
  const { nodes, namespaces, runtimeClasses, daemonSets, configMaps, policies, agents } = declared;
  return {
    source: 'files',
    isLive: false,
    nodes,
    namespaces: byName(namespaces),
    runtimeClasses: byName(runtimeClasses),
    daemonSets: daemonSets.map(({ facts }) => facts),
    configMaps,
    policies,
    agents: [...byName([...readyMadeAgents(), ...agents]).values()],
    reports: undefined,
    isStale: false,
    expected: new Set(),
    notes: [
      'judged by files alone: an agent counts as protecting where its DaemonSet would run (evidence Declared, taken as expected)',
      ...(nodes.length === 0
        ? ['no nodes were given (--nodes), so each workload is judged on a node such as it asks for']
        : []),
    ],
  };
};

export const byName = <T extends { readonly name: string }>(items: Iterable<T>): ReadonlyMap<string, T> =>
  new Map(Array.from(items, (item) => [item.name, item]));
