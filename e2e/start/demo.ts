// The product on a control plane of its own, with a fleet in which some agents are missing or broken.
import path from 'node:path';
import { startControlPlane, type ControlPlane } from '../control-plane/start.ts';
import { applyFleet } from '../fleet/apply.ts';
import { openCluster } from '../fleet/cluster.ts';
import { gapsOf } from '../fleet/gaps.ts';
import { planFleet } from '../fleet/plan.ts';
import { waitUntil } from '../fleet/wait.ts';
import { installProduct, type Installation, type ProcessHandle } from '../installation/install.ts';
import { stopOrphanPrograms } from '../installation/orphans.ts';
import { missingFrom, readReport } from './report.ts';
import { settled, type Session } from './session.ts';
import { quoted, samples, shownReport } from './show.ts';

/** What is broken: a few causes that everybody has met. The first is what the sample pod runs into. */
const brokenByName = new Set([
  'taint-not-tolerated',
  'crash-loop',
  'image-pull',
  'no-room',
  'serverless',
  'protection-off',
]);

const values = {
  // The gaps shall show at once, and not after the five minutes that new nodes are given.
  starterPolicy: { spec: { gracePeriod: '1s' } },
  // Whether the Datadog Agent's Workload Protection is on stands in a ConfigMap there.
  agentNamespaces: ['datadog'],
  // The only API server that calls it ends with it.
  webhook: { extraArgs: ['--drain-period=0s'] },
};

/** Pods a node; fewer than in life, so that the fleet stands within seconds. */
const podsPerNode = 3;
/** The operator follows within two seconds; the rest is for a machine that is busy. */
const reportWithinMs = 60_000;
/** Ended while it starts, a control plane is ready to be stopped within seconds, if it is not being built. */
const startingMs = 20_000;

/** Settles when everything is up and shown. */
export const demonstrate = async (session: Session, nodes: number): Promise<readonly ProcessHandle[]> => {
  const { step, signal } = session;
  const plane = await step('starting a Kubernetes control plane', () => controlPlane(session));
  const installation = await step('installing the chart', () => installProduct(plane, { values, signal }));
  const programs = await step('starting the operator and the webhook as their ServiceAccounts', () =>
    startPrograms(session, installation),
  );
  const plan = planFleet({ nodes, seed: 1, scenario: 'eight-gaps', pods: podsPerNode * nodes });
  const broken = gapsOf(plan).filter(({ id }) => brokenByName.has(id));
  const cluster = await openCluster({ kubeconfig: plane.kubeconfig });
  session.onEnd('the connection to the cluster', () => cluster.close());
  await step(`making a fleet of ${nodes} nodes with Falco, Datadog and Tetragon`, () =>
    applyFleet(cluster, plan, { signal }),
  );
  for (const gap of broken) await step(`breaking it: ${gap.title}`, () => gap.breakIt(cluster));
  const expected = broken.flatMap((gap) => gap.expected.map(({ verdict }) => verdict));
  await step('waiting for the report to say so', () =>
    waitUntil(async () => missingFrom(await readReport(installation.kubectl), nodes, expected), {
      what: 'the report of all of this',
      deadlineMs: reportWithinMs,
      signal,
    }),
  );
  await step('waiting for the webhook to warn', async () => {
    await programs.webhook.waitUntilReady(reportWithinMs);
    await waitUntil(() => unwarned(installation), { what: 'a warning', deadlineMs: reportWithinMs, signal });
  });
  session.say('done');
  session.print(await shownReport(installation.kubectl, 4));
  session.print(next(plane, programs.operator, programs.webhook));
  return [programs.operator, programs.webhook];
};

const controlPlane = async (session: Session): Promise<ControlPlane> => {
  await stopOrphanPrograms(session.say);
  // Its own name, so that several runs can stand side by side.
  const starting = startControlPlane({ name: `start-${process.pid}`, log: session.say });
  session.onEnd('the control plane', async () => (await settled(starting, startingMs))?.stop());
  return starting;
};

const startPrograms = async (
  session: Session,
  installation: Installation,
): Promise<{ readonly operator: ProcessHandle; readonly webhook: ProcessHandle }> => {
  const start = async (starting: Promise<ProcessHandle>): Promise<ProcessHandle> => {
    session.onEnd('a program of ours', async () => (await settled(starting, startingMs))?.stop());
    return starting;
  };
  const [operator, webhook] = await Promise.all([
    start(installation.startOperator()),
    start(installation.startWebhook()),
  ]);
  return { operator, webhook };
};

const unprotectedPod = path.join(samples, 'unprotected-pod.yaml');

/** Undefined where the API server passes on a warning of ours about the sample pod. */
const unwarned = async ({ kubectl }: Installation): Promise<string | undefined> => {
  try {
    await kubectl(['apply', '--dry-run=server', '--warnings-as-errors', '--filename', unprotectedPod]);
    return 'the sample pod is taken without a warning';
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return words.includes('Warning: WorkloadPolicy') ? undefined : words;
  }
};

const next = (plane: ControlPlane, operator: ProcessHandle, webhook: ProcessHandle): string => {
  const folder = path.dirname(plane.binaries.kubectl);
  return `
Everything runs: Kubernetes ${plane.kubernetesVersion} at ${plane.url}
  metrics of the operator   ${operator.metricsUrl}/metrics
  metrics of the webhook    ${webhook.metricsUrl}/metrics
  logs                      ${path.join(plane.directory, 'logs')}

In another shell:

  export KUBECONFIG=${quoted(plane.kubeconfig)}
  export PATH=${quoted(folder)}:"$PATH"
  cd ${quoted(samples)}

  # 1. Break an agent: a change of Falco forgets the arm64 nodes. Within two seconds the report says so, why, and what mends it.
  kubectl -n falco patch daemonset falco --patch-file falco-forgets-arm64.yaml && sleep 3 &&
    kubectl get cov && kubectl get cov cluster -o go-template-file=gaps.gotemplate | grep -B 1 -A 1 'excludes the node'

  # 2. Repair it, and see the report recover.
  kubectl -n falco patch daemonset falco --patch-file falco-remembers-arm64.yaml && sleep 3 && kubectl get cov

  # 3. Apply a pod that no agent would see: a warning says why.
  kubectl apply -f unprotected-pod.yaml

Ctrl-C stops everything that this started, and nothing else.
`;
};
