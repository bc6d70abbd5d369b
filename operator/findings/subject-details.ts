// What else is said of a finding's subject when it is written: the Services that select it, and the team that its labels name.
import type { CoverageModel } from '../../domain/coverage/model.ts';
import type { FindingSubject } from '../../domain/findings/types.ts';
import type { Labels } from '../../domain/types.ts';
import type { SubjectDetails } from './status.ts';

const mostServices = 20;

/** `before`: as it was said last, which holds while nothing of it runs that could say otherwise. */
export const detailsOf = (
  { inventory, servicesIn, namespaceLabels }: Pick<CoverageModel, 'inventory' | 'servicesIn' | 'namespaceLabels'>,
  { kind, namespace, name }: FindingSubject,
  teamLabels: readonly string[],
  before: { readonly services?: readonly string[] | undefined; readonly team?: string | undefined } = {},
): SubjectDetails => {
  if (namespace === undefined) return { services: [], team: undefined };
  const workload = inventory.workloads.get(`${namespace}/${kind}/${name}`);
  const [pod] = workload?.pods ?? [];
  const labels = pod?.facts.shape.labels ?? {};
  const services = servicesIn(namespace)
    .filter(({ selector }) => selector !== undefined && hasLabels(selector, labels))
    .map((service) => service.name)
    .toSorted()
    .slice(0, mostServices);
  const ofNamespace = namespaceLabels(namespace);
  const team = teamLabels.map((key) => labels[key] ?? ofNamespace[key]).find((value) => value !== undefined);
  return pod === undefined ? { services: before.services ?? [], team: before.team ?? team } : { services, team };
};

const hasLabels = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);
