// Nodes whose findings wait: their clocks stand still until somebody knows again how the node stands.
import { object, text } from '../../facts/read.ts';
import type { RawObject } from '../watches.ts';

export const withFindingsOf = (behaviour: string, findings: Iterable<RawObject>): ReadonlySet<string> => {
  const nodes = new Set<string>();
  for (const finding of findings) {
    const status = object(object(finding).status);
    const node = text(object(status.subject).name);
    if (status.behaviour === behaviour && status.phase !== 'Resolved' && node !== '') nodes.add(node);
  }
  return nodes;
};
