// What a report says of a fleet or a part of it: counts, agents, gaps, namespaces, and the banner.
import type { AttackMatrix } from '../attack/types.ts';
import { badnessOf } from '../state.ts';
import { states, type AgentDefinition, type AssetState } from '../types.ts';
import { reportAttack } from './attack-report.ts';
import { countAssets, countable, fieldOfState, protectedOf, type Counts, type SmallCounts } from './counts.ts';
import { groupGaps, type GapGroup } from './gaps.ts';
import { reportLoaded, type LoadedReport } from './loaded-report.ts';
import type { Tally } from './tally.ts';
import { compareText, type AgentVerdict } from './verdict.ts';

export interface ReportCounts {
  readonly nodes: Counts;
  readonly pods: Counts;
  readonly workloads: Counts;
  readonly containers: Counts;
  readonly serverless: Counts;
}

export interface AgentUse {
  readonly name: string;
  readonly type: string;
  readonly nodes: number;
  readonly versions: readonly VersionUse[];
}

export interface VersionUse {
  /** Empty where neither image nor label tells it. */
  readonly version: string;
  readonly nodes: number;
  readonly outdated: boolean;
}

export interface NamespaceStanding {
  readonly name: string;
  readonly state: AssetState;
  readonly workloads: SmallCounts;
}

export interface Completeness {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: 'AllProtected' | 'CoverageIncomplete' | 'CoverageUnknown' | 'NothingToProtect';
  readonly message: string;
}

export interface Report {
  readonly counts: ReportCounts;
  readonly agents: readonly AgentUse[];
  readonly loaded: LoadedReport;
  readonly attack: AttackMatrix;
  readonly gaps: readonly GapGroup[];
  readonly namespaces: readonly NamespaceStanding[];
  readonly complete: Completeness;
}

export const buildReport = (tally: Tally, definitions: readonly AgentDefinition[], idleNodes: number): Report => {
  const buckets = [...tally.buckets()];
  const counts: ReportCounts = {
    nodes: countAssets(buckets, ({ nodes }) => nodes.size, idleNodes),
    pods: countAssets(buckets, ({ pods }) => pods, 0),
    workloads: countAssets(buckets, ({ workloads }) => workloads.size, tally.notRunning.size),
    containers: countAssets(buckets, ({ containers }) => containers, 0),
    serverless: countAssets(buckets, ({ serverless }) => serverless, 0),
  };
  const gaps = groupGaps(buckets);
  tally.attack = reportAttack(buckets, tally.attack);
  tally.loaded = reportLoaded(buckets, tally.loaded);
  return {
    counts,
    agents: agentsIn(tally, definitions),
    loaded: tally.loaded.report,
    attack: tally.attack.matrix,
    gaps,
    namespaces: namespacesIn(tally),
    complete: completeness(counts, gaps),
  };
};

/** An agent is in use on a node where its pod works, whatever it fails to load there. */
const works = ({ state, evidence }: AgentVerdict): boolean =>
  evidence !== 'Declared' && state !== 'NoAgent' && state !== 'NoProtection';

const agentsIn = (tally: Tally, definitions: readonly AgentDefinition[]): readonly AgentUse[] => {
  const uses = new Map<string, { nodes: number; versions: Map<string, { nodes: number; outdated: boolean }> }>();
  for (const { verdict, nodes } of tally.buckets()) {
    if (nodes.size === 0) continue;
    // A virtual node may carry an agent in several versions, one in each pod: it is one node of each, and of the agent.
    const counted = new Set<string>();
    for (const { name, version = '', outdated } of verdict.agents.filter(works)) {
      const use = uses.get(name) ?? { nodes: 0, versions: new Map<string, { nodes: number; outdated: boolean }>() };
      uses.set(name, use);
      if (!counted.has(name)) use.nodes += nodes.size;
      if (!counted.has(`${name} ${version}`)) {
        use.versions.set(version, { nodes: (use.versions.get(version)?.nodes ?? 0) + nodes.size, outdated });
      }
      counted.add(name).add(`${name} ${version}`);
    }
  }
  return [...uses]
    .map(([name, { nodes, versions }]) => ({
      name,
      type: definitions.find((definition) => definition.name === name)?.type ?? 'Custom',
      nodes,
      versions: [...versions]
        .map(([version, use]) => ({ version, nodes: use.nodes, outdated: use.outdated }))
        .toSorted((a, b) => b.nodes - a.nodes || compareText(a.version, b.version)),
    }))
    .toSorted((a, b) => b.nodes - a.nodes || compareText(a.name, b.name));
};

const namespacesIn = ({ namespaces }: Tally): readonly NamespaceStanding[] =>
  [...namespaces]
    .filter(([, workloads]) => workloads.total > workloads.notRunning)
    .map(([name, workloads]) => ({ name, state: worstIn(workloads), workloads: { ...workloads } }))
    .toSorted((a, b) => rank(b.state) - rank(a.state) || compareText(a.name, b.name));

const worstIn = (counts: SmallCounts): AssetState =>
  worstFirst.find((state) => counts[fieldOfState[state]] > 0) ?? 'Exempt';

const worstFirst = states.toReversed();

const rank = (state: AssetState): number => (state === 'Exempt' ? -1 : badnessOf(state));

const completeness = (counts: ReportCounts, gaps: readonly GapGroup[]): Completeness => {
  const parts = [counts.nodes, counts.workloads];
  const open = parts.reduce((sum, part) => sum + countable(part) - protectedOf(part), 0);
  const unknown = parts.reduce((sum, part) => sum + part.unknown, 0);
  const figures = `${share(counts.nodes)} nodes and ${share(counts.workloads)} workloads are protected`;
  if (parts.every((part) => part.total === part.notRunning)) {
    return { status: 'Unknown', reason: 'NothingToProtect', message: 'No node and no running workload is in scope.' };
  }
  if (parts.every((part) => countable(part) === 0)) {
    return { status: 'True', reason: 'AllProtected', message: 'Every node and workload is exempt.' };
  }
  if (open === 0) return { status: 'True', reason: 'AllProtected', message: `${capital(figures)}.` };
  const first = gaps.find(({ state }) => open === unknown || (state !== 'Unknown' && state !== 'Warning'));
  const leading =
    first === undefined ? '' : ` Most pressing: ${first.cause} (${affected(first)}). Remedy: ${first.remedy}`;
  return open === unknown
    ? { status: 'Unknown', reason: 'CoverageUnknown', message: `Coverage not yet known: ${figures}.${leading}` }
    : {
        status: 'False',
        reason: 'CoverageIncomplete',
        message: `Incomplete infrastructure coverage: ${figures}.${leading}`,
      };
};

/** "290 of 300". */
const share = (counts: SmallCounts): string => `${protectedOf(counts)} of ${countable(counts)}`;

/** "12 nodes, 30 workloads". */
export const affected = ({ nodes, workloads }: Pick<GapGroup, 'nodes' | 'workloads'>): string =>
  [
    ...(nodes > 0 ? [`${nodes} ${nodes === 1 ? 'node' : 'nodes'}`] : []),
    ...(workloads > 0 ? [`${workloads} ${workloads === 1 ? 'workload' : 'workloads'}`] : []),
  ].join(', ') || 'nothing';

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
