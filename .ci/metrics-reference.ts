/**
 * Writes docs/reference/metrics.md from the registries of both processes.
 *
 *   node .ci/metrics-reference.ts            writes
 *   node .ci/metrics-reference.ts --check    writes nothing and fails if the file is out of date
 */
import type { Registry } from 'prom-client';
import { createOperatorMetrics } from '../operator/observability/metrics.ts';
import { createWebhookMetrics } from '../webhook/metrics.ts';
import { code, keepGenerated, row } from './generated.ts';

export const metricsFile = 'docs/reference/metrics.md';

/** Those of Node and of the process itself are prom-client's, and differ from one operating system to another. */
const isOurs = ({ name }: { readonly name: string }): boolean => name.startsWith('workload_protection_');

export const metricsPage = async (): Promise<string> => {
  const operator = createOperatorMetrics(() => []).registry;
  const webhook = createWebhookMetrics({
    cacheStaleness: () => ({}),
    reportAge: () => undefined,
    certificateExpiry: () => ({}),
    selfProbe: () => undefined,
  }).registry;
  return [
    '# Metrics',
    '',
    'Generated from the registries of both processes by `npm run generate`; a check fails when it is out of date.',
    '',
    'Served over HTTP at `/metrics`. Labels are bounded by kinds, states, reasons and versions, never by assets. Only the leader fills the',
    'gauges about assets, so that sums over replicas stay true. The operator also serves what prom-client tells of its own process',
    '(`process_*`, `nodejs_*`).',
    '',
    '## Operator, port 8080',
    '',
    ...(await tableOf(operator)),
    '',
    '## Webhook, port 8081',
    '',
    ...(await tableOf(webhook)),
    '',
  ].join('\n');
};

const tableOf = async (registry: Registry): Promise<readonly string[]> => {
  const metrics = (await registry.getMetricsAsJSON()).filter(isOurs);
  return [
    row(['metric', 'type', 'labels', 'what it says']),
    '|---|---|---|---|',
    ...metrics.map(({ name, help, type }) =>
      row([code(name), String(type), labelsOf(registry, name).map(code).join(', '), help]),
    ),
  ];
};

/** Every metric has its labels' names, and the library's types leave them out. */
const labelsOf = (registry: Registry, name: string): readonly string[] =>
  (registry.getSingleMetric(name) as { readonly labelNames?: readonly string[] } | undefined)?.labelNames ?? [];

if (import.meta.main) await keepGenerated(metricsFile, await metricsPage(), '.ci/metrics-reference.ts');
