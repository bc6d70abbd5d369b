// RuntimeClass → RuntimeClassFacts.
import type { RuntimeClassFacts } from '../domain/types.ts';
import { metadataOf } from './metadata.ts';
import { object, text, textMap } from './read.ts';
import { projectTolerations } from './scheduling.ts';

export const projectRuntimeClass = (raw: unknown): RuntimeClassFacts | undefined => {
  const metadata = metadataOf(raw);
  if (metadata === undefined) return undefined;
  // This kind has no spec: its fields stand at the top.
  const { handler, scheduling } = object(raw);
  const { nodeSelector, tolerations } = object(scheduling);
  return {
    name: metadata.name,
    handler: text(handler),
    nodeSelector: textMap(nodeSelector),
    tolerations: projectTolerations(tolerations),
  };
};
