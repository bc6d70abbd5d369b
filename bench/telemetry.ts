// Asking a fleet of agents how they are: all at once, as a new leader does, and evenly over a minute, as ever after.
import { fork } from 'node:child_process';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { adapters } from '../agents/adapters.ts';
import { createCoverageModel } from '../domain/coverage/model.ts';
import { aFalco, scraped } from '../domain/testing/agents.ts';
import { aNode } from '../domain/testing/nodes.ts';
import { aDaemonSet, aPod, aShape, falcoContainer, falcoLabels } from '../domain/testing/pods.ts';
import { systemClock } from '../kube/clock.ts';
import { createScraper } from '../operator/telemetry/scraper.ts';
import type { ScrapeSettings } from '../operator/telemetry/settings.ts';
import { targetsOf } from '../operator/telemetry/targets.ts';
import type { Figure } from './figures.ts';

const intervalMs = 60_000;
/** The slots that agents which hang may fill are counted on this: a round that takes longer leaves agents out. */
const firstRoundBudgetMs = 15_000;

/** Loopback addresses, one for each agent. */
export const agentAddress = (index: number): string =>
  `127.${200 + Math.floor(index / 65_025)}.${Math.floor(index / 255) % 255}.${1 + (index % 255)}`;

export const benchTelemetry = async (
  { nodes }: { readonly nodes: number },
  log: (line: string) => void,
): Promise<readonly Figure[]> => {
  const agents = fork(path.join(import.meta.dirname, 'telemetry-agents.ts'), [String(nodes)]);
  try {
    const port = await new Promise<number>((resolve, reject) => {
      agents.once('message', (message) => resolve((message as { readonly port: number }).port));
      agents.once('exit', () => reject(new Error('the simulated agents ended before they answered')));
    });
    return await measure(nodes, port, log);
  } finally {
    agents.disconnect();
  }
};

const measure = async (nodes: number, port: number, log: (line: string) => void): Promise<readonly Figure[]> => {
  const model = fleetOf(nodes);
  const settings: ScrapeSettings = {
    agent: 'falco',
    type: 'Falco',
    port,
    path: '/metrics',
    intervalMs,
    staleAfterMs: 3 * intervalMs,
    tls: undefined,
    token: undefined,
    custom: undefined,
  };
  const outcomes = new Map<string, number>();
  const scraper = createScraper({
    adapters,
    credentials: () => Promise.resolve({ trust: undefined, token: undefined }),
    tell: model.setTelemetry,
    onScrape: (_, outcome) => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1),
    clock: systemClock,
    userAgent: 'bench',
  });
  const stop = new AbortController();
  const before = memory();
  const began = performance.now();
  scraper.follow(targetsOf(model.inventory, model.catalogue(), [settings]));
  const running = scraper.run(stop.signal);
  while (scraper.isPending()) await delay(20);
  const firstRoundMs = performance.now() - began;
  log(`first round: ${Math.round(firstRoundMs)} ms, ${JSON.stringify(Object.fromEntries(outcomes))}`);
  model.evaluate(Date.now());
  const asked = outcomes.get('ok') ?? 0;
  const cpu = process.cpuUsage();
  await delay(intervalMs);
  const { user, system } = process.cpuUsage(cpu);
  const rounds = (outcomes.get('ok') ?? 0) - asked;
  const after = memory();
  const evaluation = performance.now();
  model.evaluate(Date.now());
  log(
    `a minute: ${rounds} answers, ${JSON.stringify(Object.fromEntries(outcomes))}; evaluation ${Math.round(performance.now() - evaluation)} ms`,
  );
  stop.abort();
  await running;
  return [
    {
      what: `${nodes} agents asked at once`,
      measured: `${(firstRoundMs / 1000).toFixed(1)} s`,
      budget: `${firstRoundBudgetMs / 1000} s`,
      holds: firstRoundMs < firstRoundBudgetMs,
    },
    {
      what: `${nodes} agents asked over a minute: answers`,
      measured: String(rounds),
      budget: `${nodes}`,
      // The first and the last of a minute fall into another one where it ends.
      holds: rounds >= nodes * 0.99,
    },
    {
      what: 'processor time for that',
      measured: `${((user + system) / 1e6).toFixed(1)} s, ${(((user + system) / 1000 / intervalMs) * 100).toFixed(0)} % of a core`,
      budget: '',
      holds: undefined,
    },
    {
      what: 'memory that it adds, the heap after a collection and all of the process',
      measured: `${after.heap === undefined || before.heap === undefined ? 'not measured (needs --expose-gc)' : `${(after.heap - before.heap).toFixed(0)} MiB`}, ${(after.resident - before.resident).toFixed(0)} MiB`,
      budget: '',
      holds: undefined,
    },
  ];
};

/** MiB. */
const memory = (): { readonly heap: number | undefined; readonly resident: number } => {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: globalThis.gc === undefined ? undefined : heapUsed / 1024 / 1024, resident: rss / 1024 / 1024 };
};

const fleetOf = (nodes: number) => {
  const model = createCoverageModel();
  model.setAgents([aFalco({ telemetry: scraped })]);
  model.upsertDaemonSet(aDaemonSet());
  const shape = aShape({ labels: falcoLabels, containers: [falcoContainer('0.44.1')] });
  for (let index = 0; index < nodes; index += 1) {
    model.upsertNode(aNode({ name: `node-${index}` }));
    model.upsertPod(
      aPod({
        namespace: 'security',
        name: `falco-${index}`,
        node: `node-${index}`,
        shape,
        owner: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'falco' },
        address: agentAddress(index),
        createdAt: 1000,
      }),
    );
  }
  model.evaluate(Date.now());
  return model;
};
