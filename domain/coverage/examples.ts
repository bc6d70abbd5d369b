// What gaps show of the assets of a bucket: the first few by name, and what makes them pressing. Kept with the bucket until an asset comes or
// goes that shows: of thousands, a change touches one or two.
import type { WorkloadEntry } from './inventory.ts';
import type { Bucket, Derived } from './tally.ts';

/** Of each kind. */
export const assetsShown = 5;

export const derivedOf = (bucket: Bucket): Derived => {
  if (bucket.derived !== undefined) return bucket.derived;
  const [nodeNames, workloadKeys]: [string[], string[]] = [[], []];
  let risk = 0;
  for (const { name } of bucket.nodes) keepSmallest(nodeNames, name, assetsShown);
  for (const workload of bucket.workloads) {
    risk |= workload.risk;
    keepSmallest(workloadKeys, workload.key, assetsShown);
  }
  bucket.derived = { risk, nodeNames, workloadKeys };
  return bucket.derived;
};

/** Whether a node that comes or goes shows. */
export const showsNode = ({ nodeNames }: Derived, name: string): boolean => isAmong(nodeNames, name);

/** Whether a workload that comes or goes shows. */
export const showsWorkload = ({ workloadKeys }: Derived, { key, risk }: WorkloadEntry): boolean =>
  risk !== 0 || isAmong(workloadKeys, key);

const isAmong = (shown: readonly string[], name: string): boolean => {
  const last = shown.at(-1);
  return last === undefined || shown.length < assetsShown || name <= last;
};

/** Keeps the list sorted and at most `most` long, so that examples are the same whatever the order of arrival. */
export const keepSmallest = (list: string[], name: string, most: number): void => {
  const last = list.at(-1);
  if (list.length === most && last !== undefined && name >= last) return;
  const at = list.findIndex((known) => name < known);
  list.splice(at === -1 ? list.length : at, 0, name);
  if (list.length > most) list.pop();
};
