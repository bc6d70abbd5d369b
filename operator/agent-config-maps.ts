// Some agents say only in a ConfigMap whether their protection is on. Those of their own namespaces are watched, and nothing
// else: which they are is known once their DaemonSets are.
import type { CoverageModel } from '../domain/coverage/model.ts';
import type { AgentDefinition } from '../domain/types.ts';
import { projectConfigMap } from '../facts/config-map.ts';
import type { Reflector } from '../kube/reflector.ts';
import { createConfigMapWatch, type WatchesOptions } from './watches.ts';

export interface AgentConfigMaps {
  /** Watches what the installed agents need by now. */
  readonly follow: () => void;
  /** Why the agent's ConfigMaps cannot be read; undefined where they can, or none are needed. */
  readonly unreadable: (agent: string) => string | undefined;
}

export const createAgentConfigMaps = (
  options: WatchesOptions,
  signal: AbortSignal,
  onEnded: (error: unknown) => void,
): AgentConfigMaps => {
  const reflectors = new Map<string, Reflector>();
  const { model } = options;

  const isWanted = (name: string): boolean =>
    model.agents().some((agent) => suffixesOf(agent).some((suffix) => name.endsWith(suffix)));

  const start = (namespace: string): void => {
    const { reflector } = createConfigMapWatch(options, namespace, (raw) => {
      const facts = projectConfigMap(raw);
      return facts !== undefined && isWanted(facts.name) ? facts : undefined;
    });
    reflectors.set(namespace, reflector);
    reflector.run(signal).catch(onEnded);
  };

  return {
    follow: () => {
      for (const namespace of namespacesOf(model)) if (!reflectors.has(namespace)) start(namespace);
    },
    unreadable: (name) => {
      const agent = model.agents().find((candidate) => candidate.name === name);
      if (agent === undefined || suffixesOf(agent).length === 0) return undefined;
      const failing = model
        .catalogue()
        .installationsOf(agent)
        .map(({ daemonSet }) => daemonSet.namespace)
        .flatMap((namespace) => {
          const state = reflectors.get(namespace)?.state();
          return state === undefined || state.synced ? [] : [`${namespace} (${state.lastError ?? 'not read yet'})`];
        });
      return failing.length === 0
        ? undefined
        : `The ConfigMaps of ${[...new Set(failing)].join(', ')} cannot be read: list these namespaces in agentNamespaces of the chart's values.`;
    },
  };
};

const suffixesOf = (agent: AgentDefinition): readonly string[] =>
  agent.protection.flatMap((protection) => (protection.kind === 'configMap' ? [protection.nameSuffix] : []));

const namespacesOf = (model: CoverageModel): ReadonlySet<string> => {
  const namespaces = new Set<string>();
  for (const agent of model.catalogue().agents) {
    const suffixes = suffixesOf(agent);
    for (const { daemonSet } of model.catalogue().installationsOf(agent)) {
      const mounts = daemonSet.configMaps.some((name) => suffixes.some((suffix) => name.endsWith(suffix)));
      if (mounts) namespaces.add(daemonSet.namespace);
    }
  }
  return namespaces;
};
