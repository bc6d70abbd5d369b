import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentAdapter } from '../../agents/agent.ts';
import { createCoverageModel } from '../../domain/coverage/model.ts';
import { aFalco, scraped } from '../../domain/testing/agents.ts';
import { aNode } from '../../domain/testing/nodes.ts';
import { aDaemonSet, aPod, aShape, falcoContainer, falcoLabels } from '../../domain/testing/pods.ts';
import type { InstanceTelemetry } from '../../domain/telemetry/types.ts';
import { silentLog } from '../../kube/log.ts';
import { resources } from '../../kube/resource.ts';
import { eventually } from '../../kube/testing/eventually.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { startFakeKube, type FakeKube } from '../../kube/testing/fake-kube.ts';
import { createTransport } from '../../kube/transport.ts';
import { createOurObjects, type RawObject } from '../watches.ts';
import { createTelemetry, type TelemetryMetrics } from './keep.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const metricsAdapter: AgentAdapter = {
  type: 'Falco',
  probes: (path) => [{ name: 'metrics', path, needed: true }],
  read: ({ answers, at }) => {
    const answer = answers.get('metrics');
    return answer === undefined || 'failed' in answer
      ? { failed: answer?.failed ?? 'nothing' }
      : { reading: { at, version: answer.body, issues: [] }, memory: {} };
  },
  declaringKinds: [],
  readsConfigMaps: false,
  declare: () => ({ policies: [], contents: [], exclusions: [], notes: [] }),
};

const evaluatedAt = '2026-09-21T12:00:00Z';

const startLeader = async ({
  hangs = false,
  mode = 'Scrape',
  arrange = () => {},
}: {
  readonly hangs?: boolean;
  readonly mode?: string;
  readonly arrange?: (kube: FakeKube) => void;
} = {}) => {
  const kube = await startFakeKube();
  arrange(kube);
  const transport = createTransport(kube.access, { userAgent: 'test' });
  let asked = 0;
  const agent = createServer((_, response) => {
    asked += 1;
    if (!hangs) response.end('1.0');
  });
  await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve));
  const model = createCoverageModel();
  model.setAgents([aFalco({ telemetry: scraped })]);
  model.upsertNode(aNode({ name: 'node-1' }));
  model.upsertDaemonSet(aDaemonSet());
  model.upsertPod(
    aPod({
      namespace: 'security',
      name: 'falco-1',
      shape: aShape({ labels: falcoLabels, containers: [falcoContainer('0.43.0')] }),
      owner: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'falco' },
      address: '127.0.0.1',
      createdAt: 1000,
    }),
  );
  model.evaluate(0);
  const ours = createOurObjects();
  const port = (agent.address() as AddressInfo).port;
  const falcoAgent = (telemetry: object): RawObject =>
    ({
      apiVersion: 'workloadprotection.dev/v1alpha1',
      kind: 'ProtectionAgent',
      metadata: { name: 'falco', uid: 'falco' },
      spec: { type: 'Falco', pods: { container: { names: ['falco'] }, images: ['falcosecurity/falco'] }, telemetry },
    }) as RawObject;
  ours.agents.upsert(falcoAgent({ mode, port }));
  ours.reports.upsert({ metadata: { name: 'cluster', uid: 'c' }, status: { evaluatedAt } } as unknown as RawObject);
  const told: (InstanceTelemetry | undefined)[] = [];
  const heard: unknown[] = [];
  const clock = new FakeClock();
  let changed = (): void => {};
  let scraper: Parameters<TelemetryMetrics['setScraper']>[0];
  const telemetry = createTelemetry({
    transport,
    namespace: 'watchers',
    adapters: new Map([[metricsAdapter.type, metricsAdapter]]),
    ours,
    model: {
      ...model,
      setTelemetry: (node, name, said) => {
        told.push(said);
        return model.setTelemetry(node, name, said);
      },
    },
    touch: () => {},
    heard: (node, agent, reading) => heard.push([node, agent, reading?.at]),
    subscribe: (listener) => {
      changed = listener;
      return () => {};
    },
    clock,
    log: silentLog,
    metrics: {
      scraped: () => {},
      setScraper: (next) => {
        scraper = next;
      },
    },
    userAgent: 'test',
  });
  const stop = new AbortController();
  const running = telemetry.run(stop.signal);
  let settled = false;
  void telemetry.settled.then(() => (settled = true));
  const end = async (): Promise<void> => {
    stop.abort();
    agent.closeAllConnections();
    await running;
  };
  closers.push(async () => {
    await end();
    await new Promise((resolve) => agent.close(resolve));
    await transport.close();
    await kube.close();
  });
  return {
    kube,
    clock,
    told,
    heard,
    telemetry,
    model,
    ours,
    asked: () => asked,
    isSettled: () => settled,
    scraper: () => scraper,
    change: () => changed(),
    configure: (how: object) => ours.agents.upsert(falcoAgent({ port, ...how })),
    end,
  };
};

