// What owns pods, or owners of pods → OwnerFacts. PartialObjectMetadata is enough to read it from.
import type { OwnerFacts } from '../domain/types.ts';
import { controllerOf, metadataOf } from './metadata.ts';

/** Items of a list do not say their kind, and PartialObjectMetadata says its own: so whoever lists passes it in. */
export const createOwnerProjection =
  (kind: string): ((raw: unknown) => OwnerFacts | undefined) =>
  (raw) => {
    const metadata = metadataOf(raw);
    if (metadata === undefined) return undefined;
    const { namespace, name, labels } = metadata;
    const owner = controllerOf(raw);
    // Labels are read of the top of a chain only. A cluster keeps ten old ReplicaSets of each Deployment: theirs would be most of all.
    return { kind, namespace, name, owner, labels: owner === undefined ? labels : noLabels };
  };

const noLabels = Object.freeze({});
