// What else is said of a finding's subject when it is written: the Services that select it, the team that its labels or annotations name, and
// the digest of the image that ran.
import type { CoverageModel } from '../../domain/coverage/model.ts';
import type { FindingRecord } from '../../domain/findings/record.ts';
import type { FindingSubject } from '../../domain/findings/types.ts';
import type { Labels } from '../../domain/types.ts';
import { isReadable, type ObjectReader } from './object-reader.ts';
import type { SubjectDetails } from './status.ts';

const mostServices = 20;

/** `before`: as it was said last, which holds while nothing of it runs that could say otherwise. */
export const detailsOf = (
  model: Pick<CoverageModel, 'inventory' | 'servicesIn'>,
  { subject }: FindingRecord,
  before: { readonly services?: readonly string[] | undefined } = {},
): SubjectDetails => {
  if (subject.namespace === undefined) return { services: [] };
  const labels = labelsOf(model, subject);
  if (labels === undefined) return { services: before.services ?? [] };
  const services = model
    .servicesIn(subject.namespace)
    .filter(({ selector }) => selector !== undefined && hasLabels(selector, labels))
    .map((service) => service.name)
    .toSorted()
    .slice(0, mostServices);
  return { services };
};

export type Learned = Pick<FindingRecord, 'imageDigest' | 'team'>;

/** What is to be known of the subject before it is written. What cannot be read now stays as it was. */
export const learn = async (
  model: Pick<CoverageModel, 'inventory' | 'namespaceLabels'>,
  reader: ObjectReader,
  teamKeys: readonly string[],
  record: FindingRecord,
): Promise<Learned> => {
  if (record.subject.namespace === undefined) return { imageDigest: undefined, team: undefined };
  return {
    imageDigest: await imageDigestOf(model, reader, record),
    team: await teamOf(model, reader, teamKeys, record),
  };
};

/** A pod is asked once: containers of a pod keep their image. */
const imageDigestOf = async (
  { inventory }: Pick<CoverageModel, 'inventory'>,
  reader: ObjectReader,
  { subject: { namespace = '', container }, image, imageDigest, pods: [pod] }: FindingRecord,
): Promise<FindingRecord['imageDigest']> => {
  if (pod === undefined || container === undefined || imageDigest?.pod === pod) return imageDigest;
  if (inventory.pod(namespace, pod) === undefined) return imageDigest;
  const found = (await reader.read('Pod', namespace, pod))?.containers.get(container);
  if (found === undefined) return imageDigest;
  // An event may come late, of a pod that ran an older image.
  return { pod, digest: found.image === image ? found.digest : undefined };
};

/** Labels are at hand, and so come first; annotations are read. What stands nearer to the pod says more. */
const teamOf = async (
  model: Pick<CoverageModel, 'inventory' | 'namespaceLabels'>,
  reader: ObjectReader,
  teamKeys: readonly string[],
  { subject, team }: FindingRecord,
): Promise<string | undefined> => {
  const { kind, namespace = '', name } = subject;
  const [pod] = model.inventory.workloads.get(`${namespace}/${kind}/${name}`)?.pods ?? [];
  if (pod === undefined && team !== undefined) return team;
  const ofPod = pod?.facts.shape.labels ?? {};
  const ofNamespace = model.namespaceLabels(namespace);
  const labelled = teamKeys.map((key) => ofPod[key] ?? ofNamespace[key]).find(isSaid);
  if (labelled !== undefined) return labelled;
  let isWhole = true;
  for (const [what, where, which] of [
    ...(pod === undefined ? [] : [['Pod', namespace, pod.facts.name] as const]),
    ...(kind === 'Pod' || !isReadable(kind) ? [] : [[kind, namespace, name] as const]),
    ['Namespace', '', namespace] as const,
  ]) {
    const marks = (await reader.read(what, where, which))?.marks;
    const annotated = teamKeys.map((key) => marks?.[key]).find(isSaid);
    if (annotated !== undefined) return annotated;
    isWhole &&= marks !== undefined;
  }
  return isWhole ? undefined : team;
};

const isSaid = (value: string | undefined): boolean => value !== undefined && value !== '';

const labelsOf = (
  { inventory }: Pick<CoverageModel, 'inventory'>,
  { kind, namespace, name }: FindingSubject,
): Labels | undefined => {
  const [pod] = inventory.workloads.get(`${namespace}/${kind}/${name}`)?.pods ?? [];
  return pod?.facts.shape.labels;
};

const hasLabels = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);
