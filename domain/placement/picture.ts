// A picture of a cluster that does not change: from a file, in a test. The webhook keeps one that does.
import type { AgentCatalogue } from '../coverage/agents.ts';
import { createPolicyResolver } from '../policy/resolve.ts';
import type { NodeFacts, Policy } from '../types.ts';
import type { ClusterPicture } from './answer.ts';
import { createNodeClasses } from './node-classes.ts';
import type { NodeReport } from './reported-presence.ts';
import { createStandings } from './standings.ts';

export interface Drawing {
  readonly nodes: readonly NodeFacts[];
  readonly reportOf: (node: string) => NodeReport | undefined;
  readonly catalogue: AgentCatalogue;
  readonly policies: readonly Policy[];
  readonly isStale: boolean;
}

export const drawPicture = (drawing: Drawing, now: number): ClusterPicture => {
  const { nodes, reportOf, catalogue, policies, isStale } = drawing;
  const standings = createStandings(catalogue, policies);
  const classes = createNodeClasses();
  for (const node of nodes) classes.put(node);
  classes.refresh(standings, reportOf, now);
  const resolver = createPolicyResolver(policies, now);
  return { nodes: () => nodes, reportOf, classes, catalogue, resolver, standings, isStale };
};
