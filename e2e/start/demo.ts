// The product on a control plane of its own, with a fleet in which some agents are missing or broken.
import path from 'node:path';
import { freePorts } from '../control-plane/ports.ts';
import { startControlPlane, type ControlPlane } from '../control-plane/start.ts';
import { applyFleet } from '../fleet/apply.ts';
import { openCluster } from '../fleet/cluster.ts';
import { gapsOf } from '../fleet/gaps.ts';
import type { Expectation } from '../fleet/expectation.ts';
import { waitUntil } from '../fleet/wait.ts';
import { installProduct, type Installation, type ProcessHandle } from '../installation/install.ts';
import { stopOrphanPrograms } from '../installation/orphans.ts';
import { sendersWith } from '../installation/senders.ts';
import { answerForAgents } from './answering.ts';
import { catalogue, shopFile } from './falco-rules.ts';
import { makeFinding, newToken } from './finding.ts';
import { driftingNode, planDemonstration, shop } from './fleet.ts';
import { linkProtection, protectionFor } from './protection.ts';
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

/** Often, so that nobody waits a minute to see an agent answer. */
const telemetry = { mode: 'Scrape', interval: '5s', staleAfter: '15s' };

const values = {
  // The gaps shall show at once, and not after the five minutes that new nodes are given.
  starterPolicy: { spec: { gracePeriod: '1s' } },
  // Whether the Datadog Agent's Workload Protection is on stands in a ConfigMap there, and so do rules of Falco's.
  agentNamespaces: ['datadog', 'falco'],
  agents: { falco: { spec: { telemetry } }, tetragon: { spec: { telemetry } } },
  // The only API server that calls it ends with it.
  webhook: { extraArgs: ['--drain-period=0s'] },
};

/** The operator follows within two seconds; the rest is for a machine that is busy. */
const reportWithinMs = 60_000;
/** Ended while it starts, a control plane is ready to be stopped within seconds, if it is not being built. */
const startingMs = 20_000;
/** An interval of telemetry, and two seconds for the report. */
const answeredWithinSeconds = 8;

/** Settles when everything is up and shown. */
export const demonstrate = async (session: Session, nodes: number): Promise<readonly ProcessHandle[]> => {
  const { step, signal } = session;
  const plane = await step('starting a Kubernetes control plane', () => controlPlane(session));
  const token = newToken();
  const installation = await step('installing the chart, and a policy for a shop', async () => {
    const installed = await installProduct(plane, { values, signal });
    const more = [sendersWith(token), catalogue].map((object) => JSON.stringify(object)).join('\n');
    await installed.kubectl(['apply', '--filename', '-'], { input: more });
    await installed.kubectl(['apply', '--filename', shopPolicy]);
    return installed;
  });
  const [ingestPort = 0] = await freePorts(1);
  const address = `127.0.0.1:${ingestPort}`;
  const programs = await step('starting the operator and the webhook as their ServiceAccounts', () =>
    startPrograms(session, installation, address),
  );
  const plan = planDemonstration(nodes, process.pid);
  const broken = gapsOf(plan).filter(({ id }) => brokenByName.has(id));
  const cluster = await openCluster({ kubeconfig: plane.kubeconfig });
  session.onEnd('the connection to the cluster', () => cluster.close());
  const answering = await answerForAgents(cluster);
  session.onEnd('the simulated agents', () => answering.close());
  await step(`making a fleet of ${nodes} nodes with Falco, Datadog and Tetragon, whose agents answer`, () =>
    applyFleet(cluster, plan, { signal }),
  );
  for (const gap of broken) await step(`breaking it: ${gap.title}`, () => gap.breakIt(cluster));
  await step('breaking it: on one node Falco did not take the last change of its rules', async () => {
    const drifting = { nodes: [driftingNode(plan)], agent: 'falco' } as const;
    await waitUntil(
      // Not before it answers: who begins to answer later knows nothing of it.
      () =>
        Promise.resolve(
          answering.tell(drifting, { changedRulesFile: shopFile }) > 0
            ? undefined
            : (answering.trouble() ?? 'no pod of it has an address'),
        ),
      { what: 'an answer of that Falco', deadlineMs: reportWithinMs, signal },
    );
  });
  const expected = [...broken.flatMap((gap) => gap.expected.map(({ verdict }) => verdict)), ...told];
  await step('waiting for the report to say so', () =>
    waitUntil(
      async () => {
        const missing = missingFrom(await readReport(installation.kubectl), nodes, expected);
        const trouble = answering.trouble();
        return missing === undefined || trouble === undefined ? missing : `${missing}; simulated agents: ${trouble}`;
      },
      { what: 'the report of all of this', deadlineMs: reportWithinMs, signal },
    ),
  );
  const finding = await step('Falco posts an event: a compiler ran in the shop', () =>
    makeFinding({ cluster, kubectl: installation.kubectl, address, token, signal }),
  );
  await step('waiting for the webhook to warn', async () => {
    await programs.webhook.waitUntilReady(reportWithinMs);
    await waitUntil(() => unwarned(installation), { what: 'a warning', deadlineMs: reportWithinMs, signal });
  });
  session.say('done');
  const folder = await linkProtection(plane.directory);
  session.print(await shownReport(installation.kubectl, protectionFor(plane.kubeconfig, signal)));
  session.print(next({ plane, folder, finding, ...programs }));
  return [programs.operator, programs.webhook];
};

