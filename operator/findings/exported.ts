// Whether the outside has been told of a finding all that there is to tell, as far as the finding itself says.
import { findingDeliverable } from '../sinks/deliverable.ts';
import type { RawObject } from '../watches.ts';

export const isAllTold = (finding: RawObject, cluster: string): boolean => {
  const { events, told } = findingDeliverable(finding, cluster);
  return told !== undefined && events.at(-1)?.id === told;
};
