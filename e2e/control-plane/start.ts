import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { dump } from 'js-yaml';
import { request } from 'undici';
import { apiClient } from './api.ts';
import type { ApiClient } from './api.ts';
import {
  apiServerArguments,
  apiServerCertificate,
  controllerManagerArguments,
  etcdArguments,
  kwokArguments,
  schedulerArguments,
  schedulerConfiguration,
} from './arguments.ts';
import type { Ports } from './arguments.ts';
import { locateBinaries } from './binaries/locate.ts';
import { allBinaries } from './binaries/names.ts';
import type { ProgressOutput } from './binaries/progress.ts';
import { API_SERVER_DEADLINE_MS, controlPlaneFrom, isReady } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { filesIn, logFile, schedulerKubeconfig } from './files.ts';
import { kubeconfig } from './kubeconfig.ts';
import { freePorts } from './ports.ts';
import { startProcess, stopProcess, waitUntilReady } from './processes.ts';
import { checkName, readState, runningProcesses, stateRoot, stopAll, stopOrphans, writeState } from './state.ts';
import type { ControlPlaneState, ProcessName } from './state.ts';

export type { ControlPlane } from './control-plane.ts';

export interface StartOptions {
  readonly name: string;
  readonly kubernetesVersion?: string;
  /** Default: a folder under the user's state folder, found again by name. Must not hold anything of worth: `stop` removes it. */
  readonly dataDir?: string;
  /** controller-manager and scheduler; default true. */
  readonly controllers?: boolean;
  /** Pretended kubelets; default true. `stages`: path of a file of Stages that replaces the one beside this file. */
  readonly kwok?: boolean | { readonly stages: string };
  readonly apiServerArgs?: readonly string[];
  readonly controllerManagerArgs?: readonly string[];
  /** Fields of a KubeSchedulerConfiguration, such as `profiles` and `extenders`, beside those that every scheduler here has. */
  readonly scheduler?: Readonly<Record<string, unknown>>;
  /** Of controller-manager and scheduler each; default 500, burst twice that. */
  readonly qps?: number;
  /** True: goes on after this process ends. Default false. */
  readonly detached?: boolean;
  /** What is being done, a line each; default: nowhere. */
  readonly log?: (line: string) => void;
  /** Where the progress of a build is shown; default: standard error. */
  readonly progress?: ProgressOutput;
}

const ETCD_DEADLINE_MS = 30_000;
const CONTROLLERS_DEADLINE_MS = 60_000;
const DEFAULT_QPS = 500;

/** Starts etcd, the API server, and by default controller-manager, scheduler and kwok; settles when all of them are at work. */
export async function startControlPlane(options: StartOptions): Promise<ControlPlane> {
  const log = options.log ?? (() => {});
  const name = checkName(options.name);
  const directory = path.resolve(options.dataDir ?? path.join(stateRoot(), name));
  const controllers = options.controllers ?? true;
  const kwok = options.kwok ?? true;
  const binaries = await locateBinaries({
    wanted: allBinaries.filter(
      (binary) =>
        (controllers || (binary !== 'kube-controller-manager' && binary !== 'kube-scheduler')) &&
        (kwok !== false || binary !== 'kwok'),
    ),
    ...(options.kubernetesVersion === undefined ? {} : { kubernetesVersion: options.kubernetesVersion }),
    ...(options.progress === undefined ? {} : { output: options.progress }),
  });
  await stopOrphans(log);
  await removeStale(name, directory);

  const ports = await choosePorts();
  const credentials = await writeCredentials(directory);
  const launcher = startingProcesses({
    name,
    directory,
    startedAt: new Date().toISOString(),
    binaries,
    url: `https://127.0.0.1:${ports.apiServer}`,
    ports,
    adminToken: credentials.admin,
    processes: {},
    ...(options.detached === true ? {} : { ownerPid: process.pid }),
    apiServerArguments: options.apiServerArgs ?? [],
  });
  const endWithUs = (): void => {
    for (const child of Object.values(launcher.state().processes)) killQuietly(child.pid);
  };
  if (options.detached !== true) process.once('exit', endWithUs);

  try {
    const { url } = launcher.state();
    const files = filesIn(directory);
    const qps = options.qps ?? DEFAULT_QPS;

    log(`starting etcd on port ${ports.etcdClient}`);
    const etcdHealth = `http://127.0.0.1:${ports.etcdClient}/health`;
    await launcher.start('etcd', etcdArguments(ports, files), async () => answersOk(etcdHealth), ETCD_DEADLINE_MS);

    log(`starting kube-apiserver ${binaries.kubernetesVersion} on port ${ports.apiServer}`);
    await launcher.start(
      'kube-apiserver',
      apiServerArguments(ports, files, options.apiServerArgs),
      async () => apiServerIsReady(url, apiServerCertificate(files), credentials.admin),
      API_SERVER_DEADLINE_MS,
    );
    await writeKubeconfigs(name, directory, url, credentials);
    await writeFile(
      files.schedulerConfiguration,
      dump(schedulerConfiguration(schedulerKubeconfig(directory), qps, options.scheduler)),
    );
    const plane = controlPlaneFrom(launcher.state());

    if (controllers) {
      log('starting kube-controller-manager and kube-scheduler');
      await launcher.start(
        'kube-controller-manager',
        controllerManagerArguments(ports, files, qps, options.controllerManagerArgs),
        async () => hasDefaultServiceAccount(plane.api),
        CONTROLLERS_DEADLINE_MS,
      );
      await launcher.start(
        'kube-scheduler',
        schedulerArguments(ports, files),
        async () => accepts(ports.scheduler),
        CONTROLLERS_DEADLINE_MS,
      );
    }
    if (kwok !== false) {
      log('starting kwok');
      await copyFile(kwok === true ? path.join(import.meta.dirname, 'stages.yaml') : kwok.stages, files.stages);
      await copyFile(path.join(import.meta.dirname, 'kwok.yaml'), files.kwokConfiguration);
      const kwokHealth = `http://127.0.0.1:${ports.kwok}/healthz`;
      await launcher.start(
        'kwok',
        kwokArguments(ports, files),
        async () => answersOk(kwokHealth),
        CONTROLLERS_DEADLINE_MS,
      );
    }
    await plane.api.close();
    const complete = controlPlaneFrom(launcher.state());
    return {
      ...complete,
      stop: async () => {
        await complete.stop();
        process.removeListener('exit', endWithUs);
      },
    };
  } catch (error) {
    process.removeListener('exit', endWithUs);
    await endProcesses(launcher.state());
    throw error;
  }
}

