// Fills etcd beneath a running API server: 150,000 pods in a minute rather than in ten, and the API server serves them like any
// others, since it reads JSON as well as protobuf. Nothing but benchmarks should do so.
import { Agent, request } from 'undici';
import type { StoredObject } from './objects.ts';

/** etcd's own bound on operations in one transaction. */
const perTransaction = 100;
const concurrent = 8;

export const loadIntoEtcd = async (
  etcd: string,
  objects: Iterable<StoredObject>,
  onProgress: (loaded: number) => void,
): Promise<number> => {
  const agent = new Agent({ connections: concurrent, headersTimeout: 120_000, bodyTimeout: 120_000 });
  const source = batches(objects, perTransaction);
  let loaded = 0;
  const work = async (): Promise<void> => {
    for (let next = source.next(); !next.done; next = source.next()) {
      const batch = next.value;
      await put(etcd, agent, batch);
      loaded += batch.length;
      onProgress(loaded);
    }
  };
  await Promise.all(Array.from({ length: concurrent }, work));
  await agent.close();
  return loaded;
};

const put = async (etcd: string, agent: Agent, batch: readonly StoredObject[]): Promise<void> => {
  const success = batch.map(({ key, value }) => ({
    request_put: { key: base64(`/registry/${key}`), value: base64(JSON.stringify(value)) },
  }));
  const { statusCode, body } = await request(`${etcd}/v3/kv/txn`, {
    method: 'POST',
    body: JSON.stringify({ success }),
    dispatcher: agent,
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`etcd refused a transaction of ${batch.length} puts: ${statusCode} ${text}`);
};

function* batches<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
