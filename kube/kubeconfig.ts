// Kubeconfigs. Plain ones (a token, a token file, a client certificate) are read here; whatever needs a helper program or an
// identity provider goes to @kubernetes/client-node, loaded only then: it is ten times the size of everything else in the process.

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { load } from 'js-yaml';
import type { ClusterAccess, TlsMaterial } from './access.ts';
import { tokenFile } from './token-file.ts';

export interface KubeconfigOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export async function fromKubeconfig({ kubeconfig, context, env }: KubeconfigOptions): Promise<ClusterAccess> {
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  const files = kubeconfig === undefined ? listed : [kubeconfig];
  if (files.length === 0) files.push(join(env['HOME'] ?? homedir(), '.kube', 'config'));
  const only = files.length === 1 ? files[0] : undefined;
  if (only !== undefined) {
    const plain = await readPlain(only, context);
    if (plain) return plain;
  }
  return throughClientNode(files, context);
}

/** Undefined where the kubeconfig asks for more than is done here. */
async function readPlain(file: string, wanted: string | undefined): Promise<ClusterAccess | undefined> {
  const config = await parse(file);
  const contextName = wanted ?? config['current-context'];
  if (!contextName) throw new Error(`${file} names no current context: choose one with --context`);
  const context = named(config.contexts, contextName)?.context;
  if (!context) throw new Error(`${file} has no context ${contextName}; it has ${namesOf(config.contexts)}`);
  const cluster = named(config.clusters, context.cluster)?.cluster;
  if (!cluster?.server)
    throw new Error(`${file}: context ${contextName} names cluster ${context.cluster}, which has no server`);
  const user = (context.user ? named(config.users, context.user)?.user : undefined) ?? {};
  if (cluster['proxy-url']) {
    throw new Error(
      `${file}: cluster ${context.cluster} asks for a proxy (proxy-url), which is not supported: run where the API server can be reached`,
    );
  }
  if (user.exec || user['auth-provider']) return undefined;

  const read = async (path: string | undefined, data: string | undefined): Promise<string | undefined> => {
    if (data) return Buffer.from(data, 'base64').toString('utf8');
    return path ? readFile(isAbsolute(path) ? path : join(dirname(file), path), 'utf8') : undefined;
  };
  const tls = async (): Promise<TlsMaterial> => ({
    ca: await read(cluster['certificate-authority'], cluster['certificate-authority-data']),
    cert: await read(user['client-certificate'], user['client-certificate-data']),
    key: await read(user['client-key'], user['client-key-data']),
    serverName: cluster['tls-server-name'],
    insecure: cluster['insecure-skip-tls-verify'],
  });
  return {
    server: cluster.server.replace(/\/$/, ''),
    namespace: context.namespace,
    source: `context ${contextName} of ${file}`,
    tls,
    authorise: authorisation(user, dirname(file)),
  };
}

function authorisation(user: User, folder: string): ClusterAccess['authorise'] {
  // As client-go has it: a file is the newer word where both are given.
  if (user.tokenFile) {
    const token = tokenFile(isAbsolute(user.tokenFile) ? user.tokenFile : join(folder, user.tokenFile));
    return async (fresh) => ({ authorization: `Bearer ${await token(fresh)}` });
  }
  if (user.token) {
    const headers = { authorization: `Bearer ${user.token}` };
    return () => Promise.resolve(headers);
  }
  if (user.username) {
    const pair = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64');
    return () => Promise.resolve({ authorization: `Basic ${pair}` });
  }
  return () => Promise.resolve({});
}

async function throughClientNode(files: readonly string[], context: string | undefined): Promise<ClusterAccess> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  for (const [index, file] of files.entries()) {
    if (index === 0) {
      config.loadFromFile(file);
    } else {
      const more = new KubeConfig();
      more.loadFromFile(file);
      config.mergeConfig(more);
    }
  }
  if (context !== undefined) config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  const chosen = config.getContextObject(config.getCurrentContext());
  if (!cluster || !chosen)
    throw new Error(`${files.join(', ')}: context ${config.getCurrentContext()} leads to no cluster`);
  let applied: AppliedOptions = { headers: {} };
  let appliedAt = Number.NEGATIVE_INFINITY;
  // Each time the library reads its files and builds an agent; its own expiry of tokens is no finer than this.
  const apply = async (fresh = false): Promise<AppliedOptions> => {
    if (!fresh && performance.now() - appliedAt < 10_000) return applied;
    const options: AppliedOptions = { headers: {} };
    await config.applyToHTTPSOptions(options);
    applied = options;
    appliedAt = performance.now();
    return applied;
  };
  return {
    server: cluster.server.replace(/\/$/, ''),
    namespace: chosen.namespace,
    source: `context ${config.getCurrentContext()} of ${files.join(', ')}`,
    async tls() {
      const { ca, cert, key } = await apply();
      return {
        ca: textOf(ca),
        cert: textOf(cert),
        key: textOf(key),
        serverName: cluster.tlsServerName,
        insecure: cluster.skipTLSVerify,
      };
    },
    // The library keeps a helper's token until it expires.
    async authorise(fresh) {
      const { headers, auth } = await apply(fresh);
      const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
      const basic = auth ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
      return { ...basic, ...Object.fromEntries(given) };
    },
  };
}

async function parse(file: string): Promise<Kubeconfig> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Error(`cannot read the kubeconfig ${file}: name one with --kubeconfig or KUBECONFIG`, { cause: error });
  });
  try {
    return load(text) ?? {};
  } catch (error) {
    throw new Error(`the kubeconfig ${file} is not valid YAML`, { cause: error });
  }
}

function named<T extends { readonly name: string }>(items: readonly T[] | undefined, name: string): T | undefined {
  return items?.find((item) => item.name === name);
}

function namesOf(items: readonly { readonly name: string }[] | undefined): string {
  return items?.map((item) => item.name).join(', ') || 'none';
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined;
}

interface AppliedOptions {
  headers: Record<string, string>;
  auth?: string;
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
}

interface Kubeconfig {
  readonly 'current-context'?: string;
  readonly contexts?: readonly { readonly name: string; readonly context?: Context }[];
  readonly clusters?: readonly { readonly name: string; readonly cluster?: Cluster }[];
  readonly users?: readonly { readonly name: string; readonly user?: User }[];
}

interface Context {
  readonly cluster: string;
  readonly user?: string;
  readonly namespace?: string;
}

interface Cluster {
  readonly server?: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
  readonly 'tls-server-name'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'proxy-url'?: string;
}

interface User {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly exec?: unknown;
  readonly 'auth-provider'?: unknown;
}
