// Whether an agent reaches every node: its DaemonSets together, since pools often have one each.
import { createAgentCatalogue } from '../../domain/coverage/agents.ts';
import { stateOf } from '../../domain/reason.ts';
import type { AgentDefinition, NodeFacts } from '../../domain/types.ts';
import type { DeclaredDaemonSet } from '../world/declared.ts';
import type { World } from '../world/world.ts';
import { expectations, type Expectations } from './expected.ts';
import { weightOf } from './outcome.ts';
import { poolsOf } from './pools.ts';
import type { CheckGap, CheckResult, NodeCounts } from './result.ts';

/** One result for each agent that the DaemonSets install. */
export const judgeReach = (
  daemonSets: readonly DeclaredDaemonSet[],
  { agents, configMaps, nodes }: World,
  now: number,
): readonly CheckResult[] => {
  const catalogue = createAgentCatalogue(
    agents,
    daemonSets.map(({ facts }) => facts),
  );
  const { presenceOf } = expectations(catalogue, configMaps, () => true, now);
  return catalogue.agents.flatMap((agent) => {
    const own = new Set(catalogue.installationsOf(agent).map(({ daemonSet }) => daemonSet));
    const first = daemonSets.find(({ facts }) => own.has(facts));
    return first === undefined ? [] : [reachOf(agent, first, nodes, presenceOf)];
  });
};

const reachOf = (
  agent: AgentDefinition,
  { facts, found }: DeclaredDaemonSet,
  nodes: readonly NodeFacts[],
  presenceOf: Expectations['presenceOf'],
): CheckResult => {
  const gaps = new Map<string, CheckGap>();
  const missed = new Map<NodeFacts, 'unprotected' | 'unknown'>();
  for (const node of nodes) {
    const { trouble } = presenceOf(agent, node);
    if (trouble === undefined) continue;
    const state = stateOf(trouble.reason);
    missed.set(node, state === 'Unknown' ? 'unknown' : 'unprotected');
    const { reason, cause, remedy } = trouble;
    gaps.set(cause, { state, reason, cause, remedy, policies: [], nodes: (gaps.get(cause)?.nodes ?? 0) + 1 });
  }
  const sorted = [...gaps.values()].sort((a, b) => weightOf(b.state) - weightOf(a.state) || b.nodes - a.nodes);
  const counts = countsOf(nodes, missed);
  const pools = poolsOf(nodes).map((pool) => {
    const own = countsOf(pool.nodes, missed);
    return { name: pool.name, verdict: verdictOf(own), nodes: own.total };
  });
  return {
    checks: 'Reach',
    kind: 'DaemonSet',
    namespace: facts.namespace,
    name: facts.name,
    ...(found.file === undefined ? {} : { file: found.file }),
    line: found.line,
    verdict: verdictOf(counts),
    state: sorted[0]?.state ?? 'Protected',
    nodes: counts,
    hypothetical: false,
    ...(pools.length === 0 ? {} : { pools }),
    policies: [],
    gaps: sorted,
  };
};

const countsOf = (
  nodes: readonly NodeFacts[],
  missed: ReadonlyMap<NodeFacts, 'unprotected' | 'unknown'>,
): NodeCounts => {
  const count = (standing: 'unprotected' | 'unknown'): number =>
    nodes.filter((node) => missed.get(node) === standing).length;
  const [unprotected, unknown] = [count('unprotected'), count('unknown')];
  return { total: nodes.length, protected: nodes.length - unprotected - unknown, unprotected, unknown };
};

const verdictOf = ({ protected: safe, unprotected, unknown }: NodeCounts): CheckResult['verdict'] => {
  if (unprotected + unknown === 0) return 'Protected';
  if (safe > 0) return 'Partly';
  return unprotected > 0 ? 'Unprotected' : 'Unknown';
};
