// Brings rendered objects into a cluster in the order in which `helm install` does: definitions, namespaces, the rest.
import type { RenderedObject } from './render.ts';
import type { Kubectl } from './target.ts';

/** Helm's own, so that a `helm upgrade` later owns what we made. */
const fieldManager = 'helm';
const establishedWithin = '60s';

export const applyObjects = async (
  kubectl: Kubectl,
  objects: readonly RenderedObject[],
  namespace: string,
  signal?: AbortSignal,
): Promise<void> => {
  const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
  const others = objects.filter(({ kind }) => kind !== 'CustomResourceDefinition');
  if (definitions.length > 0) {
    await apply(kubectl, definitions, signal);
    const names = definitions.map(({ metadata }) => `customresourcedefinition/${metadata.name}`);
    await kubectl(['wait', '--for=condition=Established', `--timeout=${establishedWithin}`, ...names], {
      deadlineMs: 90_000,
      signal,
    });
  }
  await createNamespaces(
    kubectl,
    new Set([namespace, ...others.flatMap(({ metadata }) => metadata.namespace ?? [])]),
    signal,
  );
  await apply(kubectl, others, signal);
};

const apply = async (kubectl: Kubectl, items: readonly RenderedObject[], signal?: AbortSignal): Promise<void> => {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await kubectl(
    // A second installation takes its fields back from whoever changed them since.
    ['apply', '--server-side', '--force-conflicts', `--field-manager=${fieldManager}`, '--filename=-'],
    { input, signal },
  );
};

/** As `helm install --create-namespace` does for the release's; those of agents must stand before the Roles in them. */
const createNamespaces = async (kubectl: Kubectl, wanted: ReadonlySet<string>, signal?: AbortSignal): Promise<void> => {
  const present = await kubectl(['get', 'namespaces', '--output=name'], { signal });
  const missing = [...wanted].filter((name) => !present.split('\n').includes(`namespace/${name}`));
  for (const name of missing) await kubectl(['create', 'namespace', name], { signal });
};
