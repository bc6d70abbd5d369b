// Faults: whatever dies, hangs, restarts or meddles, the reports are right again without a hand, and nobody writes twice.
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { apiVersion } from '../../crds/schema/vocabulary.ts';
import { falco } from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import type { ProcessHandle } from '../installation/install.ts';
import { eventually } from './support/eventually.ts';
import { fetchMetrics, fetchText } from './support/exposition.ts';
import { createAll, deployment, namespacesOf, node, pod } from './support/small-fleet.ts';
import { condition, startWorld, untilReady, type World } from './support/world.ts';

/** The Lease lasts ten seconds and is asked for every second; a busy machine adds to it. */
const takeoverWithinMs = 20_000;
/** Well below what an unreleased Lease would take. */
const handoverWithinMs = 6_000;

let world: World;
let replicas: ProcessHandle[] = [];
let probes = 0;

const agents = falco({ tolerations: everywhere, nodeSelector: { 'agents.example.com/falco': 'true' } });

beforeAll(async () => {
  world = await startWorld('resilience');
  await createAll(world.cluster, [
    ...namespacesOf(agents),
    node('guarded', { 'agents.example.com/falco': 'true' }),
    node('open'),
    ...agents,
    deployment('default', 'shop', { on: 'guarded', replicas: 2 }),
    deployment('default', 'mine', { on: 'open' }),
  ]);
  await world.install({
    // Where Falco's rules are declared.
    agentNamespaces: ['falco'],
    starterPolicy: { spec: { gracePeriod: '0s' } },
    operator: { replicas: 0 },
    webhook: { replicas: 0 },
  });
});

afterAll(() => world?.stop());

/** What a kubelet does: a replica that has ended, as one that lost its Lease does, is started again. */
const restartEnded = async (): Promise<void> => {
  const ended = await Promise.all(replicas.map(hasEnded));
  replicas = replicas.filter((_, index) => !ended[index]);
  while (replicas.length < 2) replicas.push(await world.startOperator({ elect: true }));
};

const untilLed = (withinMs?: number): Promise<ProcessHandle> =>
  eventually(
    async () => {
      await restartEnded();
      return leader();
    },
    { withinMs: withinMs ?? 60_000 },
  );

/** Each test begins with a leader, a standby and a report that is right. */
beforeEach(async () => {
  await untilLed();
  await untilRight();
});

/** Looked at after what has happened already was told. */
const hasEnded = async ({ exited }: ProcessHandle): Promise<boolean> =>
  Promise.race([exited.then(() => true), setImmediate(false)]);

const leads = async ({ metricsUrl }: ProcessHandle): Promise<boolean> =>
  (await fetchMetrics(`${metricsUrl}/metrics`)).sum('workload_protection_leader') === 1;

/** The replica that leads; fails where none or several do. */
const leader = async (): Promise<ProcessHandle> => {
  const leading = await Promise.all(replicas.map(leads));
  const [found, ...more] = replicas.filter((_, index) => leading[index]);
  if (found === undefined || more.length > 0)
    throw new Error(`${leading.filter(Boolean).length} of ${replicas.length} replicas lead`);
  return found;
};

const both = async (): Promise<{ readonly leading: ProcessHandle; readonly standby: ProcessHandle }> => {
  const leading = await eventually(leader);
  const standby = replicas.find((replica) => replica !== leading);
  if (standby === undefined) throw new Error('there is no standby');
  return { leading, standby };
};

const probePath = (name: string): string => `/api/v1/namespaces/default/pods/${name}`;

/** A change that a report must follow. */
const addProbe = async (): Promise<string> => {
  const name = `probe-${(probes += 1)}`;
  await world.cluster.create(pod('default', name, { on: 'open' }));
  return name;
};

