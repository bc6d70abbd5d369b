// Which report stands for which node, from slices that come one by one: while assets move between slices, two may name a node.
import type { NodeReport } from '../domain/placement/reported-presence.ts';
import type { Change } from '../kube/store.ts';
import type { NodeSlice } from '../facts/node-slice.ts';

export interface NodeReports {
  readonly of: (node: string) => NodeReport | undefined;
  readonly take: (change: Change<NodeSlice>) => void;
  readonly size: () => number;
}

export const createNodeReports = (): NodeReports => {
  const reports = new Map<string, { readonly slice: string; readonly report: NodeReport }>();

  const forget = ({ name, profiles }: NodeSlice): void => {
    for (const { nodes } of profiles) {
      // Another slice may have named the node since.
      for (const node of nodes) if (reports.get(node)?.slice === name) reports.delete(node);
    }
  };

  const learn = ({ name, profiles }: NodeSlice): void => {
    for (const { report, nodes } of profiles) for (const node of nodes) reports.set(node, { slice: name, report });
  };

  return {
    of: (node) => reports.get(node)?.report,
    size: () => reports.size,
    take: (change) => {
      if (change.type === 'modified') forget(change.previous);
      if (change.type === 'deleted') forget(change.item);
      else learn(change.item);
    },
  };
};
