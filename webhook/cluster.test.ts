import { afterEach, describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../kube/clock.ts';
import { silentLog } from '../kube/log.ts';
import { resources } from '../kube/resource.ts';
import { eventually } from '../kube/testing/eventually.ts';
import { startFakeKube, type FakeKube } from '../kube/testing/fake-kube.ts';
import { createTransport } from '../kube/transport.ts';
import { createCluster, settleMs, type Cluster } from './cluster.ts';

const minutes = 60_000;
const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

const aKube = async (): Promise<FakeKube> => {
  const kube = await startFakeKube();
  running.push(async () => kube.close());
  kube.put(resources.nodes, { metadata: { name: 'n1', labels: { pool: 'a' } } });
  kube.put(resources.namespaces, { metadata: { name: 'shop', labels: { team: 'a' } } });
  kube.put(resources.protectionAgents, anAgent);
  kube.put(resources.daemonSets, aFalco);
  kube.put(resources.workloadPolicies, aPolicy('prod'));
  kube.put(resources.coverageSlices, aSlice);
  kube.put(resources.coverageReports, aReport(Date.now()));
  return kube;
};

const follow = (kube: FakeKube, clock: Clock = systemClock): Cluster => {
  const transport = createTransport(kube.access, { userAgent: 'test' });
  const cluster = createCluster({ transport, clock, random: () => 0, log: silentLog, metrics: {} });
  const stop = new AbortController();
  const done = cluster.run(stop.signal);
  running.unshift(async () => {
    stop.abort();
    await done;
    await transport.close();
  });
  return cluster;
};

const anAgent = {
  metadata: { name: 'falco' },
  spec: {
    type: 'Falco',
    pods: { namespaces: ['falco'], container: { names: ['falco'] }, images: ['falcosecurity/falco'] },
  },
};
const aFalco = {
  metadata: { name: 'falco', namespace: 'falco' },
  spec: { template: { spec: { containers: [{ name: 'falco', image: 'falcosecurity/falco:0.43.0' }] } } },
};
const aPolicy = (name: string, spec: object = {}) => ({ metadata: { name }, spec });
const aSlice = {
  metadata: { name: 'cluster-nodes-0' },
  spec: { report: 'cluster', assets: 'Nodes', index: 0, of: 1 },
  profiles: [
    {
      id: 'a',
      state: 'Protected',
      agents: [{ name: 'falco', state: 'Protected', evidence: 'Running' }],
      names: ['n1'],
    },
  ],
};
const aReport = (evaluatedAt: number, spec: object = {}) => ({
  metadata: { name: 'cluster' },
  spec,
  status: { evaluatedAt: new Date(evaluatedAt).toISOString() },
});

describe('the cluster', () => {
  it('is nothing to refuse by until every cache is full', async () => {
    const kube = await aKube();
    kube.inject({ verb: 'watch', plural: 'nodes', fault: { hang: true } });
    const cluster = follow(kube);
    await eventually(
      'all but the nodes',
      () => Object.keys(cluster.missing()),
      (missing) => missing.join() === 'nodes',
    );
    expect(cluster.picture(Date.now()).isStale).toBe(true);
  });

  it('draws a new picture soon after a change of agents or policies, asked or not', async () => {
    const kube = await aKube();
    let drawn = 0;
    const cluster = follow(kube, {
      ...systemClock,
      after: (ms, callback) =>
        systemClock.after(ms, () => {
          callback();
          if (ms === settleMs) drawn += 1;
        }),
    });
    await cluster.synced;
    await eventually('the first picture', () => drawn === 1);
    kube.put(resources.workloadPolicies, aPolicy('more'));
    await eventually('a picture with the new policy', () => drawn === 2);
    kube.put(resources.namespaces, { metadata: { name: 'bar' } });
    kube.put(resources.daemonSets, { ...aFalco, metadata: { name: 'falco-too', namespace: 'falco' } });
    await eventually('a picture with the new DaemonSet', () => drawn === 3);
  });

  it('knows nodes, namespaces, agents, policies and what was reported', async () => {
    const cluster = follow(await aKube());
    await cluster.synced;
    expect(cluster.missing()).toEqual({});
    const picture = cluster.picture(Date.now());
    expect(Array.from(picture.nodes(), ({ name }) => name)).toEqual(['n1']);
    expect(picture.reportOf('n1')?.agents).toMatchObject([{ name: 'falco', state: 'Protected' }]);
    expect(picture.catalogue.installationsOf(picture.catalogue.agents[0]!)).toHaveLength(1);
    expect(picture.resolver.forPod({}, {}, {}).judging.map(({ name }) => name)).toEqual(['prod']);
    expect(picture.isStale).toBe(false);
    expect(cluster.namespaceLabels('shop')).toEqual({ team: 'a' });
  });

  it('gives a namespace that it has not heard of the label that all have', async () => {
    const cluster = follow(await aKube());
    await cluster.synced;
    expect(cluster.namespaceLabels('new')).toEqual({ 'kubernetes.io/metadata.name': 'new' });
  });

  it('takes its picture for old once two refreshes have not come, whatever their interval', async () => {
    const kube = await aKube();
    const cluster = follow(kube);
    await cluster.synced;
    const now = Date.now();
    expect(cluster.picture(now + 9 * minutes).isStale).toBe(false);
    expect(cluster.picture(now + 11 * minutes).isStale).toBe(true);
    kube.put(resources.coverageReports, aReport(now, { refreshInterval: '1m' }));
    await eventually('the shorter interval', () => cluster.picture(now + 3 * minutes).isStale);
    kube.remove(resources.coverageReports, '', 'cluster');
    await eventually(
      'no report',
      () => cluster.reportAge(now),
      (age) => age === undefined,
    );
    expect(cluster.picture(now).isStale).toBe(true);
  });

  it('keeps what it has worked out while nothing that matters changes', async () => {
    const kube = await aKube();
    const cluster = follow(kube);
    await cluster.synced;
    const before = cluster.picture(Date.now());
    const [node] = before.nodes();
    kube.put(resources.nodes, { metadata: { name: 'n1', labels: { pool: 'a' } }, status: { conditions: [] } });
    kube.put(resources.daemonSets, { ...aFalco, status: { numberReady: 7 } });
    kube.put(resources.nodes, { metadata: { name: 'n2' } });
    await eventually(
      'the new node',
      () => Array.from(cluster.picture(Date.now()).nodes()).length,
      (count) => count === 2,
    );
    const after = cluster.picture(Date.now());
    expect([...after.nodes()]).toContain(node);
    expect([after.catalogue, after.resolver, after.standings]).toEqual([
      before.catalogue,
      before.resolver,
      before.standings,
    ]);
    expect(after.standings).toBe(before.standings);
  });

  it('gives the same picture while nothing changes, and another once what is reported of a node does', async () => {
    const kube = await aKube();
    const cluster = follow(kube);
    await cluster.synced;
    const now = Date.now();
    const before = cluster.picture(now);
    expect(cluster.picture(now + 1)).toBe(before);
    kube.put(resources.coverageSlices, {
      ...aSlice,
      profiles: [{ id: 'a', state: 'NoAgent', agents: [], names: ['n1'] }],
    });
    const after = await eventually(
      'another picture',
      () => cluster.picture(now),
      (picture) => picture !== before,
    );
    expect(after.classes.find('n1')?.presences).toMatchObject([{ agent: 'falco', evidence: undefined }]);
  });

  it('follows a change of policies', async () => {
    const kube = await aKube();
    const cluster = follow(kube);
    await cluster.synced;
    kube.put(resources.workloadPolicies, aPolicy('second'));
    const names = await eventually(
      'two policies',
      () =>
        cluster
          .picture(Date.now())
          .resolver.forPod({}, {}, {})
          .judging.map(({ name }) => name),
      ({ length }) => length === 2,
    );
    expect(names).toEqual(['prod', 'second']);
  });

  it('leaves out a policy that it cannot read, and keeps the others', async () => {
    const kube = await aKube();
    kube.put(resources.workloadPolicies, aPolicy('broken', { admission: { mode: 'Shout' } }));
    const cluster = follow(kube);
    await cluster.synced;
    expect(
      cluster
        .picture(Date.now())
        .resolver.forPod({}, {}, {})
        .judging.map(({ name }) => name),
    ).toEqual(['prod']);
  });

  it('goes on with the last good form of a policy that cannot be read any more', async () => {
    const kube = await aKube();
    const cluster = follow(kube);
    await cluster.synced;
    kube.put(resources.workloadPolicies, aPolicy('prod', { admission: { mode: 'Shout' } }));
    kube.put(resources.workloadPolicies, aPolicy('second'));
    const names = await eventually(
      'the second policy',
      () =>
        cluster
          .picture(Date.now())
          .resolver.forPod({}, {}, {})
          .judging.map(({ name }) => name),
      (seen) => seen.includes('second'),
    );
    expect(names).toEqual(['prod', 'second']);
  });

  it('has nothing to say where our kinds are not installed', async () => {
    const kube = await startFakeKube();
    running.push(async () => kube.close());
    for (const plural of ['workloadpolicies', 'protectionagents', 'coverageslices', 'coveragereports'])
      kube.settings.absent.add(plural);
    const cluster = follow(kube);
    await cluster.synced;
    expect(cluster.picture(Date.now()).resolver.forPod({}, {}, {}).selecting).toEqual([]);
  });

  it('measures for each resource how long it has heard nothing', async () => {
    const cluster = follow(await aKube());
    await cluster.synced;
    expect(Object.keys(cluster.staleness()).toSorted()).toEqual([
      'coveragereports.workloadprotection.dev',
      'coverageslices.workloadprotection.dev',
      'daemonsets.apps',
      'namespaces',
      'nodes',
      'protectionagents.workloadprotection.dev',
      'runtimeclasses.node.k8s.io',
      'workloadpolicies.workloadprotection.dev',
    ]);
  });
});
