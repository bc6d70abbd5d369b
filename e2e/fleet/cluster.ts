// A cluster as a test sees it: plain requests to its API server, as whoever the kubeconfig says. Nothing of the product is used to
// create or break what the product is then asked about, apart from reading the kubeconfig.
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { loadCluster } from '../../kube/config.ts';
import { collectionPath, type Manifest } from './manifest.ts';

export interface Cluster {
  readonly server: string;
  get<T>(path: string): Promise<T>;
  /** All items, page by page. */
  list<T>(apiVersion: string, kind: string, query?: ListQuery): Promise<readonly T[]>;
  /** Makes the object; one that is there already stays as it is, which `false` says. */
  create(manifest: Manifest): Promise<boolean>;
  patch<T>(path: string, patch: object, type?: PatchType): Promise<T>;
  /** Gone already is as good. */
  remove(path: string, options?: { readonly graceSeconds?: number }): Promise<void>;
  close(): Promise<void>;
}

export interface ListQuery {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export type PatchType = 'merge' | 'json' | 'strategic-merge';

export class ClusterError extends Error {
  readonly status: number;

  constructor(request: string, status: number, body: string) {
    super(`${request} was answered by ${status}: ${body.slice(0, 500)}`);
    this.name = 'ClusterError';
    this.status = status;
  }
}

/** A few more than the requests that an applier keeps in flight. */
const connections = 40;
const requestDeadlineMs = 30_000;
const pageSize = 1000;
/** Overload, and what is not there yet because a controller has still to make it, pass within seconds. */
const maxAttempts = 12;
const retryMs = 250;

export const openCluster = async (options: {
  readonly kubeconfig: string;
  readonly context?: string | undefined;
}): Promise<Cluster> => {
  const access = await loadCluster(options);
  const { ca, cert, key, serverName, insecure } = await access.tls();
  const connect = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(insecure === true ? { rejectUnauthorized: false } : {}),
  };
  const agent = new Agent({ connections, connect });
  const authorisation = await access.authorise();

  const once = async (
    method: Method,
    path: string,
    body?: object,
    contentType = 'application/json',
  ): Promise<Answer> => {
    const response = await agent.request({
      origin: access.server,
      path,
      method,
      headers: { accept: 'application/json', 'user-agent': 'e2e-fleet', 'content-type': contentType, ...authorisation },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(requestDeadlineMs),
    });
    return {
      status: response.statusCode,
      body: await response.body.text(),
      retryAfter: Number(response.headers['retry-after'] ?? 0),
    };
  };

  const send = async (method: Method, path: string, body?: object, contentType?: string): Promise<Answer> => {
    for (let attempt = 1; ; attempt += 1) {
      const isLast = attempt === maxAttempts;
      let retryAfter = 0;
      try {
        const answer = await once(method, path, body, contentType);
        if (answer.status < 300) return answer;
        if (isLast || !passes(answer)) throw new ClusterError(`${method} ${path}`, answer.status, answer.body);
        retryAfter = answer.retryAfter * 1000;
      } catch (error) {
        // A machine that builds something else besides stalls for longer than any request may take. Each of ours may be sent twice.
        if (error instanceof ClusterError) throw error;
        if (isLast) throw new Error(`${method} ${path} got no answer in ${maxAttempts} attempts`, { cause: error });
      }
      await sleep(Math.max(retryAfter, retryMs * attempt));
    }
  };

  return {
    server: access.server,
    get: async <T>(path: string) => JSON.parse((await send('GET', path)).body) as T,
    async list<T>(apiVersion: string, kind: string, query: ListQuery = {}) {
      const items: T[] = [];
      let next = '';
      do {
        const parameters = new URLSearchParams({ limit: String(pageSize) });
        if (next !== '') parameters.set('continue', next);
        if (query.labelSelector !== undefined) parameters.set('labelSelector', query.labelSelector);
        if (query.fieldSelector !== undefined) parameters.set('fieldSelector', query.fieldSelector);
        const path = `${collectionPath(apiVersion, kind, query.namespace)}?${parameters.toString()}`;
        const page = JSON.parse((await send('GET', path)).body) as Page<T>;
        items.push(...page.items);
        next = page.metadata?.continue ?? '';
      } while (next !== '');
      return items;
    },
    async create(manifest) {
      const { apiVersion, kind, metadata } = manifest;
      try {
        await send('POST', collectionPath(apiVersion, kind, metadata.namespace), manifest);
        return true;
      } catch (error) {
        if (error instanceof ClusterError && error.status === 409) return false;
        throw error;
      }
    },
    patch: async <T>(path: string, patch: object, type: PatchType = 'merge') =>
      JSON.parse((await send('PATCH', path, patch, `application/${type}-patch+json`)).body) as T,
    async remove(path, { graceSeconds } = {}) {
      try {
        await send('DELETE', path, graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds });
      } catch (error) {
        if (!(error instanceof ClusterError) || error.status !== 404) throw error;
      }
    },
    close: () => agent.close(),
  };
};

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: number;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly metadata?: { readonly continue?: string };
}

/** A namespace's default ServiceAccount comes a moment after the namespace; until then pods in it are forbidden. */
const passes = ({ status, body }: Answer): boolean =>
  status === 429 ||
  status === 500 ||
  status === 503 ||
  (status === 403 && body.includes('serviceaccount') && body.includes('not found'));