type Leader = Awaited<ReturnType<typeof startLeader>>;

const until = (leader: Leader, what: string, holds: () => boolean, stepMs = 50): Promise<boolean> =>
  eventually(what, async () => {
    await leader.clock.advance(stepMs);
    return holds();
  });

const aSlice = (node: string) => ({
  metadata: { name: 'cluster-nodes-0' },
  spec: { report: 'cluster', assets: 'Nodes', index: 0, of: 1 },
  profiles: [
    {
      state: 'Protected',
      agents: [{ name: 'falco', version: '0.9', state: 'Protected', evidence: 'Reporting' }],
      reasons: [],
      names: [node],
    },
  ],
});

describe('a new leader', () => {
  it('has settled once everybody was asked', async () => {
    const leader = await startLeader();
    await until(leader, 'it has settled', leader.isSettled);
    expect(leader.told.at(-1)).toMatchObject({ reading: { version: '1.0' }, askedSince: 1000, failure: undefined });
    expect(leader.heard.at(-1)).toEqual(['node-1', 'falco', leader.told.at(-1)?.reading?.at]);
    expect(leader.telemetry.standing('falco')).toMatchObject({ asked: 1, failing: 0 });
    expect([...(leader.scraper()?.asked() ?? [])]).toEqual([['falco', 1]]);
  });

  it('goes on from what the one before it wrote, until it has an answer', async () => {
    const leader = await startLeader({
      arrange: (kube) => void kube.put(resources.coverageSlices, aSlice('node-1')),
    });
    await until(leader, 'it has settled', leader.isSettled);
    expect(leader.told).toMatchObject([
      { reading: { at: Date.parse(evaluatedAt), version: '0.9' } },
      { reading: { version: '1.0' } },
    ]);
    const asked = leader.kube.requests.find(({ path }) => path.endsWith('coverageslices'));
    expect(asked?.query['fieldSelector']).toBe('spec.report=cluster,spec.assets=Nodes');
  });

  it('does without where that cannot be read', async () => {
    const leader = await startLeader({ arrange: (kube) => void kube.settings.forbidden.add('coverageslices') });
    await until(leader, 'it has settled', leader.isSettled);
    expect(leader.told).toMatchObject([{ reading: { version: '1.0' } }]);
  });

  it('does not wait for ever for who hangs, and then knows what was known before', async () => {
    const leader = await startLeader({
      hangs: true,
      arrange: (kube) => void kube.put(resources.coverageSlices, aSlice('node-1')),
    });
    await until(leader, 'it was asked', () => leader.asked() === 1);
    expect(leader.isSettled()).toBe(false);
    await until(leader, 'it has settled', leader.isSettled, 1000);
    expect(leader.told.at(-1)).toMatchObject({
      reading: { version: '0.9' },
      failure: 'it gave no complete answer within 5 s',
    });
  });

  it('waits for nobody where nobody is scraped, and reads nothing', async () => {
    const leader = await startLeader({ mode: 'None' });
    await until(leader, 'it has settled', leader.isSettled);
    expect([leader.asked(), leader.kube.requests.length]).toEqual([0, 0]);
  });
});

describe('a leader', () => {
  it('asks who comes, and forgets who goes', async () => {
    const leader = await startLeader();
    await until(leader, 'it has settled', leader.isSettled);
    leader.model.removePod('security', 'falco-1');
    leader.change();
    await until(leader, 'it is forgotten', () => leader.told.at(-1) === undefined);
  });

  it('asks once that is switched on, and no more once it is switched off', async () => {
    const leader = await startLeader({ mode: 'None' });
    await until(leader, 'it has settled', leader.isSettled);
    leader.configure({ mode: 'Scrape' });
    await until(leader, 'it was asked', () => leader.told.length === 1);
    leader.configure({ mode: 'None' });
    await until(leader, 'it is forgotten', () => leader.told.length === 2);
    expect(leader.told.at(-1)).toBeUndefined();
  });

  it('that leads no more asks nobody', async () => {
    const leader = await startLeader();
    await until(leader, 'it has settled', leader.isSettled);
    await leader.end();
    const before = leader.asked();
    for (let minute = 0; minute < 3; minute += 1) await leader.clock.advance(60_000);
    expect(leader.asked()).toBe(before);
    expect(leader.scraper()).toBeUndefined();
  });
});
