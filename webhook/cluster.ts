// The cluster as this replica knows it: caches of its own, so that no request ever waits for another process.
import { createAgentCatalogue, type AgentCatalogue } from '../domain/coverage/agents.ts';
import type { ClusterPicture } from '../domain/placement/answer.ts';
import { createNodeClasses } from '../domain/placement/node-classes.ts';
import { createStandings, type Standings } from '../domain/placement/standings.ts';
import { createPolicyResolver, type PolicyResolver } from '../domain/policy/resolve.ts';
import type {
  AgentDefinition,
  DaemonSetFacts,
  Labels,
  NamespaceFacts,
  NodeFacts,
  Policy,
  RuntimeClassFacts,
} from '../domain/types.ts';
import { toAgentDefinition } from '../facts/agent.ts';
import { projectDaemonSet } from '../facts/daemon-set.ts';
import { projectNamespace } from '../facts/namespace.ts';
import { projectNode } from '../facts/node.ts';
import type { Result } from '../facts/parse.ts';
import { toPolicy } from '../facts/policy.ts';
import { clusterReport, isStale, projectReportFreshness, type ReportFreshness } from '../facts/report-freshness.ts';
import { projectRuntimeClass } from '../facts/runtime-class.ts';
import type { Clock, Random } from '../kube/clock.ts';
import type { Log } from '../kube/log.ts';
import { createReflector, type Reflector, type ReflectorMetrics } from '../kube/reflector.ts';
import { resourceName, resources, type Resource } from '../kube/resource.ts';
import { Store } from '../kube/store.ts';
import type { Transport } from '../kube/transport.ts';
import { createNodeReports } from './node-reports.ts';
import { createNodeSliceProjection, type NodeSlice } from '../facts/node-slice.ts';

export interface Cluster {
  /** Ends when the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** When every cache has been filled once. Rejected if the run ends before. */
  readonly synced: Promise<void>;
  /** At this moment. Cheap: only what has changed since is made anew, and while nothing has it is the same object. */
  picture(now: number): ClusterPicture;
  /** Every DaemonSet, an agent's or not. */
  daemonSets(): Iterable<DaemonSetFacts>;
  policies(): Iterable<Policy>;
  namespaceLabels(name: string): Labels;
  runtimeClass(name: string): RuntimeClassFacts | undefined;
  /** Resource → why it is not in the cache yet; empty when all are. */
  missing(): Readonly<Record<string, string>>;
  /** Resource → seconds since the API server was last heard about it. */
  staleness(): Readonly<Record<string, number>>;
  /** Workloads that agents on nodes protect, as the report says; undefined where there is none. */
  protectedWorkloads(): number | undefined;
  /** Milliseconds since the report was last found true; undefined where there is none. */
  reportAge(now: number): number | undefined;
}

export interface ClusterOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: ReflectorMetrics;
}

/** Several objects of one change come together; whoever asks before is answered all the same, at the price. */
export const settleMs = 20;

