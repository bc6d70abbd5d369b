// Image repositories by workload, from the templates of controllers: two workloads with one image are alike, whatever they are called.
import { parseImage } from '../../domain/image.ts';
import { containersOf } from '../../facts/containers.ts';
import { podTemplateOf } from '../../facts/pod-template.ts';
import { list, object, text } from '../../facts/read.ts';
import { resources, type Resource } from '../../kube/resource.ts';

const controllers: readonly Resource[] = [
  resources.deployments,
  resources.statefulSets,
  resources.daemonSets,
  resources.replicaSets,
  resources.replicationControllers,
  resources.jobs,
  resources.cronJobs,
];

export interface Repositories {
  /** By NAMESPACE/KIND/NAME. */
  readonly of: ReadonlyMap<string, ReadonlySet<string>>;
  /** Kinds that may not be read: their workloads are compared by their gaps only. */
  readonly unread: readonly string[];
}

export const repositoriesIn = async (
  read: (resource: Resource) => Promise<readonly unknown[] | undefined>,
): Promise<Repositories> => {
  const of = new Map<string, Set<string>>();
  const unread: string[] = [];
  for (const resource of controllers) {
    const items = await read(resource);
    if (items === undefined) unread.push(resource.plural);
    for (const item of items ?? []) {
      const template = podTemplateOf(resource.kind, item);
      if (template === undefined) continue;
      const images = containersOf(object(template['spec'])).map(({ raw }) => parseImage(text(raw['image'])).repository);
      const workload = workloadOf(resource.kind, item);
      of.set(workload, new Set([...(of.get(workload) ?? []), ...images.filter((image) => image !== '')]));
    }
  }
  return { of, unread };
};

/** The owner, where there is one: a ReplicaSet's pods count for its Deployment, or for a Rollout that we know nothing of. */
const workloadOf = (kind: string, raw: unknown): string => {
  const metadata = object(object(raw)['metadata']);
  const owner = list(metadata['ownerReferences'])
    .map(object)
    .find(({ controller }) => controller === true);
  const namespace = text(metadata['namespace']);
  return owner === undefined
    ? `${namespace}/${kind}/${text(metadata['name'])}`
    : `${namespace}/${text(owner['kind'])}/${text(owner['name'])}`;
};
