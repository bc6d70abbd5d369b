// What makes an unprotected workload worse than another, as bits: the higher bit outweighs all below it.
import type { Labels, PodShape } from '../types.ts';

const bits = { Privileged: 32, HostPID: 16, HostNetwork: 8, HostPath: 4, Exposed: 2, OpenFindings: 1 } as const;

export type Risk = keyof typeof bits;

/** The most pressing first. */
export const risksIn = (risk: number): readonly Risk[] =>
  (Object.keys(bits) as Risk[]).filter((name) => (risk & bits[name]) !== 0);

export const riskOf = (
  shapes: Iterable<PodShape>,
  isExposed: (labels: Labels) => boolean,
  hasFindings: boolean,
): number => {
  let risk = hasFindings ? bits.OpenFindings : 0;
  for (const { privileged, hostPID, hostNetwork, hostPath, labels } of shapes) {
    if (privileged) risk |= bits.Privileged;
    if (hostPID) risk |= bits.HostPID;
    if (hostNetwork) risk |= bits.HostNetwork;
    if (hostPath) risk |= bits.HostPath;
    if (isExposed(labels)) risk |= bits.Exposed;
  }
  return risk;
};
