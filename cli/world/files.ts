// The world as files alone describe it: without a cluster nothing runs yet, so an agent counts where its DaemonSet would run.
import type { Declared } from './declared.ts';
import { readyMadeAgents } from './ready-made.ts';
import type { World } from './world.ts';

export const worldOfFiles = (declared: Declared): World => {
  const { nodes, namespaces, runtimeClasses, daemonSets, configMaps, policies, agents, saved } = declared;
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
    reports: saved?.nodes,
    isStale: false,
    // What is said of nodes was said before these.
    expected: new Set(daemonSets.map(({ facts: { namespace, name } }) => `${namespace}/${name}`)),
    notes: [
      saved === undefined
        ? 'judged by files alone: an agent counts as protecting where its DaemonSet would run (evidence Declared, taken as expected)'
        : `judged by files: what agents do on nodes is as CoverageReport ${saved.report} had it${saved.evaluatedAt === undefined ? '' : ` at ${saved.evaluatedAt}`}`,
      ...(nodes.length === 0
        ? ['no nodes were given (--nodes), so each workload is judged on a node such as it asks for']
        : []),
    ],
  };
};

export const byName = <T extends { readonly name: string }>(items: Iterable<T>): ReadonlyMap<string, T> =>
  new Map(Array.from(items, (item) => [item.name, item]));
