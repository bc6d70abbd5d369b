// Whether the outside has been told of a finding all that there is to tell, as far as the finding itself says.
import { findingDeliverable, standingFinding } from '../sinks/deliverable.ts';
import type { RawObject } from '../watches.ts';

/** A resolved finding, once the outside was told so. Without a sink there is nobody to be told. */
export const mayGo = (finding: RawObject, cluster: string, hasSink: boolean): boolean =>
  standingFinding(finding)?.status.phase === 'Resolved' && (!hasSink || isAllTold(finding, cluster));

export const isAllTold = (finding: RawObject, cluster: string): boolean => {
  const { events, told } = findingDeliverable(finding, cluster);
  return told !== undefined && events.at(-1)?.id === told;
};
