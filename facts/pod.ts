// Pod → PodFacts, small enough that 150,000 of them fit into the operator's memory many times over.
import { hash } from 'node:crypto';
import type { OwnerReference, PodFacts, PodPhase, PodShape } from '../domain/types.ts';
import { breakGlassOf } from './break-glass.ts';
import { controllerOf, metadataOf } from './metadata.ts';
import { projectPodShape } from './pod-shape.ts';
import { projectPodTrouble } from './pod-trouble.ts';
import { condition, object, type Raw, text, textOrNone } from './read.ts';
import { createRecentPool, type Pool } from './recent-pool.ts';
import { requiredNodeTerms } from './scheduling.ts';
import { createWeakPool } from './weak-pool.ts';

/** Node names of 5,000 nodes, namespaces, images and messages: twice this many texts of about 100 bytes are 3 MB. */
const textLimit = 16_384;
/** As many ReplicaSets and Jobs as have changing pods at a time; two generations are 5 MB. */
const ownerLimit = 16_384;

/**
 * A projection with pools of its own: pods of one template share one shape, pods of one owner one reference. Undefined for pods that
 * have ended, except for the failed one of a DaemonSet, which says why its node is not watched.
 */
export const createPodProjection = (): ((raw: unknown) => PodFacts | undefined) => {
  const pooled = createTextPool();
  const owners = createRecentPool<OwnerReference>(ownerLimit);
  const shapes = createWeakPool<PodShape>();

  const ownerOf = (raw: unknown): OwnerReference | undefined => {
    const owner = controllerOf(raw);
    return owner && owners(`${owner.apiVersion} ${owner.kind} ${owner.name}`, () => withPooledKind(owner, pooled));
  };

  const shapeOf = (raw: unknown): PodShape => {
    const shape = projectPodShape(raw);
    // The digest, since the text itself would take as much memory again as the shapes.
    return shapes.get(hash('sha256', JSON.stringify(shape), 'base64'), () => withPooledTexts(shape, pooled));
  };

  return (raw) => {
    const metadata = metadataOf(raw);
    if (metadata === undefined) return undefined;
    const spec = object(object(raw).spec);
    const status = object(object(raw).status);
    const phase = phaseOf(status);
    const owner = ownerOf(raw);
    if (phase === 'Succeeded' || (phase === 'Failed' && owner?.kind !== 'DaemonSet')) return undefined;
    const node = textOrNone(spec.nodeName);
    const pinnedNode = node === undefined ? pinnedNodeOf(spec) : undefined;
    const ready = condition(status, 'Ready')?.status === 'True';
    return {
      namespace: pooled(metadata.namespace),
      name: metadata.name,
      node: node && pooled(node),
      pinnedNode: pinnedNode && pooled(pinnedNode),
      shape: shapeOf(raw),
      owner,
      phase,
      ready,
      deleting: metadata.deleting,
      createdAt: metadata.createdAt,
      trouble: ready ? undefined : projectPodTrouble(status, pooled),
      ...breakGlassOfPod(raw, metadata.uid),
      ...addressOf(status, owner),
    };
  };
};

/** Nothing for all but the few pods that ask, and for what is not written as it must be: admission has refused that. */
const breakGlassOfPod = (raw: unknown, uid: string): Pick<PodFacts, 'breakGlass'> => {
  const request = breakGlassOf(raw);
  return request?.ok === true ? { breakGlass: { ...request.value, uid } } : {};
};

/** A pod on its node's network has the node's address. */
const addressOf = (status: Raw, owner: OwnerReference | undefined): Pick<PodFacts, 'address'> => {
  const address = textOrNone(status.podIP);
  const mayBeAgent = owner?.kind === 'DaemonSet' || owner?.kind === 'Node';
  return address !== undefined && mayBeAgent ? { address } : {};
};

const createTextPool = (): ((value: string) => string) => {
  const pool: Pool<string> = createRecentPool(textLimit);
  return (value) => pool(value, itself);
};

const itself = (value: string): string => value;

const withPooledKind = ({ apiVersion, kind, name }: OwnerReference, pooled: (value: string) => string) => ({
  apiVersion: pooled(apiVersion),
  kind: pooled(kind),
  name,
});

const withPooledTexts = (shape: PodShape, pooled: (value: string) => string): PodShape => ({
  ...shape,
  containers: shape.containers.map((container) => ({
    ...container,
    name: pooled(container.name),
    image: pooled(container.image),
    ...(container.switches === undefined ? {} : { switches: pooledEntries(container.switches, pooled) }),
  })),
});

const pooledEntries = (
  entries: Readonly<Record<string, string>>,
  pooled: (value: string) => string,
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(entries).map(([key, value]) => [pooled(key), pooled(value)]));

const phases = ['Pending', 'Running', 'Succeeded', 'Failed'] as const;

const phaseOf = (status: Raw): PodPhase => {
  // The API server writes Pending into every new pod; only one that was never stored has none.
  const phase = text(status.phase) || 'Pending';
  return phases.find((known) => known === phase) ?? 'Unknown';
};

/**
 * The node that all alternatives of the affinity name by its own field: the DaemonSet controller pins its pods like that, in every
 * alternative that the template has.
 */
const pinnedNodeOf = (spec: Raw): string | undefined => {
  const terms = requiredNodeTerms(spec) ?? [];
  const names = terms.map(
    ({ fields }) =>
      fields.find(({ key, operator, values }) => key === 'metadata.name' && operator === 'In' && values.length === 1)
        ?.values[0],
  );
  return names.every((name) => name === names[0]) ? names[0] : undefined;
};
