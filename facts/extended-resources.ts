// Resources beyond those that every node has: GPUs, network functions, whatever a device plugin brings.
import { distinct, list, object, type Raw } from './read.ts';

/** The names above zero in a list of resources, such as a node's allocatable. */
export const extendedResourcesOf = (amounts: unknown): readonly string[] => {
  const names: string[] = [];
  addExtended(names, amounts);
  return distinct(names);
};

/** What the containers of a pod ask for. Init containers count: the pod lands nowhere where they could not run. */
export const requestedExtendedResources = (spec: Raw): readonly string[] => {
  const names: string[] = [];
  for (const containers of [spec.initContainers, spec.containers]) {
    for (const container of list(containers)) {
      const { requests, limits } = object(object(container).resources);
      addExtended(names, requests);
      // For these a limit alone is a request, too.
      addExtended(names, limits);
    }
  }
  return names.length === 0 ? names : distinct(names);
};

/** Looks at a hundred thousand pods at a start, nearly all of which ask for nothing but CPU and memory. */
const addExtended = (names: string[], amounts: unknown): void => {
  const given = object(amounts);
  for (const name in given) if (isExtended(name) && !isZero(given[name])) names.push(name);
};

const standard = new Set(['cpu', 'memory', 'ephemeral-storage', 'storage', 'pods']);

const isExtended = (name: string): boolean =>
  !standard.has(name) && !name.startsWith('hugepages-') && !name.startsWith('attachable-volumes-');

/** Extended resources are whole numbers, so zero has one form; YAML may have made it a number. */
const isZero = (amount: unknown): boolean => amount === '0' || amount === 0;
