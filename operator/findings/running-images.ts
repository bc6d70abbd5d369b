// Which images a finding's workload runs now, against the one in which its behaviour was last seen.
import { workloadKey, type WorkloadEntry } from '../../domain/coverage/inventory.ts';
import type { CoverageModel } from '../../domain/coverage/model.ts';
import { imageChangeOf, type ImageChange, type RunningImage } from '../../domain/findings/image-change.ts';
import { digestOf, type FindingRecord } from '../../domain/findings/record.ts';
import type { PodShape } from '../../domain/types.ts';
import type { ObjectReader } from './object-reader.ts';

/** Beyond as many pods nobody asks each for its digest: what has the same tag is taken for the same image. */
const mostAsked = 50;

export const lookAtImages = (
  { inventory }: Pick<CoverageModel, 'inventory'>,
  reader: Pick<ObjectReader, 'peek'>,
  record: FindingRecord,
  now: number,
): ImageChange | undefined => {
  const { subject, image, imageChange } = record;
  const { kind, namespace, name, container } = subject;
  if (namespace === undefined || container === undefined) return undefined;
  const workload = inventory.workloads.get(workloadKey(namespace, kind, name));
  if (workload === undefined) return imageChange;
  const digest = digestOf(record);
  return imageChangeOf({ image, digest }, running(workload, container, reader, record, digest), imageChange, now);
};

/** Pods of one template share one shape. One that ends runs until it has ended. */
function* running(
  workload: WorkloadEntry,
  container: string,
  reader: Pick<ObjectReader, 'peek'>,
  { image: seenIn, state: { lastSeen } }: FindingRecord,
  seenDigest: string | undefined,
): Generator<RunningImage> {
  const images = new Map<PodShape, string | undefined>();
  const mayAsk = seenDigest !== undefined && workload.pods.size <= mostAsked;
  for (const { facts } of workload.pods) {
    if (facts.phase !== 'Running') continue;
    const { shape, namespace, name, createdAt } = facts;
    if (!images.has(shape)) images.set(shape, shape.containers.find((each) => each.name === container)?.image);
    const image = images.get(shape);
    if (image === undefined) continue;
    // A pod that was there when the behaviour was last seen is taken for one that may have shown it.
    const isAsked = mayAsk && image === seenIn && createdAt > lastSeen;
    const read = isAsked ? reader.peek('Pod', namespace, name)?.containers.get(container) : undefined;
    yield { image, digest: read?.image === image ? read.digest : undefined };
  }
}
