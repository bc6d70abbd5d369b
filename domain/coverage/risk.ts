// What makes an unprotected workload worse than another, as bits: the higher bit outweighs all below it.
import type { Labels, PodShape } from '../types.ts';

export const risks = { privileged: 16, hostPID: 8, hostNetwork: 4, hostPath: 2, exposed: 1 } as const;

export const riskOf = (shapes: Iterable<PodShape>, isExposed: (labels: Labels) => boolean): number => {
  let risk = 0;
  for (const { privileged, hostPID, hostNetwork, hostPath, labels } of shapes) {
    if (privileged) risk |= risks.privileged;
    if (hostPID) risk |= risks.hostPID;
    if (hostNetwork) risk |= risks.hostNetwork;
    if (hostPath) risk |= risks.hostPath;
    if (isExposed(labels)) risk |= risks.exposed;
  }
  return risk;
};
