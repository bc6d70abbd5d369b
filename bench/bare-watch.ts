// The baseline for cold start and memory: a process that streams all pods and nodes, keeps ten fields of each, and does nothing
// else. It uses none of our code. Arguments: URL, file of the CA; token in TOKEN. Prints one line of JSON when all is read.
import { readFileSync } from 'node:fs';
import { request } from 'node:https';

interface Kept {
  readonly name: unknown;
  readonly namespace: unknown;
  readonly uid: unknown;
  readonly labels: unknown;
  readonly owner: unknown;
  readonly node: unknown;
  readonly phase: unknown;
  readonly ready: unknown;
  readonly images: unknown;
  readonly createdAt: unknown;
}

interface Seen {
  readonly metadata: Record<string, unknown> & { readonly annotations?: Record<string, string> };
  readonly spec?: { readonly nodeName?: string; readonly containers?: { readonly image: string }[] };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: { readonly type: string; readonly status: string }[];
  };
}

const [url = '', caFile = ''] = process.argv.slice(2);
const ca = readFileSync(caFile);
const began = performance.now();

const keep = ({ metadata, spec, status }: Seen): Kept => ({
  name: metadata['name'],
  namespace: metadata['namespace'],
  uid: metadata['uid'],
  labels: metadata['labels'],
  owner: (metadata['ownerReferences'] as { name: string }[] | undefined)?.[0]?.name,
  node: spec?.nodeName,
  phase: status?.phase,
  ready: status?.conditions?.find(({ type }) => type === 'Ready')?.status,
  images: spec?.containers?.map(({ image }) => image),
  createdAt: metadata['creationTimestamp'],
});

/** Ends when the server says that everything has been sent. */
const readAll = (path: string): Promise<Kept[]> =>
  new Promise((resolve, reject) => {
    const kept: Kept[] = [];
    const query = 'watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
    const headers = { authorization: `Bearer ${process.env['TOKEN'] ?? ''}` };
    const call = request(`${url}${path}?${query}`, { ca, headers }, (response) => {
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const { type, object } = JSON.parse(line) as { type: string; object: Seen };
          if (type === 'ADDED') kept.push(keep(object));
          else if (type === 'BOOKMARK' && object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true') {
            response.destroy();
            resolve(kept);
          }
        }
      });
      response.on('end', () => reject(new Error(`the watch of ${path} ended with status ${response.statusCode ?? 0}`)));
    });
    call.on('error', reject);
    call.end();
  });

const [pods, nodes] = await Promise.all([readAll('/api/v1/pods'), readAll('/api/v1/nodes')]);
const seconds = (performance.now() - began) / 1000;
process.stdout.write(`${JSON.stringify({ pods: pods.length, nodes: nodes.length, seconds })}\n`);
// Held until the reader of that line has looked at this process's memory.
process.stdin.resume();
process.stdin.on('end', () => process.exit(pods.length + nodes.length > 0 ? 0 : 1));
