// Which agents are to be simulated for the pods that a cluster really runs: the address is the pod's, the version its image's tag.
import type { AgentKind, SimulatedAgent } from './simulated-agent.ts';

export interface AgentPodLike {
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly { readonly name: string; readonly image: string }[];
  };
  readonly status: { readonly podIP?: string; readonly phase?: string };
}

/** The containers that answer over HTTP. KubeArmor speaks gRPC only, and Datadog pushes. */
const kinds: Readonly<Record<string, AgentKind>> = {
  falco: 'falco',
  tetragon: 'tetragon',
  tracee: 'tracee',
  'node-agent': 'kubescape',
  sysdig: 'sysdig',
  'sysdig-host-shield': 'sysdig',
};

export const agentsFromPods = (pods: readonly AgentPodLike[]): readonly SimulatedAgent[] =>
  pods.flatMap(({ spec, status }) => {
    const ip = status.podIP;
    const container = spec.containers.find(({ name }) => kinds[name] !== undefined);
    if (ip === undefined || !ip.startsWith('127.') || status.phase !== 'Running' || container === undefined) return [];
    const { name, image } = container;
    return [
      {
        ip,
        agent: kinds[name]!,
        version: image.slice(image.lastIndexOf(':') + 1),
        ...(spec.nodeName === undefined ? {} : { node: spec.nodeName }),
      },
    ];
  });
