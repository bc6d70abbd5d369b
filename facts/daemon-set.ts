// DaemonSet → DaemonSetFacts.
import type { DaemonSetFacts, TemplateContainer } from '../domain/types.ts';
import { containersOf, literalEnv } from './containers.ts';
import { controllerOf, metadataOf } from './metadata.ts';
import { distinct, list, object, type Raw, text, textMap } from './read.ts';
import { projectScheduling } from './scheduling.ts';

export const projectDaemonSet = (raw: unknown): DaemonSetFacts | undefined => {
  const metadata = metadataOf(raw);
  if (metadata === undefined) return undefined;
  const { namespace, name, labels, createdAt } = metadata;
  const template = object(object(object(raw).spec).template);
  const spec = object(template.spec);
  const containers = containersOf(spec);
  return {
    namespace,
    name,
    owner: controllerOf(raw),
    labels,
    podLabels: textMap(object(template.metadata).labels),
    containers: containers.map(({ role, raw: container }): TemplateContainer => ({
      name: text(container.name),
      image: text(container.image),
      role,
      env: literalEnv(container),
    })),
    configMaps: configMapsOf(
      spec,
      containers.map(({ raw: container }) => container),
    ),
    scheduling: projectScheduling(spec),
    hostNetwork: spec.hostNetwork === true,
    createdAt,
  };
};

/** Those of its own namespace that its pods read: mounted, alone or projected with others, or as environment. */
const configMapsOf = (spec: Raw, containers: readonly Raw[]): readonly string[] => {
  const volumes = list(spec.volumes).map(object);
  const projected = volumes.flatMap((volume) => list(object(volume.projected).sources).map(object));
  const sources = containers.flatMap((container) => list(container.envFrom).map(object));
  const variables = containers.flatMap((container) =>
    list(container.env).map((item) => object(object(item).valueFrom)),
  );
  const references = [
    ...volumes.map(({ configMap }) => configMap),
    ...projected.map(({ configMap }) => configMap),
    ...sources.map(({ configMapRef }) => configMapRef),
    ...variables.map(({ configMapKeyRef }) => configMapKeyRef),
  ];
  const names = references.map((reference) => text(object(reference).name));
  return distinct(names.filter((name) => name !== ''));
};
