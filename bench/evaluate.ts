// The pure core at the size that the budgets are for: what a full evaluation and a single change cost, in CPU of this process,
// and what a pod costs in memory. Run by itself: `node --expose-gc bench/evaluate.ts`.
import { createCoverageModel, type CoverageModel, type Evaluation } from '../domain/coverage/model.ts';
import { buildReport } from '../domain/coverage/report.ts';
import { buildSlices, sliceCount, sliceIndexOf, type SliceAssets } from '../domain/coverage/slices.ts';
import { aFalco, scraped } from '../domain/testing/agents.ts';
import { aNode, aTaint } from '../domain/testing/nodes.ts';
import { aContainer, aDaemonSet, aPod, aShape } from '../domain/testing/pods.ts';
import { anExemption, aPolicy, labelled, requiring, selecting } from '../domain/testing/policies.ts';
import { aLoadedPolicy, aRule, saying } from '../domain/testing/telemetry.ts';
import type { InstanceTelemetry, LoadedPolicy } from '../domain/telemetry/types.ts';
import type { AgentDefinition, PodFacts, PodShape, Policy, Requirement } from '../domain/types.ts';
import { percentile, table, type Figure } from './figures.ts';

export interface EvaluateFigures {
  readonly fullMs: number;
  readonly fullAgainMs: number;
  readonly pod: Spread;
  readonly node: Spread;
  readonly agentPod: Spread;
  readonly reading: Spread;
  readonly bytesPerPod: number | undefined;
}

interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const nodes = 5_000;
const pods = 150_000;
const workloads = 10_000;
const namespaces = 200;
const pools = ['general', 'memory', 'arm', 'gpu', 'spot'];
const agentNames = ['falco', 'tetragon', 'datadog', 'kubearmor', 'kubescape', 'tracee', 'sysdig'];
/** The first of the agents are installed; the others are only known, as in a cluster with the ready-made definitions. */
const installed = 2;
/** Nodes say one of a few things: three sets of five rules files with a hundred rules each. */
const rulesets = 3;
const rulesFiles = 5;
const rulesEach = 100;
const start = 1_000_000_000;
const changes = 300;
/** Changes that are not counted: the engine compiles what it has seen a few times. */
const warmUp = 200;

export const benchEvaluate = (): EvaluateFigures => {
  const before = heap();
  const model = fill();
  const fullMs = cpu(() => model.evaluate(start));
  const after = heap();
  model.setPolicies(policies());
  const fullAgainMs = cpu(() => model.evaluate(start));
  return {
    fullMs,
    fullAgainMs,
    pod: eachChange(model, start + 1_000, (index) => {
      const name = `app-${(index * 37) % workloads}`;
      const found = model.inventory.pod(namespaceOf((index * 37) % workloads), `${name}-0`);
      if (found !== undefined)
        model.upsertPod({ ...found.facts, phase: found.facts.phase === 'Running' ? 'Succeeded' : 'Running' });
    }),
    node: eachChange(model, start + 2_000, (index) => {
      const found = model.inventory.nodes.get(nodeName((index * 13) % nodes))?.facts;
      if (found !== undefined)
        model.upsertNode({ ...found, ready: !found.ready, taints: [aTaint(`moved=${index % 10}:NoSchedule`)] });
    }),
    agentPod: eachChange(model, start + 3_000, (index) => {
      const found = model.inventory.pod('security', `falco-${(index * 17) % nodes}`)?.facts;
      if (found !== undefined) model.upsertPod({ ...found, ready: !found.ready });
    }),
    reading: eachChange(model, start + 4_000, (index) => {
      const node = nodeName((index * 11) % nodes);
      model.setTelemetry(node, 'falco', says(index % rulesets, start + 4_000));
    }),
    bytesPerPod: before === undefined || after === undefined ? undefined : (after - before) / pods,
  };
};

/** Change, evaluation, report, and the slices that the change touched. */
const eachChange = (model: CoverageModel, from: number, change: (index: number) => void): Spread => {
  const times: number[] = [];
  for (let index = 0; index < warmUp + changes; index++) {
    times.push(
      cpu(() => {
        change(index);
        const evaluation = model.evaluate(from + index);
        buildReport(model.tally, model.agents(), 0);
        sliceChanges(model, evaluation);
      }),
    );
  }
  const measured = times.slice(warmUp);
  return { p50: percentile(measured, 0.5), p99: percentile(measured, 0.99), max: Math.max(...measured) };
};

