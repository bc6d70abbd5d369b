// Installs the product as its users do, from the chart, and runs its programs outside containers: with the arguments and the
// environment that the chart renders, as the ServiceAccounts that it makes. What helm renders is what runs.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { freePorts, isFree } from '../control-plane/ports.ts';
import { applyObjects } from './apply.ts';
import { environmentOf, renderedContainer, withFlags, type RenderedContainer } from './container.ts';
import { launch, type ProcessHandle } from './process.ts';
import { releaseName, renderChart, type RenderedObject } from './render.ts';
import { kubectlFor, type Kubectl, type Target } from './target.ts';

export type { ProcessHandle } from './process.ts';
export type { RenderedObject } from './render.ts';

export interface InstallOptions {
  /** Default `workload-protection`. */
  readonly namespace?: string;
  /** Laid over the chart's own values, as `helm --values` does. */
  readonly values?: object;
  /** Objects for which it says no are neither applied nor run from. Default: all are taken. */
  readonly keep?: (object: RenderedObject) => boolean;
  /** Scripts that run in place of the sources, a bundle for one; by the names in the containers' `command`. */
  readonly programs?: Readonly<Partial<Record<ProgramName, string>>>;
  readonly signal?: AbortSignal;
}

export interface StartOptions {
  /** Further flags, which win over the rendered ones. */
  readonly args?: readonly string[];
  /** Further environment, which wins too. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Installation {
  readonly namespace: string;
  /** Everything that Helm rendered and that was applied, definitions included. */
  readonly objects: readonly RenderedObject[];
  /** As whoever installed. */
  readonly kubectl: Kubectl;
  /** Settles when its metrics are served; `/readyz` there says when it has read and evaluated everything. Several elect a leader. */
  readonly startOperator: (options?: StartOptions) => Promise<ProcessHandle>;
  /** The first takes the URL that is in the webhook configuration; another, started beside it, takes the registration over. */
  readonly startWebhook: (options?: StartOptions) => Promise<ProcessHandle>;
}

export type ProgramName = 'workload-protection-operator' | 'workload-protection-webhook';

const root = path.join(import.meta.dirname, '..', '..');
const sources: Readonly<Record<ProgramName, string>> = {
  'workload-protection-operator': path.join(root, 'operator', 'main.ts'),
  'workload-protection-webhook': path.join(root, 'webhook', 'main.ts'),
};

/** Ready-made agents whose telemetry is on by default. */
const scraped = ['falco', 'tetragon', 'tracee'];

/** Longer than anybody leaves a demonstration running; in a pod the kubelet would renew it. */
const tokenSeconds = 7 * 24 * 3600;

/**
 * Renders, applies, and gives what starts the programs. The StatefulSet and the Deployment are applied like all else: where kwok pretends
 * the kubelets it also "runs" their pods, which are workloads like any other and do nothing.
 */
export async function installProduct(target: Target, options: InstallOptions = {}): Promise<Installation> {
  const { namespace = releaseName, values = {}, keep = () => true, programs = {}, signal } = options;
  const [webhookPort = 0] = await freePorts(1);
  const outsideCluster = {
    webhook: { advertiseUrl: `https://127.0.0.1:${webhookPort}` },
    // A control plane without storage has no volume to give, and the pods would stay Pending.
    operator: { journal: { persistence: { enabled: false } } },
    // From out here nobody reaches agents' pods, unless they are simulated; who does that switches telemetry on again.
    agents: Object.fromEntries(scraped.map((name) => [name, { spec: { telemetry: { mode: 'None' } } }])),
  };
  const rendered = await renderChart(target, { namespace, values: [outsideCluster, values] });
  const objects = rendered.filter(keep);
  const kubectl = kubectlFor(target);
  await applyObjects(kubectl, objects, namespace, signal);

  const counts = new Map<string, number>();
  const start = async (container: RenderedContainer, overrides: Flags, more: StartOptions, url?: string) => {
    const { program, workload, serviceAccount } = container;
    if (!isProgram(program))
      throw new Error(`the chart runs "${program}", which is none of ${Object.keys(sources).join(', ')}`);
    const ordinal = counts.get(workload) ?? 0;
    counts.set(workload, ordinal + 1);
    const name = `${workload}-${ordinal}`;
    const logs = path.join(target.directory, 'logs');
    const journal = path.join(target.directory, 'journals', name);
    await mkdir(logs, { recursive: true });
    await mkdir(journal, { recursive: true });
    const flags = {
      ...overrides,
      '--kubeconfig': await target.kubeconfigFor({ namespace, serviceAccount, expirationSeconds: tokenSeconds }),
      '--metrics-address': '127.0.0.1:0',
      ...(container.args.some((arg) => arg.startsWith('--journal-dir')) ? { '--journal-dir': journal } : {}),
    };
    // A bundle is executable, and says in its first line how Node is to run it.
    const bundled = programs[program];
    const [command, script] = bundled === undefined ? [process.execPath, [sources[program]]] : [bundled, []];
    return launch({
      name,
      command,
      args: [...script, ...withFlags(container.args, flags), ...(more.args ?? [])],
      env: { ...inherited(), ...environmentOf(container.env, { name, namespace }), ...more.env },
      logFile: path.join(logs, `${name}.log`),
      signal,
      ...(url === undefined ? {} : { url }),
    });
  };

  return {
    namespace,
    objects,
    kubectl,
    startOperator: async (more = {}) =>
      start(
        renderedContainer(objects, 'StatefulSet', 'operator'),
        { '--api-address': '127.0.0.1:0', '--ingest-address': '127.0.0.1:0' },
        more,
      ),
    async startWebhook(more = {}) {
      const container = renderedContainer(objects, 'Deployment', 'webhook');
      const port = (await isFree(webhookPort)) ? webhookPort : (await freePorts(1))[0];
      const local = `https://127.0.0.1:${port}`;
      const address = { '--address': `127.0.0.1:${port}` };
      return start(container, port === webhookPort ? address : { ...address, '--advertise-url': local }, more, local);
    },
  };
}

type Flags = Readonly<Record<string, string>>;

const isProgram = (name: string): name is ProgramName => name in sources;

/** What any process needs; nothing of ours that could configure it, nor anybody's KUBECONFIG. */
const inherited = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ'].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
