// The script of what is broken in the fleet `eight-gaps`: each gap befalls nodes and workloads of its own, and says what must then be
// reported of them. All other nodes and workloads stay Protected.
//
// Each node's verdict is unambiguous: a node carries the label of one agent only (Falco, Datadog or Tetragon), and each gap leaves
// exactly one obstacle between a node and that agent. `breakIt` and `repair` end once the cluster itself has settled.
import { falcoAffinity, falcoTolerations } from './agent-mix.ts';
import { datadogByHelm, datadogSidecar } from './agents.ts';
import { controlPlaneOnly } from './agents/daemon-set.ts';
import { containerAnnotation, exitCodeAnnotation, podBehaviourLabel, type PodBehaviour } from './behaviour.ts';
import type { Cluster } from './cluster.ts';
import { isProtected, type ExpectedAssets, type Expectation } from './expectation.ts';
import type { ObjectRef } from './manifest.ts';
import {
  changeTemplate,
  isReady,
  leaveOn,
  replacePods,
  waitForNone,
  waitForPods,
  waitsFor,
  type AgentInstall,
  type AgentPod,
} from './placement.ts';
import type { FleetPlan } from './plan.ts';
import { agentLabels, type PoolName } from './pools.ts';
import { setSidecars, hungryNeighbours, sandboxedWorkload } from './gap-workloads.ts';

export interface Gap {
  readonly id: string;
  readonly title: string;
  /** Beyond the eight. */
  readonly extra: boolean;
  readonly expected: readonly ExpectedAssets[];
  /** It comes and goes by itself: expect it to be seen, not to stay. */
  readonly flickers?: boolean;
  breakIt(cluster: Cluster): Promise<void>;
  repair(cluster: Cluster): Promise<void>;
}

export const falcoInstall: AgentInstall = {
  namespace: 'falco',
  daemonSet: 'falco',
  labelSelector: 'app.kubernetes.io/name=falco',
};
export const datadogInstall: AgentInstall = {
  namespace: 'datadog',
  daemonSet: 'datadog',
  labelSelector: 'app=datadog',
};
export const tetragonInstall: AgentInstall = {
  namespace: 'kube-system',
  daemonSet: 'tetragon',
  labelSelector: 'app.kubernetes.io/name=tetragon',
};

/** Below whatever is current. */
export const oldFalco = '0.36.2';
const currentFalco = '0.44.1';
const exitCode = 139;