export function createCluster(options: ClusterOptions): Cluster {
  const { clock } = options;
  const nodes = new Store<NodeFacts>({ keyOf: clusterWide, equal: isSame });
  const namespaces = new Store<NamespaceFacts>({ keyOf: clusterWide, equal: isSame });
  const daemonSets = new Store<DaemonSetFacts>({ keyOf: (item) => item, equal: isSame });
  const runtimeClasses = new Store<RuntimeClassFacts>({ keyOf: clusterWide, equal: isSame });
  const policies = new Store<Policy>({ keyOf: clusterWide, equal: isSame });
  const agents = new Store<AgentDefinition>({ keyOf: clusterWide, equal: isSame });
  const slices = new Store<NodeSlice>({ keyOf: clusterWide });
  const reports = new Store<ReportFreshness>({ keyOf: clusterWide });
  const classes = createNodeClasses();
  nodes.subscribe(({ type, item }) => (type === 'deleted' ? classes.remove(item.name) : classes.put(item)));
  const nodeReports = createNodeReports(classes.touch);
  slices.subscribe(nodeReports.take);

  const reflectors: Record<string, Reflector> = {};
  const follow = <T extends object>(
    resource: Resource,
    sink: Store<T>,
    project: (raw: unknown) => T | undefined,
    scope: { readonly optional?: boolean; readonly fieldSelector?: string } = {},
  ): void => {
    reflectors[resourceName(resource)] = createReflector<T>({ ...options, resource, sink, project, ...scope });
  };
  /** What cannot be read is skipped and counted by the reflector, and goes on applying in its last good form. */
  const readable =
    <T>(parse: (raw: unknown) => Result<T>) =>
    (raw: unknown): T => {
      const parsed = parse(raw);
      if (!parsed.ok) throw new Error(`it does not fit our schema: ${parsed.error}`);
      return parsed.value;
    };
  follow(resources.nodes, nodes, projectNode);
  follow(resources.namespaces, namespaces, projectNamespace);
  follow(resources.daemonSets, daemonSets, projectDaemonSet);
  follow(resources.runtimeClasses, runtimeClasses, projectRuntimeClass);
  // Without our definitions nothing is selected, and nothing is said.
  follow(resources.workloadPolicies, policies, readable(toPolicy), { optional: true });
  follow(resources.protectionAgents, agents, readable(toAgentDefinition), { optional: true });
  follow(resources.coverageSlices, slices, createNodeSliceProjection(clusterReport), {
    optional: true,
    fieldSelector: `spec.report=${clusterReport},spec.assets=Nodes`,
  });
  follow(resources.coverageReports, reports, projectReportFreshness, {
    optional: true,
    fieldSelector: `metadata.name=${clusterReport}`,
  });

  let isWhole = false;
  let isWarming = false;
  /** The first picture after such a change costs some ten milliseconds with thousands of nodes: no request shall pay them. */
  const warm = (): void => {
    if (!isWhole || isWarming) return;
    isWarming = true;
    clock.after(settleMs, () => {
      isWarming = false;
      draw(clock.now());
    });
  };
  const synced = Promise.all(Object.values(reflectors).map((reflector) => reflector.synced)).then(() => {
    isWhole = true;
    warm();
  });
  // Who does not wait for it must not be ended by its rejection.
  synced.catch(() => {});

  let catalogue: AgentCatalogue | undefined;
  let resolver: PolicyResolver | undefined;
  let standings: Standings | undefined;
  let drawn: ClusterPicture | undefined;
  const forgetAgents = (): void => {
    catalogue = undefined;
    standings = undefined;
    warm();
  };
  agents.subscribe(forgetAgents);
  daemonSets.subscribe(forgetAgents);
  policies.subscribe(() => {
    resolver = undefined;
    standings = undefined;
    warm();
  });

  const reportAge = (now: number): number | undefined => {
    const evaluatedAt = reports.get('', clusterReport)?.evaluatedAt;
    return evaluatedAt === undefined ? undefined : now - evaluatedAt;
  };

  const draw = (now: number): ClusterPicture => {
    catalogue ??= createAgentCatalogue([...agents.list()], daemonSets.list());
    if (resolver === undefined || now >= resolver.validUntil)
      resolver = createPolicyResolver([...policies.list()], now);
    standings ??= createStandings(catalogue, [...policies.list()]);
    // Half of the nodes would look like all of them.
    const isOld = !isWhole || isStale(reports.get('', clusterReport), now);
    const haveMoved = classes.refresh(standings, nodeReports.of, now);
    if (
      drawn === undefined ||
      haveMoved ||
      drawn.isStale !== isOld ||
      drawn.resolver !== resolver ||
      drawn.standings !== standings
    ) {
      drawn = {
        nodes: () => nodes.list(),
        reportOf: nodeReports.of,
        classes,
        catalogue,
        resolver,
        standings,
        isStale: isOld,
      };
    }
    return drawn;
  };

  return {
    synced,
    async run(signal) {
      await Promise.all(Object.values(reflectors).map((reflector) => reflector.run(signal)));
    },
    picture: draw,
    daemonSets: () => daemonSets.list(),
    policies: () => policies.list(),
    // A namespace that was made just now may not have come yet: this label the API server gives to all.
    namespaceLabels: (name) => namespaces.get('', name)?.labels ?? { 'kubernetes.io/metadata.name': name },
    runtimeClass: (name) => runtimeClasses.get('', name),
    missing: () =>
      Object.fromEntries(
        Object.entries(reflectors).flatMap(([name, reflector]) => {
          const { synced, lastError } = reflector.state();
          return synced ? [] : [[name, lastError ?? 'not read yet']];
        }),
      ),
    staleness: () =>
      Object.fromEntries(
        Object.entries(reflectors).flatMap(([name, reflector]) => {
          const { lastHeardAt } = reflector.state();
          return lastHeardAt === undefined ? [] : [[name, Math.max(0, clock.now() - lastHeardAt) / 1000]];
        }),
      ),
    reportAge,
    protectedWorkloads: () => reports.get('', clusterReport)?.protectedWorkloads,
  };
}

const clusterWide = ({ name }: { readonly name: string }) => ({ namespace: '', name });

/** Facts are plain data with keys in a fixed order. What has not changed keeps its identity, and what is remembered by it. */
const isSame = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b);
