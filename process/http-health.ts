// The plain HTTP server of every process: /metrics for Prometheus, /healthz and /readyz for the kubelet and for people.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { Address } from './flag-kinds.ts';

/** Name of a check → why it fails now; undefined where all is well. */
export type Checks = Readonly<Record<string, () => string | undefined>>;

export interface HealthServerOptions {
  readonly address: Address;
  readonly metrics: Registry;
  /** Failing means that only a restart helps. */
  readonly live: Checks;
  /** Failing means that no request should come here now. */
  readonly ready: Checks;
  readonly onListening?: (url: string) => void;
}

export interface HealthServer {
  /** Serves until the signal aborts; fails where the address cannot be had. */
  run(signal: AbortSignal): Promise<void>;
  /** The URL once it listens. Rejected where it never does. */
  readonly listening: Promise<string>;
}

export function createHealthServer(options: HealthServerOptions): HealthServer {
  const listening = Promise.withResolvers<string>();
  // Who does not wait for it must not be ended by its rejection.
  listening.promise.catch(() => {});
  return {
    listening: listening.promise,
    async run(signal) {
      const server = createServer((request, response) => {
        answer(options, request.method ?? '', request.url ?? '', response).catch((error: unknown) => {
          send(response, 500, `cannot answer: ${error instanceof Error ? error.message : String(error)}\n`);
        });
      });
      try {
        const url = await listen(server, options.address);
        listening.resolve(url);
        options.onListening?.(url);
        await aborted(signal);
      } catch (error) {
        listening.reject(error);
        throw error;
      } finally {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

const answer = async (
  { metrics, live, ready }: HealthServerOptions,
  method: string,
  url: string,
  response: ServerResponse,
): Promise<void> => {
  if (method !== 'GET' && method !== 'HEAD') return send(response, 405, 'only GET and HEAD\n');
  switch (url.replace(/\?.*$/, '')) {
    case '/metrics':
      return send(response, 200, await metrics.metrics(), metrics.contentType);
    case '/healthz':
    case '/livez':
      return report(response, live);
    case '/readyz':
      return report(response, ready);
    default:
      return send(response, 404, 'there are /metrics, /healthz and /readyz\n');
  }
};

/** One line a check, so that `kubectl get --raw` or curl says at once which one fails and why. */
const report = (response: ServerResponse, checks: Checks): void => {
  const results = Object.entries(checks).map(([name, check]) => ({ name, failure: failureOf(check) }));
  const lines = results.map(({ name, failure }) =>
    failure === undefined ? `[+] ${name}: ok` : `[-] ${name}: ${failure}`,
  );
  send(response, results.some(({ failure }) => failure !== undefined) ? 503 : 200, [...lines, ''].join('\n'));
};

const failureOf = (check: () => string | undefined): string | undefined => {
  try {
    return check();
  } catch (error) {
    return `the check itself failed: ${error instanceof Error ? error.message : String(error)}`;
  }
};

const send = (response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
};

const listen = (server: Server, { host, port }: Address): Promise<string> =>
  new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new Error(`cannot serve metrics and health on ${host}:${port}; choose another --metrics-address`, {
          cause: error,
        }),
      );
    });
    server.listen({ host, port }, () => {
      // Bound to a TCP address, never to a pipe.
      const bound = server.address() as AddressInfo;
      resolve(`http://${bound.address.includes(':') ? `[${bound.address}]` : bound.address}:${bound.port}`);
    });
  });

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