const sliceChanges = (model: CoverageModel, evaluation: Evaluation): void => {
  const parts: readonly (readonly [SliceAssets, readonly string[], number])[] = [
    ['Nodes', evaluation.nodes, nodes],
    ['Workloads', evaluation.workloads, workloads],
  ];
  for (const [assets, names, size] of parts) {
    if (names.length === 0) continue;
    const count = sliceCount(size, 1);
    buildSlices(model.tally, assets, count, new Set(names.map((name) => sliceIndexOf(name, count))));
  }
};

const fill = (): CoverageModel => {
  const model = createCoverageModel();
  model.setAgents(agentNames.map(agent));
  model.setPolicies(policies());
  for (let index = 0; index < namespaces; index++) {
    model.upsertNamespace({
      name: `team-${index}`,
      labels: { env: index % 3 === 0 ? 'production' : 'test' },
      terminating: false,
    });
  }
  for (let index = 0; index < nodes; index++) {
    const pool = pools[index % pools.length] ?? '';
    const name = nodeName(index);
    model.upsertNode(
      aNode({
        name,
        labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', pool, zone: `zone-${index % 3}` },
        taints: pool === 'gpu' ? [aTaint('dedicated=gpu:NoSchedule')] : [],
      }),
    );
  }
  for (const name of agentNames.slice(0, installed)) install(model, name);
  for (let index = 0; index < workloads; index++) {
    model.upsertOwner({
      kind: 'Deployment',
      namespace: namespaceOf(index),
      name: `app-${index}`,
      owner: undefined,
      labels: {},
    });
  }
  for (const name of agentNames.slice(0, installed)) {
    for (let index = 0; index < nodes; index++)
      model.setTelemetry(nodeName(index), name, says(index % rulesets, start));
  }
  const shapes = Array.from({ length: workloads }, (_, index) => shape(index));
  for (let index = 0; index < pods - installed * nodes; index++) model.upsertPod(pod(index, shapes));
  return model;
};

const namespaceOf = (workload: number): string => `team-${workload % namespaces}`;

const nodeName = (index: number): string => `node-${String(index).padStart(4, '0')}`;

const shape = (index: number): PodShape =>
  aShape({
    labels: { app: `app-${index}`, tier: index % 4 === 0 ? 'web' : 'backend' },
    containers: [aContainer(), aContainer({ name: 'metrics' })],
    privileged: index % 100 === 0,
  });

const pod = (index: number, shapes: readonly PodShape[]): PodFacts => {
  const workload = index % workloads;
  return aPod({
    namespace: namespaceOf(workload),
    name: `app-${workload}-${Math.floor(index / workloads)}`,
    node: nodeName((index * 7) % nodes),
    shape: shapes[workload] ?? aShape(),
    owner: { apiVersion: 'apps/v1', kind: 'Deployment', name: `app-${workload}` },
  });
};

/** As the operator gives it on: nodes that say the same share the object. */
const said: readonly (readonly LoadedPolicy[])[] = Array.from({ length: rulesets }, (_, version) =>
  Array.from({ length: rulesFiles }, (__, file) =>
    aLoadedPolicy({
      name: `rules-${file}.yaml`,
      version: `1.${version}.0`,
      digest: `sha256:${file}${version}`,
      source: 'ConfigMap',
      rules: Array.from({ length: rulesEach }, (___, rule) =>
        aRule({
          name: `rule ${file}-${rule}`,
          tactics: ['TA0002'],
          techniques: [`T1${String(rule * 6).padStart(3, '0')}`],
        }),
      ),
    }),
  ),
);

const says = (ruleset: number, at: number): InstanceTelemetry =>
  saying({ at, version: '1.2.0', policies: said[ruleset] ?? [], policiesAre: 'Complete', drops: [] });

const agent = (name: string, index: number): AgentDefinition =>
  aFalco({
    name,
    ...(index < installed ? { telemetry: scraped } : {}),
    pods: {
      selector: labelled({ 'app.kubernetes.io/name': name }),
      containerNames: [name],
      images: [`security/${name}`],
      minimumEvidence: 2,
    },
    minVersion: '1.0.0',
  });

