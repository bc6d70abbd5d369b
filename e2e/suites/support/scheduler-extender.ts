// A scheduler extender that only listens: it is told which nodes have passed the scheduler's own filters for a pod, and lets none of
// them through, so that nothing is ever bound.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SchedulerExtender {
  /** For `extenders` of a KubeSchedulerConfiguration. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** Pod → the nodes that the scheduler last allowed it; a pod that fits nowhere is never asked about. */
  readonly allowed: ReadonlyMap<string, readonly string[]>;
  readonly close: () => Promise<void>;
}

interface ExtenderArguments {
  readonly Pod: { readonly metadata: { readonly name: string } };
  readonly NodeNames: readonly string[] | null;
}

export const startSchedulerExtender = async (): Promise<SchedulerExtender> => {
  const allowed = new Map<string, readonly string[]>();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const { Pod, NodeNames } = JSON.parse(body) as ExtenderArguments;
      const names = NodeNames ?? [];
      allowed.set(Pod.metadata.name, names.toSorted());
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ NodeNames: [], FailedNodes: Object.fromEntries(names.map((name) => [name, 'only asking'])) }),
      );
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    configuration: {
      urlPrefix: `http://127.0.0.1:${port}`,
      filterVerb: 'filter',
      // Names instead of whole nodes.
      nodeCacheCapable: true,
      httpTimeout: '10s',
    },
    allowed,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
