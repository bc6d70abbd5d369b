// The world as a cluster describes it, read once, with the rights of whoever asks. What may not be read, or is not there, is left
// aside and said.
import { toAgentDefinition } from '../../facts/agent.ts';
import { projectDaemonSet } from '../../facts/daemon-set.ts';
import { projectNamespace } from '../../facts/namespace.ts';
import { projectNode } from '../../facts/node.ts';
import type { Result } from '../../facts/parse.ts';
import { toPolicy } from '../../facts/policy.ts';
import { clusterReport, isStale, projectReportFreshness } from '../../facts/report-freshness.ts';
import { projectRuntimeClass } from '../../facts/runtime-class.ts';
import type { DaemonSetFacts } from '../../domain/types.ts';
import { loadCluster } from '../../kube/config.ts';
import { classify } from '../../kube/errors.ts';
import { listPages } from '../../kube/list.ts';
import { resourceName, resources, type Resource } from '../../kube/resource.ts';
import { createTransport, type Transport } from '../../kube/transport.ts';
import { systemClock } from '../../kube/clock.ts';
import type { Declared } from './declared.ts';
import { byName } from './files.ts';
import { readyMadeAgents } from './ready-made.ts';
import { reportsIn } from './saved.ts';
import type { World } from './world.ts';

export interface LiveOptions {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: number;
}

export interface LiveCluster {
  /** Of the context, for manifests that name none. */
  readonly namespace: string | undefined;
  readonly world: (declared: Declared) => World;
}

/** Eight lists, the nodes of a large fleet among them. */
const deadlineMs = 120_000;

export const readCluster = async ({ now, ...where }: LiveOptions): Promise<LiveCluster> => {
  const access = await loadCluster(where).catch((error: unknown) => {
    throw new Error(
      'no cluster can be asked; name one (--context, --kubeconfig), or judge by files (--policies, --nodes, --agents, --offline)',
      { cause: error },
    );
  });
  const transport = createTransport(access, { userAgent: 'kubectl-protection', clock: systemClock });
  try {
    const lists = await readLists(transport);
    return { namespace: access.namespace, world: (declared) => worldOf(lists, declared, access.source, now) };
  } finally {
    await transport.close();
  }
};

/** Undefined where it could not be read; why is in the notes. */
type Listed = readonly unknown[] | undefined;

interface Lists {
  readonly nodes: Listed;
  readonly namespaces: Listed;
  readonly daemonSets: Listed;
  readonly runtimeClasses: Listed;
  readonly policies: Listed;
  readonly agents: Listed;
  readonly slices: Listed;
  readonly reports: Listed;
  readonly notes: readonly string[];
}

const readLists = async (transport: Transport): Promise<Lists> => {
  const signal = AbortSignal.timeout(deadlineMs);
  const notes: string[] = [];
  const take = ({ items, note }: Answered): Listed => {
    if (note !== undefined) notes.push(note);
    return items;
  };
  const read = (resource: Resource, missing: string, fieldSelector?: string): Promise<Answered> =>
    readList(transport, { resource, fieldSelector }, missing, signal);
  const [nodes, namespaces, daemonSets, runtimeClasses, policies, agents, slices, reports] = await Promise.all([
    read(resources.nodes, 'each workload is judged on a node such as it asks for'),
    read(resources.namespaces, 'policies that select namespaces by label see those of the manifests only'),
    read(resources.daemonSets, 'agents are not seen unless they are reported or come with --agents'),
    read(resources.runtimeClasses, 'what they add to pods is not known'),
    read(resources.workloadPolicies, 'only policies from files, or the baseline, judge'),
    read(resources.protectionAgents, 'the ready-made ones are used'),
    read(
      resources.coverageSlices,
      'agents are judged by where their DaemonSets would run',
      `spec.report=${clusterReport},spec.assets=Nodes`,
    ),
    read(resources.coverageReports, 'how old the picture is cannot be told', `metadata.name=${clusterReport}`),
  ]);
  // One after the other, so that the notes come in the same order every time.
  return {
    nodes: take(nodes),
    namespaces: take(namespaces),
    daemonSets: take(daemonSets),
    runtimeClasses: take(runtimeClasses),
    policies: take(policies),
    agents: take(agents),
    slices: take(slices),
    reports: take(reports),
    notes,
  };
};