export const gapsOf = (plan: FleetPlan): readonly Gap[] => {
  const nodesIn = (...names: readonly PoolName[]): readonly string[] =>
    plan.nodes.filter(({ pool }) => names.includes(pool)).map(({ name }) => name);
  const workloadsIn = (pool: PoolName): readonly ObjectRef[] =>
    plan.workloads
      .filter((workload) => workload.pool === pool)
      .map(({ kind, namespace, name }) => ({ kind, namespace, name }));
  const on = (pool: PoolName, verdict: Expectation, more: readonly ObjectRef[] = []): readonly ExpectedAssets[] => [
    { nodes: nodesIn(pool), workloads: [...workloadsIn(pool), ...more], verdict },
  ];
  const setOf = (pool: PoolName): ReadonlySet<string> => new Set(nodesIn(pool));

  const [gpu, batch, arm, edge, spot, legacy, stable, payments, sandbox] = (
    ['gpu', 'batch', 'arm', 'edge', 'spot', 'legacy', 'stable', 'payments', 'sandbox'] as const
  ).map(setOf) as unknown as readonly [Nodes, Nodes, Nodes, Nodes, Nodes, Nodes, Nodes, Nodes, Nodes];
  const hungry = hungryNeighbours(nodesIn('edge'));
  const healthyFalco =
    (nodes: Nodes) =>
    async (cluster: Cluster): Promise<void> => {
      await replacePods(cluster, falcoInstall, nodes);
      await waitForPods(cluster, falcoInstall, nodes, isReady);
    };
  const falcoBehaves = (behaviour: PodBehaviour | null): object => ({
    metadata: {
      labels: { [podBehaviourLabel]: behaviour },
      annotations: { [exitCodeAnnotation]: behaviour === null ? null : String(exitCode) },
    },
  });
  const falcoAt = (version: string): object => ({
    spec: { containers: [{ name: 'falco', image: `docker.io/falcosecurity/falco:${version}` }] },
  });

  return [
    {
      id: 'taint-not-tolerated',
      title: 'Falco does not tolerate the taint of the GPU nodes',
      extra: false,
      expected: on('gpu', {
        state: 'NoAgent',
        reason: 'AgentMissing',
        causeContains: ['falco/falco', 'dedicated=gpu:NoSchedule'],
        remedyContains: ['toleration', 'dedicated', 'gpu'],
      }),
      async breakIt(cluster) {
        await changeTemplate(cluster, falcoInstall, { spec: { tolerations: controlPlaneOnly } });
        await replacePods(cluster, falcoInstall, gpu);
        await waitForNone(cluster, falcoInstall, gpu);
      },
      async repair(cluster) {
        await changeTemplate(cluster, falcoInstall, { spec: { tolerations: falcoTolerations } });
        await waitForPods(cluster, falcoInstall, gpu, isReady);
      },
    },
    {
      id: 'node-selector',
      title: 'the batch pool lost the label that the nodeSelector of Falco asks for',
      extra: false,
      expected: on('batch', {
        state: 'NoAgent',
        reason: 'AgentMissing',
        causeContains: ['falco/falco', 'nodeSelector', 'security.example.com/falco'],
        remedyContains: ['nodeSelector'],
      }),
      async breakIt(cluster) {
        await labelNodes(cluster, batch, null);
        await waitForNone(cluster, falcoInstall, batch);
      },
      async repair(cluster) {
        await labelNodes(cluster, batch, agentLabels.falco['security.example.com/falco']);
        await waitForPods(cluster, falcoInstall, batch, isReady);
      },
    },
    {
      id: 'node-affinity',
      title: 'the node affinity of Falco leaves out arm64',
      extra: false,
      expected: on('arm', {
        state: 'NoAgent',
        reason: 'AgentMissing',
        causeContains: ['falco/falco', 'affinity', 'kubernetes.io/arch', 'arm64'],
        remedyContains: ['arm64'],
      }),
      async breakIt(cluster) {
        await changeTemplate(cluster, falcoInstall, { spec: { affinity: falcoAffinity(['amd64']) } });
        await waitForNone(cluster, falcoInstall, arm);
      },
      async repair(cluster) {
        await changeTemplate(cluster, falcoInstall, { spec: { affinity: falcoAffinity(['amd64', 'arm64']) } });
        await waitForPods(cluster, falcoInstall, arm, isReady);
      },
    },
    {
      id: 'no-room',
      title: 'hungry neighbours leave no CPU for Falco on the edge nodes',
      extra: false,
      expected: on(
        'edge',
        {
          state: 'NoAgent',
          reason: 'AgentMissing',
          // The scheduler's own words.
          causeContains: ['Insufficient cpu'],
          remedyContains: ['falco'],
        },
        hungry.workloads,
      ),
      async breakIt(cluster) {
        await hungry.settleIn(cluster);
        await replacePods(cluster, falcoInstall, edge);
        await waitForPods(cluster, falcoInstall, edge, saysInsufficient);
      },
      async repair(cluster) {
        await hungry.leave(cluster);
        await waitForPods(cluster, falcoInstall, edge, isReady);
      },
    },
    {
      id: 'image-pull',
      title: 'the spot nodes cannot pull the image of Falco',
      extra: false,
      expected: on('spot', {
        state: 'NoAgent',
        reason: 'AgentMissing',
        causeContains: [`falcosecurity/falco:${currentFalco}`, 'ImagePullBackOff'],
        remedyContains: ['falcosecurity/falco'],
      }),
      breakIt: (cluster) =>
        leaveOn(
          cluster,
          falcoInstall,
          spot,
          { template: falcoBehaves('image-pull'), back: falcoBehaves(null) },
          waitsFor('ImagePullBackOff'),
        ),
      repair: healthyFalco(spot),
    },
    {
      id: 'crash-loop',
      title: 'Falco crashes on the old kernels of the legacy pool',
      extra: false,
      expected: on('legacy', {
        state: 'Failed',
        reason: 'AgentNotReady',
        causeContains: ['falco/falco', 'CrashLoopBackOff', String(exitCode)],
        remedyContains: ['logs', '--previous'],
      }),
      breakIt: (cluster) =>
        leaveOn(
          cluster,
          falcoInstall,
          legacy,
          { template: falcoBehaves('crash-loop'), back: falcoBehaves(null) },
          waitsFor('CrashLoopBackOff'),
        ),
      repair: healthyFalco(legacy),
    },
    {
      id: 'outdated',
      title: 'the stable pool runs an old Falco',
      extra: false,
      expected: on('stable', {
        state: 'Warning',
        reason: 'AgentOutdated',
        causeContains: [oldFalco],
        remedyContains: ['falco/falco'],
      }),
      breakIt: (cluster) =>
        leaveOn(
          cluster,
          falcoInstall,
          stable,
          { template: falcoAt(oldFalco), back: falcoAt(currentFalco), type: 'strategic-merge' },
          (pod) => isReady(pod) && runs(pod, oldFalco),
        ),
      repair: healthyFalco(stable),
    },
    {
      id: 'serverless',
      title: 'functions on Fargate and ACI run without a sidecar',
      extra: false,
      expected: (['fargate', 'aci'] as const).map((pool) => ({
        nodes: [],
        workloads: workloadsIn(pool),
        verdict: {
          state: 'NoAgent',
          reason: 'ServerlessWithoutSidecar',
          causeContains: pool === 'fargate' ? ['Fargate'] : [],
          remedyContains: ['sidecar'],
        },
      })),
      breakIt: (cluster) => setSidecars(cluster, [...workloadsIn('fargate'), ...workloadsIn('aci')], []),
      repair: (cluster) => setSidecars(cluster, [...workloadsIn('fargate'), ...workloadsIn('aci')], [datadogSidecar()]),
    },
    {
      id: 'sandboxed',
      title: 'a workload runs in Kata containers',
      extra: true,
      expected: [
        {
          nodes: [],
          workloads: [sandboxedWorkload.ref],
          verdict: { state: 'NoAgent', reason: 'SandboxedRuntime', causeContains: ['kata'], remedyContains: [] },
        },
      ],
      breakIt: (cluster) => sandboxedWorkload.start(cluster),
      repair: (cluster) => sandboxedWorkload.stop(cluster),
    },
    {
      id: 'protection-off',
      title: 'the Datadog Agent runs without Workload Protection on the payments nodes',
      extra: true,
      expected: on('payments', {
        state: 'NoProtection',
        reason: 'ProtectionDisabled',
        causeContains: [],
        remedyContains: [],
      }),
      breakIt: (cluster) => switchDatadog(cluster, false, payments),
      repair: (cluster) => switchDatadog(cluster, true, payments),
    },
    {
      id: 'evicted',
      title: 'Tetragon is evicted from the sandbox nodes again and again',
      extra: true,
      flickers: true,
      expected: on('sandbox', {
        state: 'NoAgent',
        reason: 'AgentMissing',
        causeContains: ['tetragon', 'evicted'],
        remedyContains: [],
      }),
      async breakIt(cluster) {
        await changeTemplate(cluster, tetragonInstall, tetragonBehaves('evicted'));
        await replacePods(cluster, tetragonInstall, sandbox);
        await waitForPods(cluster, tetragonInstall, sandbox, (pod) => !isReady(pod));
      },
      async repair(cluster) {
        await changeTemplate(cluster, tetragonInstall, tetragonBehaves(null));
        await replacePods(cluster, tetragonInstall, sandbox);
        await waitForPods(cluster, tetragonInstall, sandbox, isReady);
      },
    },
  ];
};

