// How many pods of a finding have behaved so: each is counted once, whether or not its name is still known.
import type { LiveFinding } from './live-finding.ts';

/** Pods of one finding that are told apart; past it each further one counts as new. */
const mostPodsKnown = 10_000;

type Pods = Pick<LiveFinding, 'podsKnown' | 'forgotten'>;

/** Whether the pod is to be counted. */
export const isNewPod = (finding: Pods, pod: string | undefined, createdAt: number | undefined): boolean =>
  pod !== undefined && !finding.podsKnown.has(pod) && !isForgotten(finding, createdAt);

export const rememberPod = ({ podsKnown }: Pods, pod: string | undefined): void => {
  if (pod !== undefined && podsKnown.size < mostPodsKnown) podsKnown.add(pod);
};

/** Only some of the pods are stored: as many as were forgotten are taken for those, or a restart would count them anew. */
const isForgotten = (finding: Pods, createdAt = Number.POSITIVE_INFINITY): boolean => {
  const { pods, before } = finding.forgotten;
  if (pods <= 0 || createdAt > before) return false;
  finding.forgotten = { pods: pods - 1, before };
  return true;
};
