// The agents of a pod's node as this pod sees them: a sandbox hides the pod from them, a sidecar adds to them.
import type { PodFacts } from '../types.ts';
import type { Sidecar } from './agents.ts';
import { nearnessOf, versionWanted, type AgentPresence } from './presence.ts';
import type { AgentDefinition } from '../types.ts';

/**
 * Handlers that put a kernel or a sentry of their own between the pod and the node. Others (runc, crun, nvidia, …) run on the
 * node's kernel, where its agents look.
 */
const sandboxes = /^(?:kata|runsc|gvisor|firecracker|cloud-hypervisor|peerpods|quark|runvm|dragonball)/i;

export const isSandbox = (handler: string): boolean => sandboxes.test(handler);

export const presencesForPod = (
  presences: readonly AgentPresence[],
  definitions: readonly AgentDefinition[],
  pod: PodFacts,
  handler: string | undefined,
  sidecars: readonly Sidecar[],
  virtual: string | undefined,
): readonly AgentPresence[] => {
  const visible =
    virtual !== undefined
      ? presences.map((presence) => withoutSidecar(presence, virtual))
      : handler !== undefined && isSandbox(handler)
        ? presences.map((presence) => throughSandbox(presence, definitions, handler))
        : presences;
  return sidecars.length === 0 ? visible : visible.map((presence) => sidecarOf(presence, sidecars, pod) ?? presence);
};

const throughSandbox = (
  presence: AgentPresence,
  definitions: readonly AgentDefinition[],
  handler: string,
): AgentPresence => {
  const handlers = definitions.find(({ name }) => name === presence.agent)?.runtimeHandlers ?? [];
  if (handlers.includes(handler)) return presence;
  return {
    ...presence,
    evidence: undefined,
    trouble: {
      reason: 'SandboxedRuntime',
      cause: `the pod runs in the sandbox ${handler}, which the node's agents cannot see into`,
      remedy: `Run an agent inside the sandbox as a sidecar, or, if an agent can see into it, say so: kubectl patch pagent ${presence.agent} --type=merge -p '${JSON.stringify({ spec: { runtimeHandlers: [...handlers, handler] } })}'`,
    },
    expectedSince: undefined,
  };
};

const withoutSidecar = (presence: AgentPresence, virtual: string): AgentPresence => ({
  ...presence,
  trouble: {
    reason: 'ServerlessWithoutSidecar',
    cause: `the pod runs on a virtual node (${virtual}) without an agent as a sidecar`,
    remedy: "Add the agent's sidecar to the pod's template, or move the workload to nodes that run the agent",
  },
  expectedSince: undefined,
});

const sidecarOf = (presence: AgentPresence, sidecars: readonly Sidecar[], pod: PodFacts): AgentPresence | undefined => {
  const sidecar = sidecars.find(({ agent }) => agent.name === presence.agent);
  if (sidecar === undefined) return undefined;
  // A node agent that works sees the pod already.
  if (presence.evidence !== undefined && presence.trouble === undefined) return presence;
  const { container, version } = sidecar.found;
  const status = pod.trouble?.containers.find(({ name }) => name === container.name);
  const isReady = pod.ready || status?.ready === true;
  // What a node agent says in its DaemonSet or ConfigMap, a sidecar says nowhere that we read.
  const isProven = isReady && sidecar.agent.protection.length === 0;
  return {
    agent: presence.agent,
    version,
    evidence: isProven ? 'Running' : 'Declared',
    trouble: isProven
      ? undefined
      : isReady
        ? {
            reason: 'EvidenceTooWeak',
            cause: `whether the sidecar ${container.name} (${presence.agent}) has its runtime protection on cannot be told`,
            remedy: `If it has, take the switches out of what the agent is recognised by: kubectl edit pagent ${presence.agent}`,
          }
        : {
            reason: 'AgentNotReady',
            cause: `the sidecar ${container.name} (${presence.agent}) is not ready`,
            remedy: `See what it waits for: kubectl -n <namespace> logs <pod> -c ${container.name}`,
          },
    expectedSince: isReady ? undefined : pod.createdAt,
    nearness: nearnessOf.running,
    upgrade: `Bring the image of container ${container.name} to ${versionWanted} or later in the workload's template`,
    minVersion: presence.minVersion,
  };
};
