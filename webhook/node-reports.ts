// Which report stands for which node, from slices that come one by one: while assets move between slices, two may name a node.
import type { NodeReport } from '../domain/placement/reported-presence.ts';
import type { Change } from '../kube/store.ts';
import type { NodeSlice } from '../facts/node-slice.ts';

export interface NodeReports {
  readonly of: (node: string) => NodeReport | undefined;
  readonly take: (change: Change<NodeSlice>) => void;
  readonly size: () => number;
}

/** `onChange` is told each node of which something else is said than before. */
export const createNodeReports = (onChange: (node: string) => void = () => {}): NodeReports => {
  const reports = new Map<string, { readonly slice: string; readonly report: NodeReport }>();

  const forget = ({ name, profiles }: NodeSlice, kept: ReadonlySet<string>): void => {
    for (const { nodes } of profiles) {
      for (const node of nodes) {
        // Another slice may have named the node since.
        if (kept.has(node) || reports.get(node)?.slice !== name) continue;
        reports.delete(node);
        onChange(node);
      }
    }
  };

  const learn = ({ name, profiles }: NodeSlice): ReadonlySet<string> => {
    const named = new Set<string>();
    for (const { report, nodes } of profiles) {
      for (const node of nodes) {
        named.add(node);
        const before = reports.get(node);
        reports.set(node, { slice: name, report });
        if (before?.report !== report) onChange(node);
      }
    }
    return named;
  };

  return {
    of: (node) => reports.get(node)?.report,
    size: () => reports.size,
    take: (change) => {
      if (change.type === 'deleted') return forget(change.item, new Set());
      const named = learn(change.item);
      if (change.type === 'modified') forget(change.previous, named);
    },
  };
};