/** The handle of a control plane that another process has started. */
export async function openControlPlane(name: string): Promise<ControlPlane | undefined> {
  const state = await readState(path.join(stateRoot(), checkName(name)));
  return state === undefined || (await runningProcesses(state)).length === 0 ? undefined : controlPlaneFrom(state);
}

interface Launcher {
  readonly state: () => ControlPlaneState;
  readonly start: (
    name: ProcessName,
    args: readonly string[],
    ready: () => Promise<boolean>,
    deadlineMs: number,
  ) => Promise<void>;
}

/** Records each process before it waits for it, so that nothing that runs is ever unknown. */
function startingProcesses(initial: ControlPlaneState): Launcher {
  let state = initial;
  return {
    state: () => state,
    start: async (name, args, ready, deadlineMs) => {
      const log = logFile(state.directory, name);
      const child = await startProcess({ name, command: state.binaries.paths[name], arguments: args, log });
      state = { ...state, processes: { ...state.processes, [name]: child } };
      await writeState(state);
      await waitUntilReady(child, ready, deadlineMs);
    },
  };
}

async function removeStale(name: string, directory: string): Promise<void> {
  const previous = await readState(directory);
  if (previous === undefined) {
    await rm(directory, { recursive: true, force: true });
    return;
  }
  if ((await runningProcesses(previous)).length > 0) {
    throw new Error(
      `a control plane named ${name} runs already (${previous.url}): stop it with "npm run control-plane -- down --name ${name}", or choose another name`,
    );
  }
  await stopAll(previous);
}

/** After a failed start the folder stays, for its logs. */
async function endProcesses(state: ControlPlaneState): Promise<void> {
  for (const child of await runningProcesses(state)) await stopProcess(child, state.directory);
}

async function choosePorts(): Promise<Ports> {
  const [etcdClient = 0, etcdPeer = 0, apiServer = 0, controllerManager = 0, scheduler = 0, kwok = 0] =
    await freePorts(6);
  return { etcdClient, etcdPeer, apiServer, controllerManager, scheduler, kwok };
}

interface Credentials {
  readonly admin: string;
  readonly controllerManager: string;
  readonly scheduler: string;
}

async function writeCredentials(directory: string): Promise<Credentials> {
  const files = filesIn(directory);
  await mkdir(path.join(directory, 'logs'), { recursive: true, mode: 0o700 });
  await mkdir(files.certificates, { recursive: true });
  const token = (): string => randomBytes(24).toString('hex');
  const credentials = { admin: token(), controllerManager: token(), scheduler: token() };
  const tokens = [
    `${credentials.admin},admin,admin,"system:masters"`,
    `${credentials.controllerManager},system:kube-controller-manager,system:kube-controller-manager`,
    `${credentials.scheduler},system:kube-scheduler,system:kube-scheduler`,
  ];
  await writeFile(files.tokens, `${tokens.join('\n')}\n`, { mode: 0o600 });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(files.serviceAccountKey, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  return credentials;
}

async function writeKubeconfigs(
  name: string,
  directory: string,
  server: string,
  credentials: Credentials,
): Promise<void> {
  const files = filesIn(directory);
  const certificateAuthority = await readFile(apiServerCertificate(files), 'utf8');
  const write = async (file: string, user: string, token: string): Promise<void> =>
    writeFile(file, kubeconfig({ name, server, certificateAuthority, token, user }), { mode: 0o600 });
  await write(files.adminKubeconfig, 'admin', credentials.admin);
  await write(files.controllerManagerKubeconfig, 'system:kube-controller-manager', credentials.controllerManager);
  await write(schedulerKubeconfig(directory), 'system:kube-scheduler', credentials.scheduler);
}

async function apiServerIsReady(url: string, certificate: string, token: string): Promise<boolean> {
  let ca: string;
  try {
    ca = await readFile(certificate, 'utf8');
  } catch {
    return false; // not yet written
  }
  const api = apiClient(url, ca, token);
  try {
    return await isReady(api);
  } finally {
    await api.close();
  }
}

/** Until the controller has made it, every pod of the namespace is refused. */
async function hasDefaultServiceAccount(api: ApiClient): Promise<boolean> {
  return (await api.call('GET', '/api/v1/namespaces/default/serviceaccounts/default')).status === 200;
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const { statusCode, body } = await request(url, { signal: AbortSignal.timeout(2_000) });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