/** What nobody but the agents themselves can tell. */
const told: readonly Expectation[] = [
  { state: 'Warning', reason: 'PolicyDrift', causeContains: [shopFile], remedyContains: [] },
  { state: 'Incomplete', reason: 'TechniqueUncovered', causeContains: ['T1610'], remedyContains: [] },
];

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
  ingestAddress: string,
): Promise<{ readonly operator: ProcessHandle; readonly webhook: ProcessHandle }> => {
  const start = async (starting: Promise<ProcessHandle>): Promise<ProcessHandle> => {
    session.onEnd('a program of ours', async () => (await settled(starting, startingMs))?.stop());
    return starting;
  };
  const [operator, webhook] = await Promise.all([
    start(installation.startOperator({ args: [`--ingest-address=${ingestAddress}`] })),
    start(installation.startWebhook()),
  ]);
  return { operator, webhook };
};

const unprotectedPod = path.join(samples, 'unprotected-pod.yaml');
const shopPolicy = path.join(samples, 'shop-policy.yaml');

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

interface Running {
  readonly plane: ControlPlane;
  /** Where `kubectl-protection` is. */
  readonly folder: string;
  readonly finding: string;
  readonly operator: ProcessHandle;
  readonly webhook: ProcessHandle;
}

const next = ({ plane, folder, finding, operator, webhook }: Running): string => {
  const paths = [folder, path.dirname(plane.binaries.kubectl)].map(quoted).join(':');
  return `
Everything runs: Kubernetes ${plane.kubernetesVersion} at ${plane.url}
  metrics of the operator   ${operator.metricsUrl}/metrics
  metrics of the webhook    ${webhook.metricsUrl}/metrics
  logs                      ${path.join(plane.directory, 'logs')}

In another shell:

  export KUBECONFIG=${quoted(plane.kubeconfig)}
  export PATH=${paths}:"$PATH"
  cd ${quoted(samples)}

  # 1. Why is the shop not whole? Which techniques does nobody see there, and which rule would? What does a reason mean?
  kubectl protection coverage workload ${shop.namespace}/Deployment/${shop.name}
  kubectl protection coverage attack --technique T1610
  kubectl protection explain PolicyDrift

  # 2. What ran there that should not, and when will silence count as proof that it is gone?
  kubectl protection findings show ${finding}

  # 3. Break an agent: a change of Falco forgets the arm64 nodes. Within two seconds the report says so, why, and what mends it.
  kubectl -n falco patch daemonset falco --patch-file falco-forgets-arm64.yaml && sleep 3 &&
    kubectl get cov && kubectl protection coverage gaps --search arm64

  # 4. Repair it, and see the report recover once the new pods have answered.
  kubectl -n falco patch daemonset falco --patch-file falco-remembers-arm64.yaml && sleep ${answeredWithinSeconds} && kubectl get cov

  # 5. Would a pod be seen by any agent? The command says so of a file, and the API server warns of the pod.
  kubectl protection check -f unprotected-pod.yaml || echo "exit code $?"
  kubectl apply -f unprotected-pod.yaml

Ctrl-C stops everything that this started, and nothing else.
`;
};
