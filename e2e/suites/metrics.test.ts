// What Prometheus and kubelets ask of both processes: names and values that dashboards rely on, conventions, and health.
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { falco } from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import type { ProcessHandle } from '../installation/install.ts';
import { eventually } from './support/eventually.ts';
import { fetchMetrics, fetchText, type Metrics } from './support/exposition.ts';
import { freshName } from './support/fresh-name.ts';
import { findPromtool } from './support/promtool.ts';
import { createAll, deployment, namespacesOf, node } from './support/small-fleet.ts';
import { startWorld, type World } from './support/world.ts';

const promtool = await findPromtool();
const agents = falco({ tolerations: everywhere, nodeSelector: { 'agents.example.com/falco': 'true' } });

let world: World;
let operator: ProcessHandle;
let standby: ProcessHandle;
let webhook: ProcessHandle;

beforeAll(async () => {
  world = await startWorld('metrics');
  await createAll(world.cluster, [
    ...namespacesOf(agents),
    node('guarded', { 'agents.example.com/falco': 'true' }),
    node('open'),
    ...agents,
    deployment('default', 'shop', { on: 'guarded', replicas: 3 }),
    deployment('default', 'mine', { on: 'open', replicas: 2 }),
    deployment('default', 'idle', { replicas: 0 }),
  ]);
  await world.install({
    starterPolicy: { spec: { gracePeriod: '0s' } },
    operator: { replicas: 0 },
    webhook: { replicas: 0 },
  });
  operator = await world.startOperator({ elect: true });
  await operator.waitForLog('everything has been read');
  await eventually(async () => expect((await metricsOf(operator)).sum('workload_protection_leader')).toBe(1));
  standby = await world.startOperator({ elect: true });
  webhook = await world.startWebhook();
});

afterAll(() => world?.stop());

const metricsOf = ({ metricsUrl }: ProcessHandle): Promise<Metrics> => fetchMetrics(`${metricsUrl}/metrics`);

const processes = [
  ['the operator', () => operator],
  ['a standby', () => standby],
  ['the webhook', () => webhook],
] as const;

describe('the metrics of the operator', () => {
  test('count each kind of asset by state, as the report does', async () => {
    await eventually(async () => {
      const { sum } = await metricsOf(operator);
      const { counts } = (await world.report()).status ?? {};
      const assets = (asset: string, state?: string): number | undefined =>
        sum('workload_protection_assets', { asset, ...(state === undefined ? {} : { state }) });
      expect(assets('node', 'Protected')).toBe(1);
      expect(assets('node', 'NoAgent')).toBe(1);
      // Three of the shop and one of Falco; two of the mine.
      expect(assets('pod', 'Protected')).toBe(4);
      expect(assets('pod', 'NoAgent')).toBe(2);
      expect(assets('workload', 'NotRunning')).toBe(counts?.workloads.notRunning);
      expect(counts?.workloads.notRunning).toBeGreaterThanOrEqual(1);
      for (const [asset, of] of [
        ['node', counts?.nodes],
        ['pod', counts?.pods],
        ['workload', counts?.workloads],
        ['container', counts?.containers],
        ['serverless', counts?.serverless],
      ] as const) {
        expect(assets(asset), asset).toBe(of?.total);
      }
    });
  });

  test('name agents with their versions, gaps with their reasons, and the moment of the report', async () => {
    const { sum, samples } = await metricsOf(operator);
    expect(sum('workload_protection_agent_nodes', { agent: 'falco', version: '0.44.1' })).toBe(1);
    expect(sum('workload_protection_gaps', { reason: 'AgentMissing' })).toBe(1);
    expect(sum('workload_protection_gaps', { reason: 'PolicyDrift' })).toBe(0);
    const { status } = await world.report();
    expect(sum('workload_protection_report_evaluated_timestamp_seconds', { report: 'cluster' })).toBe(
      Date.parse(status?.evaluatedAt ?? '') / 1000,
    );
    // No label of ours takes the name of an asset: their number would grow with the fleet.
    const labels = new Set(samples.flatMap((sample) => Object.values(sample.labels)));
    for (const name of ['guarded', 'open', 'shop', 'mine']) expect(labels).not.toContain(name);
  });

  test('of a standby tell of no assets, so that sums over replicas are true', async () => {
    const { sum } = await metricsOf(standby);
    expect(sum('workload_protection_leader')).toBe(0);
    expect(sum('workload_protection_assets')).toBeUndefined();
    expect(sum('workload_protection_gaps')).toBeUndefined();
    expect(sum('workload_protection_watch_synced', { resource: 'nodes' })).toBe(1);
  });
});

describe('the metrics of the webhook', () => {
  test('count what was asked and what was answered', async () => {
    await world.kubectl(['run', freshName('probe'), '--image=probe:1']);
    const { sum } = await metricsOf(webhook);
    expect(sum('workload_protection_webhook_requests_total', { kind: 'Pod', operation: 'CREATE' })).toBeGreaterThan(0);
    expect(sum('workload_protection_webhook_panics_total')).toBe(0);
    const expiry = sum('workload_protection_webhook_certificate_expiry_timestamp_seconds', { certificate: 'server' });
    expect(expiry).toBeGreaterThan(Date.now() / 1000);
  });
});

describe('by the conventions of Prometheus', () => {
  test.skipIf(!promtool.ok).each(processes)('promtool finds nothing to say of %s', async (_, handle) => {
    const { text } = await metricsOf(handle());
    expect(await checkMetrics(promtool.ok ? promtool.path : '', text)).toEqual({ code: 0, said: '' });
  });
});

const checkMetrics = (file: string, text: string): Promise<{ readonly code: number; readonly said: string }> =>
  new Promise((resolve, reject) => {
    const child = execFile(file, ['check', 'metrics'], { timeout: 30_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ code, said: `${stdout}${stderr}`.trim() });
      else reject(new Error(`cannot run ${file}`, { cause: error }));
    });
    child.stdin?.end(text);
  });

describe('health', () => {
  test.each(processes)('%s is alive and ready, and says by which checks', async (_, handle) => {
    const { metricsUrl } = handle();
    const ready = await fetchText(`${metricsUrl}/readyz`);
    expect(ready.status, ready.text).toBe(200);
    expect(ready.text).toMatch(/^\[\+\] \w+: ok$/m);
    expect(ready.text).not.toContain('[-]');
    expect((await fetchText(`${metricsUrl}/healthz`)).status).toBe(200);
    expect((await fetchText(`${metricsUrl}/nowhere`)).status).toBe(404);
  });
});
