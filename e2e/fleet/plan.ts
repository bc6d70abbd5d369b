// A whole fleet as data: the same options give the same fleet, object for object.
import { addressesOf } from './addresses.ts';
import { agentsOf } from './agent-mix.ts';
import { datadogSidecar } from './agents.ts';
import { ingressFor, loadBalancerFor } from './exposure.ts';
import type { Manifest } from './manifest.ts';
import { planNode, type PlannedNode } from './node.ts';
import { pools, sizesOf, type PoolName } from './pools.ts';
import { seededRandom, type Random } from './random.ts';
import { planWorkload, risks, type PlannedWorkload, type WorkloadShape } from './workloads.ts';

export type Scenario = 'plain' | 'eight-gaps' | 'all-agents';

export interface FleetOptions {
  /** From 20, so that each pool has its own, to 5,000. */
  readonly nodes: number;
  readonly seed: number;
  /** Pods of workloads, agents' own not counted; five a node by default. */
  readonly pods?: number;
  /**
   * `plain`: Falco wherever it can run, workloads wherever the scheduler likes. `eight-gaps`: agents by pool, and workloads pinned to
   * pools, so that each has one intended verdict whatever is broken. `all-agents`: each agent of the catalogue on nodes of its own.
   */
  readonly scenario?: Scenario;
  /** Loopback addresses are taken from here on: another fleet on the same machine starts behind this one. */
  readonly firstAddress?: number;
}

export interface FleetPlan {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly nodes: readonly PlannedNode[];
  readonly namespaces: readonly Manifest[];
  /** Cluster-wide objects that others need: RuntimeClasses. */
  readonly shared: readonly Manifest[];
  /** ConfigMaps and DaemonSets of the agents. */
  readonly agents: readonly Manifest[];
  readonly workloads: readonly PlannedWorkload[];
  readonly exposure: readonly Manifest[];
}

export const planFleet = (options: FleetOptions): FleetPlan => {
  const { nodes: count, seed, pods = 5 * options.nodes, scenario = 'plain', firstAddress = 0 } = options;
  const random = seededRandom(seed);
  addressesOf(firstAddress + count - 1);
  let address = firstAddress;
  const sizes = sizesOf(count);
  const nodes = pools.flatMap((pool) =>
    Array.from({ length: sizes.get(pool.name) ?? 0 }, (_, index) => planNode(pool, index, address++, random)),
  );
  const mix = agentsOf(scenario, nodes);
  const workloads = [
    ...(scenario === 'eight-gaps' ? pinnedWorkloads(random) : []),
    ...fillWith(pods, scenario === 'eight-gaps' ? 'general' : undefined, sizes, random),
  ];
  const namespaces = [
    ...new Set(
      [...workloads, ...mix.agents.map(({ metadata }) => ({ namespace: metadata.namespace! }))].map(
        ({ namespace }) => namespace,
      ),
    ),
  ];
  return {
    seed,
    scenario,
    nodes: mix.nodes,
    namespaces: namespaces.filter((name) => name !== 'kube-system').map((name) => namespaceOf(name)),
    shared: [{ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'kata' }, handler: 'kata-qemu' }],
    agents: mix.agents,
    workloads,
    exposure: workloads.filter(isExposable).flatMap((workload, index) => expose(workload, index)),
  };
};

const teams = ['payments', 'search', 'checkout', 'platform', 'data', 'identity'] as const;
const stages = ['production', 'staging'] as const;
const components = [
  'api',
  'worker',
  'gateway',
  'index',
  'cache',
  'ledger',
  'mailer',
  'importer',
  'ranker',
  'session',
] as const;

/** Of 20 pods' owners: what a cluster of services looks like. */
const shapeMix: readonly WorkloadShape[] = [
  ...Array<WorkloadShape>(12).fill('Deployment'),
  'StatefulSet',
  'StatefulSet',
  'Job',
  'CronJob',
  'Pod',
  'Pod',
  'Rollout',
  'Rollout',
];

const namespaceOf = (name: string): Manifest => {
  const [team, env] = name.split('-');
  const known = teams.some((candidate) => candidate === team);
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, ...(known ? { labels: { team: team!, env: env! } } : {}) },
  };
};

/** Two small workloads on each pool that a gap can befall, and on the serverless ones. */
const pinnedWorkloads = (random: Random): readonly PlannedWorkload[] => {
  const befallen: readonly PoolName[] = [
    'arm',
    'gpu',
    'spot',
    'batch',
    'edge',
    'legacy',
    'stable',
    'payments',
    'sandbox',
  ];
  const onNodes = befallen.flatMap((pool) =>
    (['Deployment', 'StatefulSet'] as const).map((shape) =>
      planWorkload(
        {
          namespace: 'platform-production',
          name: `${pool}-${shape === 'Deployment' ? 'service' : 'store'}`,
          pods: 2,
          shape,
          pool,
        },
        random,
      ),
    ),
  );
  const serverless = (['fargate', 'aci'] as const).map((pool) =>
    planWorkload(
      {
        namespace: 'checkout-production',
        name: `${pool}-function`,
        // A small fleet has two Fargate nodes, each holds one pod, and a rollout needs the second.
        pods: 1,
        shape: 'Deployment',
        pool,
        sidecars: [datadogSidecar()],
        labels: pool === 'fargate' ? { 'eks.amazonaws.com/fargate-profile': 'functions' } : {},
      },
      random,
    ),
  );
  return [...onNodes, ...serverless];
};

const fillWith = (
  pods: number,
  pool: PoolName | undefined,
  sizes: ReadonlyMap<PoolName, number>,
  random: Random,
): readonly PlannedWorkload[] => {
  const workloads: PlannedWorkload[] = [];
  // A DaemonSet of the users' own, on the ordinary nodes only.
  const exporters = sizes.get('general') ?? 0;
  let left = pods;
  if (left > exporters) {
    workloads.push(
      planWorkload(
        {
          namespace: 'monitoring',
          name: 'node-exporter',
          pods: exporters,
          shape: 'DaemonSet',
          pool: 'general',
          risk: 'hostPID',
        },
        random,
      ),
    );
    left -= exporters;
  }
  // The average workload has 15 pods in a large fleet, as 10,000 workloads of 150,000 pods do, and fewer in a small one.
  const most = Math.max(3, Math.min(60, Math.round(pods / 50)));
  for (let index = 0; left > 0; index += 1) {
    const team = random.pick(teams);
    const shape = random.pick(shapeMix);
    const component = random.pick(components);
    const size = Math.min(left, random.chance(0.5) ? random.between(1, 3) : random.between(1, most));
    const workload = planWorkload(
      {
        namespace: `${team}-${random.pick(stages)}`,
        name: `${component}-${index}`,
        pods: size,
        shape,
        pool,
        ...(random.chance(0.04) ? { risk: random.pick(risks) } : {}),
        ...(pool === undefined && random.chance(0.01) ? { runtimeClass: 'kata' } : {}),
      },
      random,
    );
    workloads.push(workload);
    left -= workload.pods;
  }
  return workloads;
};

const isExposable = ({ kind }: PlannedWorkload): boolean =>
  kind === 'Deployment' || kind === 'StatefulSet' || kind === 'Rollout';

/** One in eight is exposed, by turns. Nothing random: an added workload must not change how others are exposed. */
const expose = (workload: PlannedWorkload, index: number): readonly Manifest[] => {
  if (index % 16 === 3) return loadBalancerFor(workload);
  return index % 16 === 11 ? ingressFor(workload) : [];
};
