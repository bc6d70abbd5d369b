// The containers of a pod's spec, of every kind, in the order in which they start.
import type { ContainerRole } from '../domain/types.ts';
import { list, object, type Raw, text } from './read.ts';

export interface RawContainer {
  readonly role: ContainerRole;
  readonly raw: Raw;
}

export const containersOf = (spec: Raw): readonly RawContainer[] => {
  const containers: RawContainer[] = [];
  for (const item of list(spec.initContainers)) {
    const raw = object(item);
    // One that restarts always runs beside the main ones for the pod's whole life.
    containers.push({ role: raw.restartPolicy === 'Always' ? 'sidecar' : 'init', raw });
  }
  for (const item of list(spec.containers)) containers.push({ role: 'main', raw: object(item) });
  for (const item of list(spec.ephemeralContainers)) containers.push({ role: 'ephemeral', raw: object(item) });
  return containers;
};

/** Environment variables whose value stands in the spec itself. */
export const literalEnv = (container: Raw): Readonly<Record<string, string>> =>
  Object.fromEntries(
    list(container.env)
      .map(object)
      .filter((variable) => text(variable.name) !== '' && variable.valueFrom === undefined)
      .map((variable) => [text(variable.name), text(variable.value)]),
  );