const install = (model: CoverageModel, name: string): void => {
  const labels = { 'app.kubernetes.io/name': name };
  const containers = [aContainer({ name, image: `registry.example.com/security/${name}:1.2.0` })];
  model.upsertDaemonSet(
    aDaemonSet({
      name,
      labels,
      podLabels: labels,
      containers: containers.map((each) => Object.assign({ env: {} }, each)),
    }),
  );
  const agentShape = aShape({ labels, containers, privileged: true });
  for (let index = 0; index < nodes; index++) {
    if (pools[index % pools.length] === 'gpu') continue;
    model.upsertPod(
      aPod({
        namespace: 'security',
        name: `${name}-${index}`,
        node: nodeName(index),
        shape: agentShape,
        owner: { apiVersion: 'apps/v1', kind: 'DaemonSet', name },
        // One in fifty is broken.
        ready: index % 50 !== 0,
      }),
    );
  }
};

/** One of the three rulesets is too old for it, and no rule covers one of the techniques. */
const content: Partial<Requirement> = {
  evidence: 'Loaded',
  policies: [{ name: 'rules-0.yaml', minVersion: '1.1', source: 'ConfigMap', rules: ['rule 0-7', 'rule 0-8'] }],
  mitre: [{ tactic: undefined, techniques: ['T1006', 'T1611'], minimumRules: 1 }],
};

const policies = (): readonly Policy[] =>
  Array.from({ length: 20 }, (_, index) =>
    aPolicy({
      name: `policy-${index}`,
      selector:
        [
          selecting(),
          selecting({ namespace: labelled({ env: 'production' }) }),
          selecting({ pod: labelled({ tier: 'web' }) }),
          selecting({ node: labelled({ pool: pools[index % pools.length] ?? '' }) }),
          selecting({ namespace: labelled({ env: 'test' }), node: labelled({ zone: `zone-${index % 3}` }) }),
        ][index % 5] ?? selecting(),
      criticality: (['Low', 'Medium', 'High', 'Critical'] as const)[index % 4] ?? 'Low',
      require: requiring({
        agents: index % 3 === 0 ? [{ name: 'falco', minVersion: index % 2 === 0 ? '1.1.0' : undefined }] : [],
        ...(index % 4 === 0 ? content : {}),
      }),
      exemptions:
        index % 7 === 0
          ? [anExemption({ selector: selecting({ pod: labelled({ app: 'app-7' }) }), expiresAt: start * 2 })]
          : [],
    }),
  );

const cpu = (work: () => unknown): number => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
};

/** Bytes in use after a collection; undefined where none can be asked for. */
const heap = (): number | undefined => {
  if (globalThis.gc === undefined) return undefined;
  globalThis.gc();
  return process.memoryUsage().heapUsed;
};

export const describeEvaluation = (figures: EvaluateFigures): readonly Figure[] => {
  const single = (what: string, { p50, p99, max }: Spread): Figure => ({
    what: `${what}, with report and slices (p50 / p99 / max)`,
    measured: [p50, p99, max].map((time) => `${time.toFixed(2)} ms`).join(' / '),
    budget: '5 ms',
    holds: p99 < 5,
  });
  const full = (what: string, time: number): Figure => ({
    what,
    measured: `${time.toFixed(0)} ms of CPU`,
    budget: '1 s',
    holds: time < 1_000,
  });
  return [
    full(
      `first evaluation, ${nodes} nodes, ${pods} pods, 20 policies, ${rulesets} rulesets of ${rulesFiles * rulesEach} rules`,
      figures.fullMs,
    ),
    full('evaluation of all after a change of policies', figures.fullAgainMs),
    single('one pod changes', figures.pod),
    single('one node changes', figures.node),
    single("one agent's pod becomes not ready", figures.agentPod),
    single("one node's agent says that it has loaded other rules", figures.reading),
    {
      what: 'heap per pod, all else included',
      measured:
        figures.bytesPerPod === undefined
          ? 'not measured (needs --expose-gc)'
          : `${figures.bytesPerPod.toFixed(0)} bytes`,
      budget: '',
      holds: undefined,
    },
  ];
};

if (import.meta.main) console.log(table(describeEvaluation(benchEvaluate())));