interface Answered {
  readonly items: Listed;
  readonly note?: string;
}

/** `missing`: what follows where it may not be read or is not there. Anything else that goes wrong would make up a world. */
const readList = async (
  transport: Transport,
  scope: { readonly resource: Resource; readonly fieldSelector: string | undefined },
  missing: string,
  signal: AbortSignal,
): Promise<Answered> => {
  const items: unknown[] = [];
  try {
    await listPages(transport, scope, (page) => void items.push(...page), signal);
    return { items };
  } catch (error) {
    const kind = classify(error);
    if (kind !== 'forbidden' && kind !== 'notFound') throw error;
    const why = kind === 'forbidden' ? 'you may not list' : 'the cluster has no';
    return { items: undefined, note: `${why} ${resourceName(scope.resource)}: ${missing}` };
  }
};

const worldOf = (lists: Lists, declared: Declared, source: string, now: number): World => {
  const notes = [...lists.notes];
  const facts = <T>(items: Listed, project: (raw: unknown) => T | undefined): readonly T[] =>
    (items ?? []).flatMap((item) => project(item) ?? []);
  const readable = <T>(items: Listed, what: string, parse: (raw: unknown) => Result<T>): readonly T[] =>
    (items ?? []).flatMap((item) => {
      const parsed = parse(item);
      if (parsed.ok) return [parsed.value];
      notes.push(`${what} ${parsed.name} of the cluster is left aside, as it does not fit our schema: ${parsed.error}`);
      return [];
    });
  const inCluster = facts(lists.daemonSets, projectDaemonSet);
  const keyOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
    `${namespace}/${name}`;
  const known = new Map(inCluster.map((each) => [keyOf(each), each]));
  const applied = declared.daemonSets.map((each) => each.facts).filter((each) => changes(known.get(keyOf(each)), each));
  const expected = new Set(applied.map(keyOf));
  const agents = readable(lists.agents, 'ProtectionAgent', toAgentDefinition);
  const policies = readable(lists.policies, 'WorkloadPolicy', toPolicy);
  // Undefined where they may not be read: then nothing is said of any node.
  const reports = lists.slices && reportsIn(lists.slices, clusterReport);
  const [report] = facts(lists.reports, projectReportFreshness);
  const stale = reports !== undefined && lists.reports !== undefined && isStale(report, now);
  if (stale) notes.push(`the CoverageReport ${clusterReport} is missing or old: what agents do now is not known`);
  return {
    source,
    isLive: true,
    nodes: declared.nodes.length > 0 ? declared.nodes : facts(lists.nodes, projectNode),
    namespaces: new Map([...byName(facts(lists.namespaces, projectNamespace)), ...byName(declared.namespaces)]),
    runtimeClasses: new Map([
      ...byName(facts(lists.runtimeClasses, projectRuntimeClass)),
      ...byName(declared.runtimeClasses),
    ]),
    daemonSets: [...inCluster.filter((each) => !expected.has(keyOf(each))), ...applied],
    configMaps: declared.configMaps,
    policies: [...byName([...policies, ...declared.policies]).values()],
    agents: [...byName([...(agents.length === 0 ? readyMadeAgents() : agents), ...declared.agents]).values()],
    reports,
    isStale: stale,
    expected,
    notes,
  };
};

/** Whether applying it changes where its pods run or what they are; the API server's defaults do not. */
const changes = (before: DaemonSetFacts | undefined, after: DaemonSetFacts): boolean =>
  before === undefined || whatCounts(before) !== whatCounts(after);

const whatCounts = ({ podLabels, containers, scheduling }: DaemonSetFacts): string =>
  JSON.stringify([
    Object.entries(podLabels).sort(([a], [b]) => (a < b ? -1 : 1)),
    containers.map(({ name, image, env }) => [name, image, env]),
    scheduling,
  ]);