/** True of this fleet whatever is broken or mended. */
export const standing = (plan: FleetPlan): readonly ExpectedAssets[] => {
  const names = (...wanted: readonly PoolName[]): readonly string[] =>
    plan.nodes.filter(({ pool }) => wanted.includes(pool)).map(({ name }) => name);
  return [
    {
      nodes: names('windows'),
      workloads: [],
      verdict: {
        state: 'NoAgent',
        reason: 'UnsupportedOperatingSystem',
        causeContains: ['windows'],
        remedyContains: ['windows'],
      },
    },
    {
      nodes: names('fargate', 'aci'),
      workloads: [],
      verdict: { state: 'NoAgent', reason: 'AgentMissing', causeContains: ['virtual'], remedyContains: ['sidecar'] },
    },
  ];
};

/** Every node of the plan with what is to be reported of it while these gaps are open. */
export const expectedNodes = (plan: FleetPlan, open: readonly Gap[]): ReadonlyMap<string, Expectation> => {
  const expected = new Map(plan.nodes.map(({ name }) => [name, isProtected]));
  for (const { nodes, verdict } of [...standing(plan), ...open.flatMap((gap) => gap.expected)]) {
    for (const node of nodes) expected.set(node, verdict);
  }
  return expected;
};

/** Every workload that has pods, by `Kind/namespace/name`, with what is to be reported of it while these gaps are open. */
export const expectedWorkloads = (plan: FleetPlan, open: readonly Gap[]): ReadonlyMap<string, Expectation> => {
  const keyOf = ({ kind, namespace, name }: ObjectRef): string => `${kind}/${namespace}/${name}`;
  const expected = new Map(
    plan.workloads.filter(({ pods }) => pods > 0).map((workload) => [keyOf(workload), isProtected]),
  );
  for (const { workloads, verdict } of open.flatMap((gap) => gap.expected)) {
    for (const workload of workloads) expected.set(keyOf(workload), verdict);
  }
  return expected;
};

