// Whose behaviour an event is. Nothing is guessed onto a workload: where what the event says does not fit together with what is known
// of the cluster, it belongs to nobody, and the answer says what was missing.
import type { EventOrigin } from './types.ts';

/** A pod as it is, or was until a moment ago. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | undefined;
  readonly node: string | undefined;
  readonly createdAt: number;
  readonly workload: { readonly kind: string; readonly name: string };
  /** Name and image of each container. */
  readonly containers: readonly { readonly name: string; readonly image: string }[];
}

/** A container as its runtime knows it. */
export interface ContainerIdentity {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface AttributionInput {
  readonly origin: EventOrigin;
  /** The node that the sender is limited to; undefined for one that may speak for all. */
  readonly senderNode: string | undefined;
  /** `node`: where it is said to have run, which tells it from an earlier or later pod of its name. */
  readonly pod: (namespace: string, name: string, node: string | undefined) => PodIdentity | undefined;
  readonly isNode: (name: string) => boolean;
  /** By the whole id or its first characters; undefined where none is known on that node. */
  readonly container: (node: string, id: string) => ContainerIdentity | undefined;
}

export type Attribution =
  | {
      readonly kind: 'Container';
      readonly node: string;
      readonly pod: PodIdentity;
      readonly container: string;
      readonly image: string;
    }
  | { readonly kind: 'Node'; readonly node: string }
  /** The sender may not say so. */
  | { readonly kind: 'Refused'; readonly reason: 'ForeignNode'; readonly message: string }
  | {
      readonly kind: 'Unattributed';
      readonly reason: UnattributedReason;
      readonly message: string;
      readonly node: string | undefined;
      /** What would help: containers of the node, read anew, if one of them has that id. */
      readonly lookUp?: { readonly node: string; readonly id: string };
    };

export const unattributedReasons = [
  'NodeUnknown',
  'PodUnknown',
  'PodElsewhere',
  'ContainerUnknown',
  'NothingSaid',
] as const;
export type UnattributedReason = (typeof unattributedReasons)[number];

export const attribute = (input: AttributionInput): Attribution => {
  const { origin, senderNode, isNode } = input;
  if (senderNode !== undefined && origin.node !== undefined && origin.node !== senderNode) {
    return {
      kind: 'Refused',
      reason: 'ForeignNode',
      message: `the sender is limited to node ${senderNode} and names another one`,
    };
  }
  const node = origin.node ?? senderNode;
  if (node !== undefined && !isNode(node)) {
    return unattributed('NodeUnknown', 'the event names a node that the cluster does not have', undefined);
  }
  if (origin.onHost === true) {
    return node === undefined
      ? unattributed('NothingSaid', 'the event is about a node and does not say which', undefined)
      : { kind: 'Node', node };
  }
  return origin.namespace !== undefined && origin.pod !== undefined
    ? byPodName(input, origin.namespace, origin.pod, node)
    : byContainerId(input, node);
};

const byPodName = (input: AttributionInput, namespace: string, name: string, node: string | undefined): Attribution => {
  const pod = input.pod(namespace, name, node);
  if (pod === undefined || isAnother(pod, input.origin)) {
    return unattributed(
      'PodUnknown',
      'the event names a pod that the cluster does not have and did not have lately',
      node,
    );
  }
  return inPod(input, pod, node, undefined);
};

/** A later pod of the same name, as StatefulSets make them. */
const isAnother = ({ uid }: PodIdentity, { podUid }: EventOrigin): boolean =>
  uid !== undefined && podUid !== undefined && uid !== podUid;

const byContainerId = (input: AttributionInput, node: string | undefined): Attribution => {
  const { containerId } = input.origin;
  if (containerId === undefined || containerId === '') {
    return unattributed('NothingSaid', 'the event names neither a pod nor a container', node);
  }
  if (node === undefined) {
    return unattributed('NothingSaid', 'the event names a container and not the node that it ran on', undefined);
  }
  const found = input.container(node, containerId);
  const pod = found && input.pod(found.namespace, found.pod, node);
  if (found === undefined || pod === undefined) {
    return {
      ...unattributed('ContainerUnknown', 'no pod of the node has a container with that id', node),
      lookUp: { node, id: containerId },
    };
  }
  return inPod(input, pod, node, found.container);
};

const inPod = (
  input: AttributionInput,
  pod: PodIdentity,
  node: string | undefined,
  known: string | undefined,
): Attribution => {
  if (pod.node === undefined || (node !== undefined && pod.node !== node)) {
    return unattributed('PodElsewhere', 'the pod that the event names does not run on the node that it names', node);
  }
  const name = known ?? containerOf(input, pod);
  const container = pod.containers.find((each) => each.name === name);
  if (container === undefined) {
    const { containerId } = input.origin;
    return {
      ...unattributed('ContainerUnknown', 'the event does not say which of the pod’s containers it is about', pod.node),
      ...(containerId === undefined ? {} : { lookUp: { node: pod.node, id: containerId } }),
    };
  }
  return { kind: 'Container', node: pod.node, pod, container: container.name, image: container.image };
};

/** By its name, by its id, or because the pod has no other. */
const containerOf = ({ origin, container }: AttributionInput, pod: PodIdentity): string | undefined => {
  if (pod.containers.some(({ name }) => name === origin.container)) return origin.container;
  if (origin.containerId !== undefined && pod.node !== undefined) {
    const found = container(pod.node, origin.containerId);
    if (found !== undefined && found.namespace === pod.namespace && found.pod === pod.name) return found.container;
  }
  return pod.containers.length === 1 ? pod.containers[0]?.name : undefined;
};

const unattributed = (
  reason: UnattributedReason,
  message: string,
  node: string | undefined,
): Extract<Attribution, { kind: 'Unattributed' }> => ({ kind: 'Unattributed', reason, message, node });
