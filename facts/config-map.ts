// ConfigMap → ConfigMapFacts. Binary data is left out: agents' settings and rules are text.
import type { ConfigMapFacts } from '../domain/types.ts';
import { metadataOf } from './metadata.ts';
import { object, textMap } from './read.ts';

export const projectConfigMap = (raw: unknown): ConfigMapFacts | undefined => {
  const metadata = metadataOf(raw);
  if (metadata === undefined) return undefined;
  const { namespace, name } = metadata;
  return { namespace, name, data: textMap(object(raw).data) };
};
