// Nodes by pool, as providers and autoscalers label them.
import type { NodeFacts } from '../../domain/types.ts';

export interface Pool {
  readonly name: string;
  readonly nodes: readonly NodeFacts[];
}

/** The first that a node carries names its pool. */
const poolLabels = [
  'karpenter.sh/nodepool',
  'eks.amazonaws.com/nodegroup',
  'alpha.eksctl.io/nodegroup-name',
  'cloud.google.com/gke-nodepool',
  'kubernetes.azure.com/agentpool',
  'agentpool',
  'doks.digitalocean.com/node-pool',
  'node.openshift.io/pool',
  'pool',
];

/** Nodes without any such label are one pool without a name. Empty where no node has one: then nodes are all there is to name. */
export const poolsOf = (nodes: readonly NodeFacts[]): readonly Pool[] => {
  const pools = Map.groupBy(nodes, poolOf);
  if ([...pools.keys()].every((name) => name === '')) return [];
  return [...pools].map(([name, members]) => ({ name: name || '(no pool)', nodes: members })).sort(byName);
};

const poolOf = ({ labels }: NodeFacts): string => {
  for (const label of poolLabels) {
    const name = Object.hasOwn(labels, label) ? labels[label] : undefined;
    if (name !== undefined && name !== '') return name;
  }
  return '';
};

const byName = (a: Pool, b: Pool): number => (a.name < b.name ? -1 : 1);
