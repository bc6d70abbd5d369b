// Where each agent is installed, and which pods are its own: recognition over the whole fleet, remembered per pod template.
import { isInNamespace, recognise, type RecognisedContainer } from '../agent-recognition.ts';
import { compareText } from './verdict.ts';
import { parseImage } from '../image.ts';
import type { AgentDefinition, DaemonSetFacts, PodFacts, PodShape } from '../types.ts';
import type { AgentPod, Installation } from './presence.ts';

export interface AgentCatalogue {
  readonly agents: readonly AgentDefinition[];
  readonly installationsOf: (agent: AgentDefinition) => readonly Installation[];
  /** Whether the pod is any agent's. */
  readonly isAgentPod: (pod: PodFacts) => boolean;
  /** The pod as the agent's; undefined where it is not. */
  readonly asPodOf: (agent: AgentDefinition, pod: PodFacts) => AgentPod | undefined;
  /** Agents that the pod carries as a sidecar. */
  readonly sidecarsIn: (shape: PodShape) => readonly Sidecar[];
}

export interface Sidecar {
  readonly agent: AgentDefinition;
  readonly found: RecognisedContainer;
}

export const createAgentCatalogue = (
  definitions: readonly AgentDefinition[],
  daemonSets: Iterable<DaemonSetFacts>,
): AgentCatalogue => {
  const agents = definitions.toSorted((a, b) => compareText(a.name, b.name));
  const all = [...daemonSets].toSorted((a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name));
  const installations = new Map(
    agents.map((agent) => [agent, all.flatMap((daemonSet) => installation(agent, daemonSet))]),
  );
  const containers = new WeakMap<PodShape, ReadonlyMap<AgentDefinition, RecognisedContainer>>();
  const sidecars = new WeakMap<PodShape, readonly Sidecar[]>();

  const recognisedIn = (shape: PodShape): ReadonlyMap<AgentDefinition, RecognisedContainer> => {
    const known = containers.get(shape);
    if (known !== undefined) return known;
    const found = new Map<AgentDefinition, RecognisedContainer>();
    for (const agent of agents) {
      const container = recognise(agent.pods, shape.labels, shape.containers);
      if (container !== undefined) found.set(agent, container);
    }
    containers.set(shape, found);
    return found;
  };

  const asPodOf = (agent: AgentDefinition, pod: PodFacts): AgentPod | undefined => {
    const found =
      isNodeAgent(pod) && isInNamespace(agent, pod.namespace) ? recognisedIn(pod.shape).get(agent) : undefined;
    return found && { pod, containerName: found.container.name, version: found.version };
  };

  return {
    agents,
    installationsOf: (agent) => installations.get(agent) ?? [],
    isAgentPod: (pod) =>
      isNodeAgent(pod) && [...recognisedIn(pod.shape).keys()].some((agent) => isInNamespace(agent, pod.namespace)),
    asPodOf,
    sidecarsIn: (shape) => {
      const known = sidecars.get(shape);
      if (known !== undefined) return known;
      const found = agents.flatMap((agent) => {
        const container = agent.sidecar && recognise(agent.sidecar, shape.labels, shape.containers);
        return container === undefined ? [] : [{ agent, found: container }];
      });
      sidecars.set(shape, found);
      return found;
    },
  };
};

/** Only what runs on every node by its making protects nodes: an agent's Deployment watches something else. */
const isNodeAgent = ({ owner }: PodFacts): boolean => owner?.kind === 'DaemonSet' || owner?.kind === 'Node';

const installation = (agent: AgentDefinition, daemonSet: DaemonSetFacts): readonly Installation[] => {
  if (!isInNamespace(agent, daemonSet.namespace)) return [];
  const found = recognise(agent.pods, daemonSet.podLabels, daemonSet.containers);
  if (found === undefined) return [];
  const { repository, tag } = parseImage(found.container.image);
  return [{ daemonSet, containerName: found.container.name, repository, tag }];
};
