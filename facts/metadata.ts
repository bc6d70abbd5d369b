// The part of an object's metadata that we read.
import type { Labels, OwnerReference } from '../domain/types.ts';
import { list, object, type Raw, text, textMap, time } from './read.ts';

export interface Metadata {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Labels;
  readonly createdAt: number;
  readonly deleting: boolean;
}

/** Undefined for what has no name: no store could hold it. */
export const metadataOf = (raw: unknown): Metadata | undefined => {
  const metadata = object(object(raw).metadata);
  const name = text(metadata.name);
  if (name === '') return undefined;
  return {
    namespace: text(metadata.namespace),
    name,
    uid: text(metadata.uid),
    labels: textMap(metadata.labels),
    createdAt: time(metadata.creationTimestamp),
    deleting: typeof metadata.deletionTimestamp === 'string',
  };
};

/** The owner that controls the object. Others only keep it from being collected, and say nothing of whose work it is. */
export const controllerOf = (raw: unknown): OwnerReference | undefined => {
  for (const item of list(object(object(raw).metadata).ownerReferences)) {
    const reference: Raw = object(item);
    const [kind, name] = [text(reference.kind), text(reference.name)];
    if (reference.controller === true && kind !== '' && name !== '') {
      return { apiVersion: text(reference.apiVersion), kind, name };
    }
  }
  return undefined;
};
