// The product on a cluster of the user's: its objects are installed, its programs run here.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { dump } from 'js-yaml';
import { stateRoot } from '../control-plane/state.ts';
import { waitUntil } from '../fleet/wait.ts';
import { installProduct, type Installation, type ProcessHandle, type RenderedObject } from '../installation/install.ts';
import { kubectlFor, type Target } from '../installation/target.ts';
import { UsageError, type ContextArguments } from './arguments.ts';
import { protectionFor } from './protection.ts';
import { missingFrom, readReport } from './report.ts';
import { settled, type Session } from './session.ts';
import { quoted, shownReport } from './show.ts';
import { targetOf } from './users-cluster.ts';

const namespace = 'workload-protection';
/** The first list of a large cluster over a slow link. */
const reportWithinMs = 180_000;
const startingMs = 20_000;
const webhookPort = '9443';

export const runOnContext = async (session: Session, options: ContextArguments): Promise<readonly ProcessHandle[]> => {
  const { step, signal, say } = session;
  const { webhookUrl } = options;
  const directory = await mkdtemp(path.join(os.tmpdir(), 'workload-protection-'));
  session.onEnd('the temporary folder', () => rm(directory, { recursive: true, force: true }));
  const target = await step(`looking at context ${options.name}`, () => targetOf(options, directory));
  await refuseWhereItRuns(target);
  await confirm(session, target, options);

  const installation = await step('installing definitions and objects by server-side apply', () =>
    installProduct(target, {
      namespace,
      signal,
      values: {
        // The programs run here.
        operator: { replicas: 0, journal: { persistence: { enabled: true } } },
        webhook: { replicas: 0, advertiseUrl: webhookUrl?.origin ?? '' },
      },
      // Without anybody to answer it would only cost time.
      keep: ({ kind }) => webhookUrl !== undefined || !kind.endsWith('WebhookConfiguration'),
    }),
  );
  const manifest = await keepForRemoval(options.name, installation.objects);
  // Said when all that runs has ended, since it is what is left.
  session.onEnd('saying what is left', () => Promise.resolve(session.print(left(options, manifest))));
  const programs = [await step('starting the operator', () => follow(session, installation.startOperator()))];
  if (webhookUrl === undefined) say('no --webhook-url: without the webhook, nothing is warned of at admission');
  else programs.push(await startWebhook(session, installation, webhookUrl));

  await step('waiting for the report', async () => {
    await programs[0]?.waitUntilReady(reportWithinMs);
    await waitUntil(async () => missingFrom(await readReport(installation.kubectl), 0, []), {
      what: 'the report',
      deadlineMs: reportWithinMs,
      signal,
    });
  });
  say('done');
  session.print(await shownReport(installation.kubectl, protectionFor(target.kubeconfig, signal)));
  session.print(`\nMetrics: ${programs.map(({ metricsUrl }) => `${metricsUrl}/metrics`).join(', ')}\n`);
  session.print('Ctrl-C stops what runs here; what was installed stays, and you are told how to remove it.\n');
  return programs;
};

/** Scaling a running installation to nothing is not what anybody asks for. */
const refuseWhereItRuns = async (target: Target): Promise<void> => {
  const running = await kubectlFor(target)([
    'get',
    'statefulsets,deployments',
    '--namespace',
    namespace,
    '--selector=app.kubernetes.io/name=workload-protection',
    '--output=jsonpath={range .items[?(@.spec.replicas>0)]}{.kind}/{.metadata.name} {end}',
  ]);
  if (running.trim() !== '')
    throw new UsageError(
      `the product is installed and runs there (${running.trim()} in namespace ${namespace}): see kubectl get cov, or uninstall it first`,
    );
};

const confirm = async ({ say, signal }: Session, target: Target, options: ContextArguments): Promise<void> => {
  const server = await kubectlFor(target)([
    'config',
    'view',
    '--minify',
    '--output=jsonpath={.clusters[0].cluster.server}',
  ]);
  say(`context ${options.name} is Kubernetes ${target.kubernetesVersion} at ${server}`);
  say(
    `custom resource definitions, cluster roles, and namespace ${namespace} will be made there; no agent is installed or changed`,
  );
  if (options.yes) return;
  if (!process.stdin.isTTY)
    throw new UsageError('nobody can be asked whether this is the right cluster: say so with --yes');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question('Install there? [y/N] ', { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('nothing was changed');
  } finally {
    terminal.close();
  }
};

const follow = async (session: Session, starting: Promise<ProcessHandle>): Promise<ProcessHandle> => {
  session.onEnd('a program of ours', async () => (await settled(starting, startingMs))?.stop());
  return starting;
};

const startWebhook = async (session: Session, installation: Installation, url: URL): Promise<ProcessHandle> => {
  const address = `0.0.0.0:${url.port === '' ? webhookPort : url.port}`;
  const webhook = await session.step(`starting the webhook on ${address}`, () =>
    follow(session, installation.startWebhook({ args: [`--address=${address}`, `--advertise-url=${url.origin}`] })),
  );
  // Before it ends: API servers would wait for it at each pod until they give up.
  session.onEnd('the registration of the webhook', async () => {
    await installation.kubectl([
      'delete',
      'validatingwebhookconfiguration,mutatingwebhookconfiguration',
      'workload-protection',
      '--ignore-not-found',
    ]);
  });
  return webhook;
};

/** What was installed, for `kubectl delete -f`; it stays when we have ended. */
const keepForRemoval = async (context: string, objects: readonly RenderedObject[]): Promise<string> => {
  const folder = path.join(stateRoot(), 'installed');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, `${context.replaceAll(/[^\w.-]/g, '_')}.yaml`);
  const all = [
    // Objects of our kinds go with their definitions; kubectl would no longer know what they are.
    ...objects.filter(({ apiVersion }) => !apiVersion.startsWith('workloadprotection.dev/')),
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  ];
  await writeFile(file, all.map((object) => dump(object)).join('---\n'));
  return file;
};

const left = ({ name, kubeconfig }: ContextArguments, manifest: string): string => `
What was installed is still there. To remove it, with all reports, policies and findings:

  kubectl${kubeconfig === undefined ? '' : ` --kubeconfig ${quoted(kubeconfig)}`} --context ${quoted(name)} delete --ignore-not-found -f ${quoted(manifest)}
`;
