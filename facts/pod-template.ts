// The pods that a controller makes, as it writes them down.
import type { OwnerReference } from '../domain/types.ts';
import { metadataOf } from './metadata.ts';
import { object, text, type Raw } from './read.ts';

const controllerKinds = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
]);

/** Undefined for a kind that makes no pods, and for one that says nothing of them. */
export const podTemplateOf = (kind: string, raw: unknown): Raw | undefined => {
  const spec = object(object(raw).spec);
  const template =
    kind === 'CronJob'
      ? object(object(spec.jobTemplate).spec).template
      : controllerKinds.has(kind)
        ? spec.template
        : undefined;
  return template === undefined || template === null ? undefined : object(template);
};

/** The controller as its pods name it. */
export const ownerReferenceTo = (apiVersion: string, kind: string, raw: unknown, name?: string): OwnerReference => ({
  apiVersion,
  kind,
  name: name ?? metadataOf(raw)?.name ?? text(object(object(raw).metadata).generateName),
});
