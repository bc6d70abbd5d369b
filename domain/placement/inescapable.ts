// What a pod says of itself that keeps every agent of a policy from ever seeing it, on whichever node: a sandbox that none of them sees into,
// or a nodeSelector that none of their DaemonSets can share. It takes no knowledge of nodes, so an API server can say it without us.
import type { AgentCatalogue } from '../coverage/agents.ts';
import { isSandbox } from '../coverage/pod-presence.ts';
import { isEverything } from '../selector.ts';
import type {
  AgentDefinition,
  DaemonSetFacts,
  Labels,
  NodeExpression,
  Policy,
  Recognition,
  RuntimeClassFacts,
} from '../types.ts';

export interface Inescapable {
  /** Each of them must be kept out. */
  readonly agents: readonly KeptOut[];
  /** Any one of these marks makes a container an agent's sidecar, as far as can be told here. */
  readonly sidecars: SidecarMarks;
}

export interface KeptOut {
  readonly agent: string;
  /** RuntimeClasses whose pods it cannot see into. */
  readonly runtimeClasses: readonly string[];
  /** It is kept out where of each list one conflict or more holds. */
  readonly everyOf: readonly (readonly Conflict[])[];
}

/** The pod's nodeSelector has the key, and its value is among these, or is not. */
export interface Conflict {
  readonly key: string;
  readonly isAmong: boolean;
  readonly values: readonly string[];
}

export interface SidecarMarks {
  readonly containers: readonly string[];
  /** Parts of an image's reference. */
  readonly images: readonly string[];
  /** Keys of the pod's labels. */
  readonly labels: readonly string[];
}

export interface InescapableInput {
  readonly policy: Policy;
  readonly catalogue: AgentCatalogue;
  readonly runtimeClasses: readonly RuntimeClassFacts[];
  /** Whether pods of the agent run, whoever made them. */
  readonly runs: (agent: string) => boolean;
}

export type Expressible =
  | { readonly ok: true; readonly value: Inescapable }
  /** `why`: the end of a sentence. */
  | { readonly ok: false; readonly why: string };

export const findInescapable = ({ policy, catalogue, runtimeClasses, runs }: InescapableInput): Expressible => {
  const why = dependsOnNodes(policy);
  if (why !== undefined) return { ok: false, why };
  const wanted = new Set(policy.require.agents.map(({ name }) => name));
  const agents = catalogue.agents.filter(({ name }) => wanted.size === 0 || wanted.has(name));
  const installed = agents.filter((agent) => catalogue.installationsOf(agent).length > 0);
  const hidden = agents.find((agent) => !installed.includes(agent) && runs(agent.name));
  if (hidden !== undefined)
    return { ok: false, why: `pods of ${hidden.name} run that no DaemonSet has made, so where it goes is not known` };
  if (installed.length === 0)
    return { ok: false, why: 'none of the agents that it demands is installed, and every pod would be refused' };
  const keptOut = installed.map((agent) => keptOutOf(agent, catalogue, runtimeClasses));
  const everywhere = keptOut.find(
    ({ runtimeClasses: blind, everyOf }) => blind.length === 0 && everyOf.some((any) => any.length === 0),
  );
  if (everywhere !== undefined)
    return {
      ok: false,
      why: `${everywhere.agent} may go to nodes of any kind, and no RuntimeClass keeps a pod out of its sight, so nothing is certain before the nodes are known`,
    };
  return { ok: true, value: { agents: keptOut, sidecars: marksOf(catalogue.agents) } };
};

/** A pod, as far as it matters here. */
export interface PodWords {
  readonly runtimeClass: string | undefined;
  readonly nodeSelector: Labels;
  readonly labels: Labels;
  readonly containers: readonly { readonly name: string; readonly image: string }[];
}

/** As the rendered expression says it. */
export const isInescapable = ({ agents, sidecars }: Inescapable, pod: PodWords): boolean =>
  !mayCarrySidecar(sidecars, pod) &&
  agents.every(
    ({ runtimeClasses, everyOf }) =>
      (pod.runtimeClass !== undefined && runtimeClasses.includes(pod.runtimeClass)) ||
      everyOf.every((any) => any.some((conflict) => conflicts(conflict, pod.nodeSelector))),
  );

const conflicts = ({ key, isAmong, values }: Conflict, selector: Labels): boolean => {
  const value = Object.hasOwn(selector, key) ? selector[key] : undefined;
  return value !== undefined && values.includes(value) === isAmong;
};

const mayCarrySidecar = ({ containers, images, labels }: SidecarMarks, pod: PodWords): boolean =>
  labels.some((key) => Object.hasOwn(pod.labels, key)) ||
  pod.containers.some(({ name, image }) => containers.includes(name) || images.some((part) => image.includes(part)));

const dependsOnNodes = ({ selector, exemptions }: Policy): string | undefined => {
  if (!isEverything(selector.node)) return 'it has a nodeSelector, and on which node a pod will run is not known yet';
  const exemption = exemptions.find((each) => !isEverything(each.selector.node));
  return exemption === undefined
    ? undefined
    : `its exemption ${exemption.name} has a nodeSelector, and on which node a pod will run is not known yet`;
};

const keptOutOf = (
  agent: AgentDefinition,
  catalogue: AgentCatalogue,
  runtimeClasses: readonly RuntimeClassFacts[],
): KeptOut => ({
  agent: agent.name,
  runtimeClasses: runtimeClasses
    .filter(({ handler }) => isSandbox(handler) && !agent.runtimeHandlers.includes(handler))
    .map(({ name }) => name)
    .toSorted(),
  everyOf: catalogue.installationsOf(agent).flatMap(({ daemonSet }) => conflictsWith(daemonSet)),
});

/** Its nodeSelector and each alternative of its affinity: a node is out of reach where it fits none of the alternatives. */
const conflictsWith = ({
  scheduling: { nodeSelector, affinity },
}: DaemonSetFacts): readonly (readonly Conflict[])[] => {
  const selected = Object.entries(nodeSelector).map(([key, value]) => ({ key, isAmong: false, values: [value] }));
  const terms = affinity ?? [];
  return terms.length === 0
    ? [selected]
    : terms.map(({ expressions }) => [...selected, ...expressions.flatMap((expression) => conflictOf(expression))]);
};

const conflictOf = ({ key, operator, values }: NodeExpression): readonly Conflict[] => {
  switch (operator) {
    case 'In':
      return [{ key, isAmong: false, values }];
    case 'NotIn':
      return [{ key, isAmong: true, values }];
    // Whatever value the pod asks for, the node has the label then.
    case 'DoesNotExist':
      return [{ key, isAmong: false, values: [] }];
    case 'Exists':
    case 'Gt':
    case 'Lt':
      return [];
  }
};

const marksOf = (agents: readonly AgentDefinition[]): SidecarMarks => {
  const marks = agents.flatMap(({ sidecar }) => (sidecar === undefined ? [] : [sidecar]));
  const unique = (of: (recognition: Recognition) => readonly string[]): readonly string[] =>
    [...new Set(marks.flatMap(of))].toSorted();
  return {
    containers: unique(({ containerNames }) => containerNames),
    images: unique(({ images }) => images),
    // Where containers are marked, labels alone make no sidecar.
    labels: unique(({ selector, containerNames, images }) =>
      containerNames.length > 0 || images.length > 0
        ? []
        : [...Object.keys(selector?.matchLabels ?? {}), ...(selector?.matchExpressions ?? []).map(({ key }) => key)],
    ),
  };
};
