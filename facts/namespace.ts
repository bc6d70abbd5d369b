// Namespace → NamespaceFacts.
import type { NamespaceFacts } from '../domain/types.ts';
import { metadataOf } from './metadata.ts';
import { object } from './read.ts';

export const projectNamespace = (raw: unknown): NamespaceFacts | undefined => {
  const metadata = metadataOf(raw);
  if (metadata === undefined) return undefined;
  const { name, labels, deleting } = metadata;
  return { name, labels, terminating: deleting || object(object(raw).status).phase === 'Terminating' };
};
