// Kubelets as far as whoever asks for their metrics can tell: each at a port of its own, over HTTPS, and as strict as a real one with
// webhook authentication and authorisation: the API server says whose the token is, and whether that account may get nodes/metrics.
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { issueLeaf, issueRoot } from '../../../certificates/issue.ts';
import type { ControlPlane } from '../../control-plane/control-plane.ts';
import type { Manifest } from '../../fleet/manifest.ts';
import { node } from './small-fleet.ts';

export interface PretendedKubelet {
  readonly name: string;
  readonly port: number;
  /** Whose tokens it was shown, in order; undefined for one that the API server does not know. */
  readonly askedBy: (string | undefined)[];
  /** The last token. */
  token: string | undefined;
  /** What stands in its metrics; `hangs`: nothing ever comes. */
  says: number | 'nonsense' | 'hangs';
  readonly close: () => Promise<void>;
}

export interface KubeletPlan {
  readonly name: string;
  readonly says: PretendedKubelet['says'];
  readonly certificate: ServerOptions;
}

const address = '127.0.0.1';
const day = 86_400_000;

/** As a kubelet makes it for itself: of an authority that nobody else knows. */
export const ownCertificate = async (): Promise<ServerOptions> => {
  const validity = { from: Date.now() - day, to: Date.now() + day };
  const { certificate, key } = await issueLeaf(await issueRoot(validity), [address], validity);
  return { cert: certificate, key };
};

export const startKubelet = async (plane: ControlPlane, plan: KubeletPlan): Promise<PretendedKubelet> => {
  const { name, certificate } = plan;
  const sockets = new Set<Socket>();
  const server = createServer(certificate, (request, response) => {
    void (async () => {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
      const user = token === undefined ? undefined : await reviewToken(plane, token);
      Object.assign(kubelet, { token });
      kubelet.askedBy.push(user?.username);
      if (user === undefined) return void response.writeHead(401).end('Unauthorized');
      if (request.method !== 'GET' || request.url !== '/metrics' || !(await mayReadMetrics(plane, user, name)))
        return void response.writeHead(403).end('Forbidden');
      if (kubelet.says === 'hangs') return undefined;
      return void response.end(kubelet.says === 'nonsense' ? '<html>' : exposition(kubelet.says));
    })().catch(() => response.destroy());
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const kubelet: PretendedKubelet = {
    name,
    port: (server.address() as AddressInfo).port,
    askedBy: [],
    token: undefined,
    says: plan.says,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return kubelet;
};

/** Of every node, until somebody changes it. */
export const firstKernel = '6.1.0-28-amd64';

/** The node that it has registered. */
export const nodeOf = (
  kubelet: PretendedKubelet,
  kubeletVersion: string,
  labels: Record<string, string> = {},
): Manifest => ({
  ...node(kubelet.name, labels),
  status: {
    addresses: [{ type: 'InternalIP', address }],
    daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
    nodeInfo: {
      architecture: 'amd64',
      operatingSystem: labels['kubernetes.io/os'] ?? 'linux',
      bootID: `boot-1-of-${kubelet.name}`,
      containerRuntimeVersion: 'containerd://2.1.4',
      kernelVersion: firstKernel,
      kubeProxyVersion: '',
      kubeletVersion,
      machineID: kubelet.name,
      osImage: 'Debian GNU/Linux 12 (bookworm)',
      systemUUID: kubelet.name,
    },
  },
});

/** Much stands before it and much behind it, as in life. */
const exposition = (version: number): string => {
  const filler = Array.from({ length: 2000 }, (_, index) => `rest_client_requests_total{code="${index}"} ${index}`);
  return [
    'go_goroutines 1234',
    '# HELP kubelet_cgroup_version [ALPHA] cgroup version on the hosts.',
    '# TYPE kubelet_cgroup_version gauge',
    `kubelet_cgroup_version ${version}`,
    ...filler,
    '',
  ].join('\n');
};

interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
}

const review = async <T>(plane: ControlPlane, path: string, kind: string, spec: object): Promise<T> => {
  const apiVersion = path.slice('/apis/'.length);
  const { body } = await plane.api.call('POST', `${path}/${kind.toLowerCase()}s`, { apiVersion, kind, spec });
  return (body as { readonly status: T }).status;
};

const reviewToken = async (plane: ControlPlane, token: string): Promise<User | undefined> => {
  const status = await review<{ readonly authenticated?: boolean; readonly user?: User }>(
    plane,
    '/apis/authentication.k8s.io/v1',
    'TokenReview',
    { token },
  );
  return status.authenticated === true ? status.user : undefined;
};

/** As the API server decides. */
export const isAllowed = async (plane: ControlPlane, user: User, attributes: object): Promise<boolean> => {
  const { username, uid, groups } = user;
  const { allowed } = await review<{ readonly allowed: boolean }>(
    plane,
    '/apis/authorization.k8s.io/v1',
    'SubjectAccessReview',
    { user: username, uid, groups, resourceAttributes: attributes },
  );
  return allowed;
};

const mayReadMetrics = (plane: ControlPlane, user: User, name: string): Promise<boolean> =>
  isAllowed(plane, user, { verb: 'get', version: 'v1', resource: 'nodes', subresource: 'metrics', name });
