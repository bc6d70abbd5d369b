// What a suite stands on: a control plane of its own, the product installed from its chart, and what the cluster then says.
import type { CoverageReport } from '../../../crds/schema/coverage-report.ts';
import type { CoverageSlice } from '../../../crds/schema/coverage-slice.ts';
import type { Finding } from '../../../crds/schema/finding.ts';
import type { ProtectionAgent } from '../../../crds/schema/protection-agent.ts';
import type { WorkloadPolicy } from '../../../crds/schema/workload-policy.ts';
import { apiVersion } from '../../../crds/schema/vocabulary.ts';
import { startControlPlane, type ControlPlane, type StartOptions } from '../../control-plane/start.ts';
import { openCluster, type Cluster } from '../../fleet/cluster.ts';
import type { Manifest } from '../../fleet/manifest.ts';
import {
  installProduct,
  type Installation,
  type ProcessHandle,
  type StartOptions as ReplicaOptions,
} from '../../installation/install.ts';
import { eventually } from './eventually.ts';
import { fetchText } from './exposition.ts';
import { kubectlOf, type Kubectl } from './kubectl.ts';
import { verdictsIn, type Verdicts } from './verdicts.ts';

export interface World {
  readonly plane: ControlPlane;
  /** For making and breaking fleets, as administrator. */
  readonly cluster: Cluster;
  readonly kubectl: Kubectl;
  readonly install: (values?: object) => Promise<Installation>;
  /** As `kubectl apply` does. */
  readonly apply: (...objects: readonly Manifest[]) => Promise<void>;
  /**
   * Starts another replica and waits until /readyz says yes. Unless it elects, it leads at once and keeps to it: one that loses its Lease
   * because the machine stalls would end, and there is no kubelet that starts it again.
   */
  readonly startOperator: (how?: {
    readonly elect?: boolean;
    readonly args?: readonly string[];
  }) => Promise<ProcessHandle>;
  readonly startWebhook: (options?: ReplicaOptions) => Promise<ProcessHandle>;
  /** Any object by its path; fails where it is not there. */
  readonly get: <T>(path: string) => Promise<T>;
  readonly report: (name?: string) => Promise<CoverageReport>;
  readonly policy: (name: string) => Promise<WorkloadPolicy>;
  readonly agent: (name: string) => Promise<ProtectionAgent>;
  readonly findings: () => Promise<readonly Finding[]>;
  readonly slices: (report?: string) => Promise<readonly CoverageSlice[]>;
  readonly verdicts: (report?: string) => Promise<Verdicts>;
  /** Ends all that was started, and the control plane with its data. */
  readonly stop: () => Promise<void>;
}

/** Starting takes two seconds; the first list of a large fleet on busy cores takes far longer. */
const readyWithinMs = 60_000;
/** Characters of a log that end up in a failure's message. */
const lastWords = 4000;
const ours = `/apis/${apiVersion}`;

export const startWorld = async (name: string, options: Partial<StartOptions> = {}): Promise<World> => {
  const plane = await startControlPlane({ ...options, name: `${name}-${process.pid}` });
  const cluster = await openCluster({ kubeconfig: plane.kubeconfig });
  const kubectl = kubectlOf(plane);
  const started: ProcessHandle[] = [];
  let installation: Installation | undefined;

  const installed = (): Installation => {
    if (installation === undefined) throw new Error('install the product first');
    return installation;
  };
  const get = async <T>(path: string): Promise<T> => {
    const { status, body } = await plane.api.call('GET', path);
    if (status !== 200) throw new Error(`GET ${path} was answered by ${status}: ${JSON.stringify(body)}`);
    return body as T;
  };
  const ready = async (handle: ProcessHandle): Promise<ProcessHandle> => {
    started.push(handle);
    await untilReady(handle);
    return handle;
  };
  const slices = async (report = 'cluster'): Promise<readonly CoverageSlice[]> => {
    const query = `?fieldSelector=${encodeURIComponent(`spec.report=${report}`)}`;
    return (await get<{ readonly items: readonly CoverageSlice[] }>(`${ours}/coverageslices${query}`)).items;
  };
  return {
    plane,
    cluster,
    kubectl,
    install: async (values = {}) => (installation = await installProduct(plane, { values })),
    apply: async (...items) => {
      await kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items });
    },
    startOperator: async ({ elect = false, args = [] } = {}) =>
      ready(await installed().startOperator({ args: [...(elect ? [] : ['--leader-elect=false']), ...args] })),
    startWebhook: async (options) => ready(await installed().startWebhook(options)),
    get,
    report: (name = 'cluster') => get(`${ours}/coveragereports/${name}`),
    policy: (name) => get(`${ours}/workloadpolicies/${name}`),
    agent: (name) => get(`${ours}/protectionagents/${name}`),
    findings: async () => (await get<{ readonly items: readonly Finding[] }>(`${ours}/findings`)).items,
    slices,
    verdicts: async (report) => verdictsIn(await slices(report)),
    stop: async () => {
      // One after the other and whatever fails: nothing may be left behind. SIGKILL also ends one that a test has paused.
      for (const handle of started) {
        handle.kill('SIGKILL');
        await handle.exited;
      }
      await cluster.close();
      await plane.stop();
    },
  };
};

/** Fails at once, with its last words, where the process has ended. */
export const untilReady = async (handle: ProcessHandle): Promise<void> => {
  const gone = handle.exited.then(({ code, signal }) => {
    throw new Error(
      `${handle.name} ended (${code ?? signal}) before it was ready:\n${handle.logs().slice(-lastWords)}`,
    );
  });
  const isReady = eventually(
    async () => {
      const { status, text } = await fetchText(`${handle.metricsUrl}/readyz`);
      if (status !== 200) throw new Error(`${handle.name}: /readyz answers ${status}: ${text}`);
    },
    { withinMs: readyWithinMs },
  );
  // The loser of the race says nothing any more.
  gone.catch(() => {});
  isReady.catch(() => {});
  await Promise.race([isReady, gone]);
};

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number | undefined;
}

/** Fails where the object has none of this type. */
export const condition = (
  object: { readonly status?: { readonly conditions?: readonly Condition[] | undefined } | undefined },
  type: string,
): Condition => {
  const found = object.status?.conditions?.find((candidate) => candidate.type === type);
  if (found === undefined) throw new Error(`there is no condition ${type}: ${JSON.stringify(object.status)}`);
  return found;
};
