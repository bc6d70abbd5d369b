// Node → NodeFacts.
import { nodeConditionType } from '../domain/nodes/plan.ts';
import type { KubeletFacts, Labels, NodeFacts, Taint } from '../domain/types.ts';
import { extendedResourcesOf } from './extended-resources.ts';
import { metadataOf } from './metadata.ts';
import { condition, list, object, text, textOrNone } from './read.ts';
import { virtualKindOf } from './virtual-node.ts';

export const projectNode = (raw: unknown): NodeFacts | undefined => {
  const metadata = metadataOf(raw);
  if (metadata === undefined) return undefined;
  const { name, uid, labels, createdAt } = metadata;
  const spec = object(object(raw).spec);
  const status = object(object(raw).status);
  const info = object(status.nodeInfo);
  const taints = list(spec.taints).flatMap(taintOf);
  const kubeletVersion = text(info.kubeletVersion);
  return {
    name,
    uid,
    labels,
    taints,
    unschedulable: spec.unschedulable === true,
    ready: condition(status, 'Ready')?.status === 'True',
    ...(condition(status, 'Ready')?.status === 'Unknown' ? { isSilent: true } : {}),
    operatingSystem: platformOf(labels, 'kubernetes.io/os', info.operatingSystem) ?? 'linux',
    architecture: platformOf(labels, 'kubernetes.io/arch', info.architecture) ?? '',
    osImage: text(info.osImage),
    kernelVersion: text(info.kernelVersion),
    containerRuntime: text(info.containerRuntimeVersion),
    kubeletVersion,
    extendedResources: extendedResourcesOf(status.allocatable),
    virtual: virtualKindOf(labels, taints, kubeletVersion),
    createdAt,
    ...ownCondition(status),
    ...kubeletOf(status, text(info.bootID)),
  };
};

/** The one that kubelets have unless they are told otherwise. */
const usualPort = 10_250;

const kubeletOf = (status: Readonly<Record<string, unknown>>, bootId: string): { readonly kubelet?: KubeletFacts } => {
  const internal = list(status.addresses)
    .map(object)
    .find(({ type }) => type === 'InternalIP');
  const address = text(internal?.address);
  const { Port: port } = object(object(status.daemonEndpoints).kubeletEndpoint);
  if (address === '') return {};
  return { kubelet: { address, port: isPort(port) ? port : usualPort, bootId } };
};

/** 0 is how a kubelet says nothing. */
const isPort = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;

const ownCondition = (status: Readonly<Record<string, unknown>>): Pick<NodeFacts, 'condition'> => {
  const found = condition(status, nodeConditionType);
  if (found === undefined) return {};
  const standing = found.status === 'True' || found.status === 'False' ? found.status : 'Unknown';
  return {
    condition: {
      status: standing,
      reason: text(found.reason),
      message: text(found.message),
      lastTransitionTime: text(found.lastTransitionTime),
    },
  };
};

/** The label first: it is what pods select nodes by. Virtual kubelets write "Linux" as their operating system. */
const platformOf = (labels: Labels, label: string, reported: unknown): string | undefined =>
  textOrNone(labels[label]) ?? textOrNone(reported)?.toLowerCase();

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;

/** A taint with an effect of a later Kubernetes is left out: we could not say whom it keeps away. */
const taintOf = (item: unknown): readonly Taint[] => {
  const taint = object(item);
  const effect = effects.find((known) => known === taint.effect);
  return effect === undefined ? [] : [{ key: text(taint.key), value: text(taint.value), effect }];
};
