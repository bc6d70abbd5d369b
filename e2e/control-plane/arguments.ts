/** The command lines of a control plane's processes, as values. */
export interface Ports {
  readonly etcdClient: number;
  readonly etcdPeer: number;
  readonly apiServer: number;
  readonly controllerManager: number;
  readonly scheduler: number;
  readonly kwok: number;
}

export interface Files {
  readonly etcdData: string;
  readonly certificates: string;
  readonly tokens: string;
  readonly serviceAccountKey: string;
  readonly controllerManagerKubeconfig: string;
  readonly schedulerConfiguration: string;
  readonly adminKubeconfig: string;
  readonly stages: string;
  readonly kwokConfiguration: string;
}

/** 150,000 pods of 6 KB with their history between two compactions do not fit into the default of 2 GB. */
const ETCD_QUOTA_BYTES = 8 * 1024 ** 3;

export const serviceAccountIssuer = 'https://kubernetes.default.svc.cluster.local';

/** Where the API server puts the certificate that it makes for itself, followed by the authority that signed it. */
export const apiServerCertificate = (files: Files): string => `${files.certificates}/apiserver.crt`;

/** No fsync: nobody needs the data after a power cut, and a busy disk must not slow a test. */
export function etcdArguments(ports: Ports, files: Files): readonly string[] {
  const client = `http://127.0.0.1:${ports.etcdClient}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    `--data-dir=${files.etcdData}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync=true',
    `--quota-backend-bytes=${ETCD_QUOTA_BYTES}`,
    // Fewer entries are kept in memory between two snapshots.
    '--snapshot-count=10000',
    '--log-level=warn',
  ];
}

export function apiServerArguments(ports: Ports, files: Files, extra: readonly string[] = []): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcdClient}`,
    `--cert-dir=${files.certificates}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${ports.apiServer}`,
    // A loopback address is refused as an endpoint of the kubernetes Service, and nobody here needs that endpoint.
    '--endpoint-reconciler-type=none',
    `--service-account-issuer=${serviceAccountIssuer}`,
    `--service-account-key-file=${files.serviceAccountKey}`,
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    `--token-auth-file=${files.tokens}`,
    '--authorization-mode=Node,RBAC',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--allow-privileged=true',
    // kwok speaks for thousands of kubelets through one client; the defaults (400 and 200) would throttle them as one.
    '--max-requests-inflight=1600',
    '--max-mutating-requests-inflight=800',
    // Without it a stop waits for every open watch until the request timeout of a minute.
    '--shutdown-watch-termination-grace-period=1s',
    ...extra,
  ];
}

export function controllerManagerArguments(
  ports: Ports,
  files: Files,
  qps: number,
  extra: readonly string[] = [],
): readonly string[] {
  return [
    `--kubeconfig=${files.controllerManagerKubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.controllerManager}`,
    `--cert-dir=${files.certificates}/controller-manager`,
    // A ServiceAccount of its own for each controller, with the rights that it has in a real cluster.
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${files.serviceAccountKey}`,
    `--root-ca-file=${apiServerCertificate(files)}`,
    '--leader-elect=false',
    `--kube-api-qps=${qps}`,
    `--kube-api-burst=${qps * 2}`,
    '--concurrent-deployment-syncs=20',
    '--concurrent-replicaset-syncs=20',
    '--concurrent-daemonset-syncs=8',
    '--concurrent-gc-syncs=40',
    ...extra,
  ];
}

/** The scheduler takes these from a file; its flags for them are deprecated. `more`: profiles, extenders and the like. */
export function schedulerConfiguration(
  kubeconfig: string,
  qps: number,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    ...more,
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    clientConnection: { kubeconfig, qps, burst: qps * 2 },
    leaderElection: { leaderElect: false },
  };
}

export function schedulerArguments(ports: Ports, files: Files): readonly string[] {
  return [
    `--config=${files.schedulerConfiguration}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.scheduler}`,
    `--cert-dir=${files.certificates}/scheduler`,
  ];
}

export function kwokArguments(ports: Ports, files: Files): readonly string[] {
  return [
    `--kubeconfig=${files.adminKubeconfig}`,
    `--config=${files.kwokConfiguration}`,
    `--config=${files.stages}`,
    '--manage-all-nodes=true',
    `--server-address=127.0.0.1:${ports.kwok}`,
    '--node-lease-duration-seconds=40',
    // Pods without an address of their own: room for a million.
    '--cidr=10.128.0.0/12',
    // At INFO it writes a line for each heartbeat of each node.
    '--v=WARN',
    '--node-ip=10.0.0.1',
  ];
}
