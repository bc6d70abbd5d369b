import type { ApiClient } from './api.ts';

/** At a time; more does not make the API server faster on a small machine. */
const CONCURRENCY = 16;

/** Makes `count` nodes node-0, node-1, … with nothing special about them; kwok fills their status. */
export async function createPlainNodes(api: ApiClient, count: number): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const name = `node-${next}`;
      next += 1;
      const answer = await api.call('POST', '/api/v1/nodes', plainNode(name));
      if (answer.status !== 201 && answer.status !== 409) {
        throw new Error(`could not make node ${name}: ${answer.status} ${JSON.stringify(answer.body)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

export function plainNode(name: string): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
    },
  };
}