/** The report counts what the API server has. */
const untilRight = (withinMs?: number): Promise<void> =>
  eventually(
    async () => {
      const pods = await world.cluster.list<{
        readonly status: { readonly phase?: string };
        readonly spec: { readonly nodeName?: string };
      }>('v1', 'Pod');
      const running = pods.filter(({ status: { phase } }) => phase === 'Running');
      expect(running.length).toBe(pods.length);
      const { status } = await world.report();
      expect(status?.counts?.pods.total).toBe(running.length);
      expect(status?.counts?.pods.noAgent).toBe(running.filter(({ spec }) => spec.nodeName === 'open').length);
      expect(status?.counts?.nodes).toMatchObject({ total: 2, protected: 1, noAgent: 1 });
      const { nodes, workloads } = await world.verdicts();
      expect([nodes.get('guarded')?.state, nodes.get('open')?.state]).toEqual(['Protected', 'NoAgent']);
      const names = pods.filter(({ spec }) => spec.nodeName === 'open').length;
      expect([...workloads.values()].filter(({ state }) => state === 'NoAgent').length).toBe(names);
      expect(condition(await world.report(), 'Complete').status).toBe('False');
    },
    { withinMs: withinMs ?? 60_000 },
  );

const sumOf = async ({ metricsUrl }: ProcessHandle, name: string, labels?: Record<string, string>): Promise<number> =>
  (await fetchMetrics(`${metricsUrl}/metrics`)).sum(name, labels) ?? 0;

describe('leaders', () => {
  test('a standby goes on where a killed leader left', async () => {
    const { leading, standby } = await both();
    leading.kill('SIGKILL');
    await leading.exited;
    const killed = performance.now();
    await addProbe();
    replicas = [standby];
    await eventually(leader, { withinMs: takeoverWithinMs });
    await untilRight();
    process.stderr.write(`    ${Math.round(performance.now() - killed)} ms from the kill to a report that is right\n`);
  });

  test('a leader that is asked to end gives the Lease away', async () => {
    const { leading, standby } = await both();
    await leading.stop();
    const stopped = performance.now();
    await addProbe();
    replicas = [standby];
    await eventually(leader, { withinMs: handoverWithinMs, everyMs: 50 });
    process.stderr.write(`    ${Math.round(performance.now() - stopped)} ms from the end to the next leader\n`);
    await untilRight();
  });

  test('a leader that was paused finds another in its place, and stops writing', async () => {
    const { leading, standby } = await both();
    leading.kill('SIGSTOP');
    await addProbe();
    replicas = [standby];
    await eventually(leader, { withinMs: takeoverWithinMs });
    await untilRight();
    const before = await holder();
    leading.kill('SIGCONT');
    await addProbe();
    await eventually(
      async () => {
        if (await hasEnded(leading)) return;
        expect(await leads(leading)).toBe(false);
      },
      { withinMs: handoverWithinMs, everyMs: 50 },
    );
    await untilRight();
    expect(await leads(standby)).toBe(true);
    expect(await holder()).toBe(before);
    // One that lives on is a standby like any other.
    if (!(await hasEnded(leading))) {
      await untilReady(leading);
      replicas = [standby, leading];
    }
  });
});

const holder = async (): Promise<string | undefined> => {
  const path = '/apis/coordination.k8s.io/v1/namespaces/workload-protection/leases/workload-protection-operator';
  return (await world.get<{ readonly spec: { readonly holderIdentity?: string } }>(path)).spec.holderIdentity;
};

