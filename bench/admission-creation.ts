// Pods created through a real API server: in a namespace that the webhook judges and in one that it is not called for, in turns, so that
// a neighbour on the machine hits both.
import { Agent, request } from 'undici';
import { startControlPlane, type ControlPlane } from '../e2e/control-plane/start.ts';
import { installProduct } from '../e2e/installation/install.ts';
import { percentile, type Figure } from './figures.ts';
import { cpuSecondsOf, memoryOf } from './process-memory.ts';

/** Requests that are out at a time. */
const concurrencies = [1, 10, 50] as const;
const rounds = 5;
const perRound = 300;
const deadlineMs = 30_000;

type Place = 'judged' | 'unjudged';

interface Creations {
  readonly times: number[];
  seconds: number;
  failed: number;
  warned: number;
}

export const benchCreation = async (log: (line: string) => void): Promise<readonly Figure[]> => {
  const plane = await startControlPlane({ name: 'bench-creation', controllers: false, kwok: false, log });
  const agent = new Agent({ connect: { ca: plane.ca }, allowH2: false, connections: Math.max(...concurrencies) });
  try {
    const installation = await installProduct(plane, {
      values: {
        operator: { replicas: 0 },
        webhook: { replicas: 0, excludedNamespaces: ['kube-system', 'kube-node-lease', 'unjudged'] },
        // Nothing is known of any node, so that every pod is warned of: the dearest answer.
        starterPolicy: { spec: { gracePeriod: '0s', admission: { mode: 'Warn' } } },
      },
    });
    for (const name of ['judged', 'unjudged']) {
      await plane.api.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      // No controller makes one here, and the API server looks for it for a second.
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } };
      await plane.api.call('POST', `/api/v1/namespaces/${name}/serviceaccounts`, account);
    }
    const webhook = await installation.startWebhook();
    try {
      await webhook.waitUntilReady();
      const figures: Figure[] = [];
      for (const concurrency of concurrencies) {
        const found = { judged: none(), unjudged: none() };
        const before = cpuSecondsOf(webhook.pid);
        for (let round = 0; round < rounds; round++)
          for (const place of ['judged', 'unjudged'] as const)
            await create(plane, agent, place, concurrency, found[place]);
        const cpuMs = ((cpuSecondsOf(webhook.pid) - before) * 1000) / found.judged.times.length;
        const { judged, unjudged } = found;
        log(`${concurrency} at a time: with the webhook ${words(judged)}; without ${words(unjudged)}`);
        figures.push({
          what: `pods created through the API server, ${concurrency} at a time, with the webhook and without`,
          measured: `${words(judged)}; ${words(unjudged)}; CPU of the webhook ${cpuMs.toFixed(2)} ms each`,
          budget: 'none fails, all are judged',
          holds:
            judged.failed + unjudged.failed === 0 && judged.warned === judged.times.length && unjudged.warned === 0,
        });
      }
      const { resident, peak } = memoryOf(webhook.pid);
      figures.push({
        what: 'memory of the webhook process meanwhile, resident / peak',
        measured: `${resident} / ${peak} MiB`,
        budget: '',
        holds: undefined,
      });
      return figures;
    } finally {
      await webhook.stop();
    }
  } finally {
    await agent.destroy();
    await plane.stop();
  }
};

const none = (): Creations => ({ times: [], seconds: 0, failed: 0, warned: 0 });

const create = async (
  { url, adminToken }: Pick<ControlPlane, 'url' | 'adminToken'>,
  agent: Agent,
  place: Place,
  concurrency: number,
  creations: Creations,
): Promise<void> => {
  const body = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'app-', labels: { app: 'app' } },
    spec: { containers: [{ name: 'main', image: 'registry.example.com/app:1.0.0' }] },
  });
  let left = perRound;
  const one = async (): Promise<void> => {
    const began = performance.now();
    const {
      statusCode,
      headers,
      body: answer,
    } = await request(`${url}/api/v1/namespaces/${place}/pods`, {
      method: 'POST',
      dispatcher: agent,
      signal: AbortSignal.timeout(deadlineMs),
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      body,
    });
    await answer.dump();
    if (statusCode !== 201) creations.failed += 1;
    if (headers['warning'] !== undefined) creations.warned += 1;
    creations.times.push(performance.now() - began);
  };
  const worker = async (): Promise<void> => {
    while (left-- > 0) await one();
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  creations.seconds += (performance.now() - began) / 1000;
};

const words = ({ times, seconds, failed }: Creations): string =>
  `${(times.length / seconds).toFixed(0)}/s, p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms${failed === 0 ? '' : `, ${failed} FAILED`}`;
