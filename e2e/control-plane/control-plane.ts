import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { request } from 'undici';
import { apiClient } from './api.ts';
import type { ApiClient } from './api.ts';
import { apiServerArguments, apiServerCertificate } from './arguments.ts';
import type { BinaryName } from './binaries/names.ts';
import { filesIn } from './files.ts';
import { kubeconfig } from './kubeconfig.ts';
import { isOurs, killProcess, startProcess, stopProcess, waitUntilReady } from './processes.ts';
import type { ManagedProcess } from './processes.ts';
import { stopAll, writeState } from './state.ts';
import type { ControlPlaneState, ProcessName } from './state.ts';

/** A running control plane in the hands of a test, `npm start` or a benchmark. */
export interface ControlPlane {
  readonly name: string;
  readonly kubernetesVersion: string;
  /** `https://127.0.0.1:port` */
  readonly url: string;
  /** Of etcd itself, for what only benchmarks do. */
  readonly etcdUrl: string;
  /** The authority that the API server's certificate comes from, PEM. */
  readonly ca: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly adminToken: string;
  readonly binaries: Readonly<Record<BinaryName, string>>;
  /** Holds data, kubeconfigs and `logs/`; removed by `stop`. */
  readonly directory: string;
  /** Requests as administrator. */
  readonly api: ApiClient;
  /** Writes a kubeconfig with a TokenRequest token of an existing ServiceAccount and gives its path. */
  readonly kubeconfigFor: (account: ServiceAccountAccess) => Promise<string>;
  /** The token alone. */
  readonly tokenFor: (account: ServiceAccountAccess) => Promise<string>;
  /** Ends the API server and starts it again on the same port; settles when it is ready. */
  readonly restartApiServer: (options?: { readonly signal?: 'SIGTERM' | 'SIGKILL' }) => Promise<void>;
  readonly killApiServer: () => Promise<void>;
  readonly startApiServer: () => Promise<void>;
  /**
   * Compacts etcd to its present revision and gives that revision. Watches with an older resourceVersion then get 410 only
   * where the API server runs with `--watch-cache=false`: its watch cache still answers them. See `expireWatches`.
   */
  readonly compactEtcd: () => Promise<number>;
  /** Compacts, then kills and starts the API server, whose watch cache so is empty: every older resourceVersion gets 410. */
  readonly expireWatches: () => Promise<number>;
  /** pid by name, of what was started; for measuring. */
  readonly pids: () => Readonly<Partial<Record<ProcessName, number>>>;
  readonly stop: () => Promise<void>;
}

export interface ServiceAccountAccess {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Default: the API server's own. */
  readonly audience?: string;
  /** At least 600; default one hour. */
  readonly expirationSeconds?: number;
}

export const API_SERVER_DEADLINE_MS = 90_000;
const HOUR_SECONDS = 3600;

/** The handle for a control plane whose API server is up; `state` may come from another process. */
export function controlPlaneFrom(initial: ControlPlaneState): ControlPlane {
  let state = initial;
  const { directory, url, ports } = initial;
  const files = filesIn(directory);
  const etcdUrl = `http://127.0.0.1:${ports.etcdClient}`;
  const ca = readFileSync(apiServerCertificate(files), 'utf8');
  const api = apiClient(url, ca, initial.adminToken);

  const setApiServer = async (child: ManagedProcess): Promise<void> => {
    state = { ...state, processes: { ...state.processes, 'kube-apiserver': child } };
    await writeState(state);
  };
  const apiServer = (): ManagedProcess => {
    const child = state.processes['kube-apiserver'];
    if (child === undefined) throw new Error(`control plane ${state.name} has no API server`);
    return child;
  };

  const startApiServer = async (): Promise<void> => {
    if (await isOurs(apiServer().pid, directory)) throw new Error(`the API server of ${state.name} runs already`);
    const child = await startProcess({
      name: 'kube-apiserver',
      command: state.binaries.paths['kube-apiserver'],
      arguments: apiServerArguments(ports, files, state.apiServerArguments),
      log: apiServer().log,
    });
    await setApiServer(child);
    await waitUntilReady(child, async () => isReady(api), API_SERVER_DEADLINE_MS);
  };

  const tokenFor = async (account: ServiceAccountAccess): Promise<string> => {
    const { namespace, serviceAccount } = account;
    const answer = await api.call('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        ...(account.audience === undefined ? {} : { audiences: [account.audience] }),
        expirationSeconds: account.expirationSeconds ?? HOUR_SECONDS,
      },
    });
    if (answer.status !== 201) {
      throw new Error(
        `no token for ServiceAccount ${namespace}/${serviceAccount}: ${answer.status} ${JSON.stringify(answer.body)}`,
      );
    }
    return (answer.body as { readonly status: { readonly token: string } }).status.token;
  };

  const restartApiServer = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    await (signal === 'SIGKILL' ? killProcess : stopProcess)(apiServer(), directory);
    await startApiServer();
  };
  const compact = async (): Promise<number> => compactEtcd(etcdUrl);

  return {
    name: state.name,
    kubernetesVersion: state.binaries.kubernetesVersion,
    url,
    ca,
    kubeconfig: files.adminKubeconfig,
    adminToken: state.adminToken,
    binaries: state.binaries.paths,
    directory,
    api,
    tokenFor,
    kubeconfigFor: async (account) => {
      const user = `${account.namespace}-${account.serviceAccount}`;
      const token = await tokenFor(account);
      const folder = path.join(directory, 'kubeconfigs');
      const file = path.join(
        folder,
        account.audience === undefined ? user : `${user}-${encodeURIComponent(account.audience)}`,
      );
      await mkdir(folder, { recursive: true });
      const text = kubeconfig({
        name: state.name,
        server: url,
        certificateAuthority: ca,
        token,
        user,
        namespace: account.namespace,
      });
      await writeFile(file, text, { mode: 0o600 });
      return file;
    },
    restartApiServer: async (options) => restartApiServer(options?.signal ?? 'SIGTERM'),
    killApiServer: async () => killProcess(apiServer(), directory),
    startApiServer,
    etcdUrl,
    compactEtcd: compact,
    expireWatches: async () => {
      const revision = await compact();
      await restartApiServer('SIGKILL');
      return revision;
    },
    pids: () => Object.fromEntries(Object.entries(state.processes).map(([name, child]) => [name, child.pid])),
    stop: async () => {
      await api.close();
      await stopAll(state);
    },
  };
}

export async function isReady(api: ApiClient): Promise<boolean> {
  try {
    return (await api.call('GET', '/readyz')).status === 200;
  } catch {
    return false;
  }
}

/** By etcd's JSON gateway, so that no etcd client is needed. It prints 64-bit numbers as strings. */
async function compactEtcd(etcd: string): Promise<number> {
  const call = async (what: string, body: unknown): Promise<unknown> => {
    const answer = await request(`${etcd}/v3/${what}`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    });
    const parsed: unknown = await answer.body.json();
    if (answer.statusCode !== 200) throw new Error(`etcd refused ${what}: ${JSON.stringify(parsed)}`);
    return parsed;
  };
  const status = (await call('maintenance/status', {})) as { readonly header: { readonly revision: string } };
  const { revision } = status.header;
  await call('kv/compaction', { revision, physical: true });
  return Number(revision);
}
