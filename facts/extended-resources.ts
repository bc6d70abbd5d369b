// Resources beyond those that every node has: GPUs, network functions, whatever a device plugin brings.
import { distinct, list, object, type Raw } from './read.ts';

/** The names above zero in a list of resources, such as a node's allocatable. */
export const extendedResourcesOf = (...resources: readonly unknown[]): readonly string[] =>
  distinct(
    resources.flatMap((amounts) =>
      Object.entries(object(amounts))
        .filter(([name, amount]) => isExtended(name) && !isZero(amount))
        .map(([name]) => name),
    ),
  );

/** What the containers of a pod ask for. Init containers count: the pod lands nowhere where they could not run. */
export const requestedExtendedResources = (spec: Raw): readonly string[] =>
  extendedResourcesOf(
    ...[...list(spec.initContainers), ...list(spec.containers)].flatMap((container) => {
      const { requests, limits } = object(object(container).resources);
      // For these a limit alone is a request, too.
      return [requests, limits];
    }),
  );

const standard = new Set(['cpu', 'memory', 'ephemeral-storage', 'storage', 'pods']);

const isExtended = (name: string): boolean =>
  !standard.has(name) && !name.startsWith('hugepages-') && !name.startsWith('attachable-volumes-');

/** Extended resources are whole numbers, so zero has one form; YAML may have made it a number. */
const isZero = (amount: unknown): boolean => amount === '0' || amount === 0;