describe('other hands', () => {
  const slicePath = `/apis/${apiVersion}/coverageslices`;

  const uidOf = (object: object): string => (object as { metadata: { uid: string } }).metadata.uid;

  test('a slice that was deleted comes back', async () => {
    const [first] = await world.slices();
    const before = uidOf(first ?? {});
    await world.cluster.remove(`${slicePath}/${first?.metadata.name}`);
    await eventually(async () => {
      const again = (await world.slices()).find(({ metadata }) => metadata.name === first?.metadata.name);
      expect(again?.profiles).toEqual(first?.profiles);
      expect(uidOf(again ?? {})).not.toBe(before);
    });
  });

  test('a slice that was edited is put right', async () => {
    const before = (await world.slices()).find(({ spec }) => spec.assets === 'Nodes');
    await world.cluster.patch(`${slicePath}/${before?.metadata.name}`, { profiles: [] });
    await eventually(async () => {
      const after = (await world.slices()).find(({ spec }) => spec.assets === 'Nodes');
      expect(after?.profiles).toEqual(before?.profiles);
    });
  });

  test('the report named cluster comes back, with slices of its own', async () => {
    const before = uidOf(await world.report());
    await world.kubectl(['delete', 'cov', 'cluster', '--wait=false']);
    await eventually(async () => {
      const report = await world.report();
      expect(uidOf(report)).not.toBe(before);
      const owners = (await world.slices()).map(
        ({ metadata }) => (metadata as { ownerReferences?: readonly { uid: string }[] }).ownerReferences?.[0]?.uid,
      );
      expect(new Set(owners)).toEqual(new Set([uidOf(report)]));
    });
    await untilRight();
  });

  test.each([
    ['a report', 'coveragereports/cluster', { summary: { nodes: '2/2', gaps: 0 }, gaps: [] }, '.status.summary.nodes'],
    ['a policy', 'workloadpolicies/baseline', { matched: { nodes: { total: 99 } } }, '.status.matched.nodes.total'],
    ['an agent', 'protectionagents/falco', { pods: { found: 99, ready: 99 } }, '.status.pods.found'],
  ])('what somebody else writes into the status of %s is put right', async (_, at, status, field) => {
    const path = `/apis/${apiVersion}/${at}`;
    const shown = (): Promise<string> =>
      world.kubectl(['get', at.replace('/', `.workloadprotection.dev/`), '-o', `jsonpath={${field}}`]);
    const before = await shown();
    // What the answer says, since it may be put right before anybody could look.
    const edited = await world.cluster.patch<{ readonly status: object }>(`${path}/status`, { status });
    expect(edited.status).toMatchObject(status);
    await eventually(async () => expect(await shown()).toBe(before));
  });
});

describe('rights', () => {
  test('no request of the operator was ever refused', async () => {
    // Before any API server has restarted: one that has not read its roles yet refuses everybody.
    for (const replica of replicas) {
      const { samples } = await fetchMetrics(`${replica.metricsUrl}/metrics`);
      const refused = samples.filter(
        ({ name, labels }) =>
          name === 'workload_protection_kube_request_duration_seconds_count' && labels['code'] === '403',
      );
      expect(refused).toEqual([]);
      expect(samples.some(({ labels }) => labels['code'] === '200')).toBe(true);
    }
  });
});

describe('the API server', () => {
  test('may restart', async () => {
    await world.plane.restartApiServer({ signal: 'SIGTERM' });
    await addProbe();
    await untilLed();
    await untilRight();
  });

  test('may be gone for longer, which /readyz tells, and comes back', async () => {
    const { leading, standby } = await both();
    await world.plane.killApiServer();
    for (const replica of [leading, standby]) {
      await eventually(
        async () => {
          // Who led and can no longer renew the Lease must end: another may lead by then.
          if (replica === leading && (await hasEnded(replica))) return;
          const { status, text } = await fetchText(`${replica.metricsUrl}/readyz`);
          expect(status).toBe(503);
          expect(text).toMatch(/watches: .*nodes/);
          expect(text).toContain('last heard');
        },
        // It complains when it has heard nothing for a minute.
        { withinMs: 120_000, everyMs: 1000 },
      );
    }
    // Restarting it would not help.
    expect((await fetchText(`${standby.metricsUrl}/healthz`)).status).toBe(200);
    await world.plane.startApiServer();
    await addProbe();
    await untilLed(90_000);
    await untilRight();
    await untilReady(standby);
  });

  test('may have forgotten what a watch has seen, and what changed meanwhile is found', async () => {
    const { leading, standby } = await both();
    const gone = await addProbe();
    await untilRight();
    const relists = await sumOf(standby, 'workload_protection_watch_relists_total');
    for (const replica of [leading, standby]) replica.kill('SIGSTOP');
    await addProbe();
    await world.cluster.remove(probePath(gone), { graceSeconds: 0 });
    await world.plane.expireWatches();
    for (const replica of [leading, standby]) replica.kill('SIGCONT');
    await untilLed();
    await untilRight();
    // The report is the leader's; the standby reads again in its own time.
    await eventually(
      async () => expect(await sumOf(standby, 'workload_protection_watch_relists_total')).toBeGreaterThan(relists),
      { withinMs: 60_000 },
    );
  });
});