type Nodes = ReadonlySet<string>;

const tetragonBehaves = (behaviour: PodBehaviour | null): object => ({
  metadata: {
    labels: { [podBehaviourLabel]: behaviour },
    annotations: { [containerAnnotation]: behaviour === null ? null : 'tetragon' },
  },
});

const labelNodes = async (cluster: Cluster, nodes: Nodes, value: string | null): Promise<void> => {
  const [key] = Object.keys(agentLabels.falco);
  for (const node of nodes) await cluster.patch(`/api/v1/nodes/${node}`, { metadata: { labels: { [key!]: value } } });
};

/** As `helm upgrade` does: the ConfigMap changes, and the pods start anew to read it. */
const switchDatadog = async (cluster: Cluster, cws: boolean, nodes: Nodes): Promise<void> => {
  const configMap = datadogByHelm({ cws }).find(({ kind }) => kind === 'ConfigMap')!;
  const { namespace, name } = configMap.metadata;
  await cluster.patch(`/api/v1/namespaces/${namespace}/configmaps/${name}`, { data: configMap['data'] });
  await replacePods(cluster, datadogInstall, nodes);
  await waitForPods(cluster, datadogInstall, nodes, isReady);
};

const saysInsufficient = ({ status }: AgentPod): boolean =>
  status.conditions?.some(
    ({ type, message }) => type === 'PodScheduled' && (message ?? '').includes('Insufficient cpu'),
  ) ?? false;

const runs = ({ spec }: AgentPod, version: string): boolean =>
  spec.containers.some(({ image }) => image.endsWith(`:${version}`));
