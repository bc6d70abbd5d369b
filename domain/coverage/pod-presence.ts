// The agents of a pod's node as this pod sees them: a sandbox hides the pod from them, a sidecar adds to them.
import type { PodFacts } from '../types.ts';
import type { Sidecar } from './agents.ts';
import { nearnessOf, versionWanted, type AgentPresence, type Trouble } from './presence.ts';
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
  const trouble = isReady ? switchedOff(sidecar) : notReady(sidecar);
  return {
    agent: presence.agent,
    version,
    evidence: isReady && trouble?.reason !== 'EvidenceTooWeak' ? 'Running' : 'Declared',
    trouble,
    expectedSince: isReady ? undefined : pod.createdAt,
    nearness: nearnessOf.running,
    upgrade: `Bring the image of container ${container.name} to ${versionWanted} or later in the workload's template`,
    minVersion: presence.minVersion,
  };
};

const notReady = ({ agent, found: { container } }: Sidecar): Trouble => ({
  reason: 'AgentNotReady',
  cause: `the sidecar ${container.name} (${agent.name}) is not ready`,
  remedy: `See what it waits for: kubectl -n <namespace> logs <pod> -c ${container.name}`,
});

/** A sidecar has no DaemonSet and no ConfigMap of its own: its environment says whether it protects, or nothing does. */
const switchedOff = ({ agent, found: { container } }: Sidecar): Trouble | undefined => {
  if (agent.protection.length === 0) return undefined;
  const variables = agent.protection.flatMap((proof) => (proof.kind === 'env' ? [proof] : []));
  if (variables.some(({ name, value }) => container.switches?.[name] === value)) return undefined;
  const [first] = variables;
  const who = `the sidecar ${container.name} (${agent.name})`;
  return first === undefined
    ? {
        reason: 'EvidenceTooWeak',
        cause: `whether ${who} has its runtime protection on cannot be told`,
        remedy: `If it has, take the switches out of what the agent is recognised by: kubectl edit pagent ${agent.name}`,
      }
    : {
        reason: 'ProtectionDisabled',
        cause: `${who} runs with its runtime protection off: ${first.name} is not ${first.value}`,
        remedy: `Set ${first.name}=${first.value} in the environment of container ${container.name} in the workload's template`,
      };
};
