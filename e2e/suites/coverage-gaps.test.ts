// A fleet of 300 nodes with every kind of gap in it. What must be reported is declared by the script that breaks the fleet, never
// computed by what is tested.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiVersion, ranks } from '../../crds/schema/vocabulary.ts';
import { applyFleet } from '../fleet/apply.ts';
import type { Expectation } from '../fleet/expectation.ts';
import { expectedNodes, expectedWorkloads, gapsOf, standing, type Gap } from '../fleet/gaps.ts';
import type { Manifest } from '../fleet/manifest.ts';
import { planFleet } from '../fleet/plan.ts';
import { pinnedTo, poolNamed } from '../fleet/pools.ts';
import { differences } from './support/differences.ts';
import { capture } from './support/capture.ts';
import { eventually } from './support/eventually.ts';
import { fetchMetrics } from './support/exposition.ts';
import type { ProcessHandle } from '../installation/install.ts';
import { condition, startWorld, type World } from './support/world.ts';

const plan = planFleet({ nodes: 300, seed: 1, scenario: 'eight-gaps' });
const allGaps = gapsOf(plan);
const gaps = allGaps.filter(({ flickers }) => flickers !== true);
const flickering = allGaps.filter(({ flickers }) => flickers === true);

/** The promise is two seconds; the rest is for two cores that run the control plane, the fleet and other things too. */
const followsWithinMs = 10_000;
/** A slice is rewritten at most every ten seconds. */
const detailWithinMs = 30_000;
const inAYear = new Date(Date.now() + 365 * 24 * 3600 * 1000).toISOString();

let world: World;
let operator: ProcessHandle;

const values = {
  agentNamespaces: ['datadog'],
  // Everything is to be judged at once.
  starterPolicy: { spec: { gracePeriod: '0s' } },
  agents: { falco: { spec: { minVersion: '0.43.0' } } },
};

beforeAll(async () => {
  world = await startWorld('gaps');
  for (const namespace of plan.namespaces) await world.cluster.create(namespace);
  await world.install(values);
  operator = await world.startOperator();
  await applyFleet(world.cluster, plan);
});

afterAll(() => world?.stop());

const virtualNodes = new Set(
  plan.nodes.filter(({ pool }) => pool === 'fargate' || pool === 'aci').map(({ name }) => name),
);

/** Where the cluster runs something on its virtual nodes. The others are made for pods that are not there: nothing to protect. */
const busyVirtualNodes = async (): Promise<ReadonlySet<string>> => {
  const pods = await world.cluster.list<{ readonly spec: { readonly nodeName?: string } }>('v1', 'Pod');
  return new Set(pods.map(({ spec }) => spec.nodeName ?? '').filter((name) => virtualNodes.has(name)));
};

const serverless = allGaps.find(({ id }) => id === 'serverless')!;

/** A virtual node stands as the pods on it do. */
const nodesToExpect = async (open: readonly Gap[]): Promise<Map<string, Expectation>> => {
  const expected = new Map(expectedNodes(plan, open));
  const whole = expectedNodes(plan, []).get(plan.nodes.find(({ pool }) => pool === 'general')!.name)!;
  const busy = await busyVirtualNodes();
  for (const { name, pool } of plan.nodes) {
    if (pool !== 'fargate' && pool !== 'aci') continue;
    if (!busy.has(name)) expected.delete(name);
    else
      expected.set(name, open.includes(serverless) ? serverless.expected[pool === 'fargate' ? 0 : 1]!.verdict : whole);
  }
  return expected;
};

/** The detail says what the script says, of every asset. */
const expectDetail = async (open: readonly Gap[], except: (name: string) => boolean = () => false): Promise<void> => {
  await eventually(
    async () => {
      const { nodes, workloads } = await world.verdicts();
      const wanted = await nodesToExpect(open);
      const faults = [...differences(wanted, nodes), ...differences(expectedWorkloads(plan, open), workloads)];
      const wrong = faults.filter((fault) => !except(fault.split(' ')[0] ?? ''));
      if (wrong.length > 0)
        throw new Error(`${wrong.length} assets are not as declared:\n${wrong.slice(0, 25).join('\n')}`);
      const known = new Set(plan.nodes.map(({ name }) => name));
      expect([...nodes.keys()].filter((name) => !known.has(name))).toEqual([]);
    },
    { withinMs: detailWithinMs, everyMs: 500 },
  );
};

interface Listed {
  readonly gap: Gap;
  readonly verdict: Expectation;
  readonly nodes: number;
  readonly workloads: number;
}

const listed = (gap: Gap): readonly Listed[] =>
  gap.expected.map(({ nodes, workloads, verdict }) => ({
    gap,
    verdict,
    nodes: nodes.length,
    workloads: workloads.length,
  }));

type ReportedGap = NonNullable<NonNullable<Awaited<ReturnType<World['report']>>['status']>['gaps']>[number];

const isAbout =
  ({ reason, causeContains, remedyContains }: Expectation) =>
  (gap: ReportedGap): boolean =>
    gap.reason === reason &&
    causeContains.every((piece) => gap.cause.includes(piece)) &&
    remedyContains.every((piece) => gap.remedy.includes(piece));

const gapsReported = async (): Promise<readonly ReportedGap[]> => (await world.report()).status?.gaps ?? [];

describe('a fleet in which nothing is broken', () => {
  test('everything is protected, but what no agent can be on', async () => {
    await expectDetail([]);
    const { status } = await world.report();
    expect(status?.gaps?.map(({ reason, nodes }) => [reason, nodes])).toEqual([
      ['UnsupportedOperatingSystem', standing(plan)[0]!.nodes.length],
    ]);
  });

  test('every asset is counted once, and all that is known is that the agents run', async () => {
    const { status } = await world.report();
    const pods = await world.cluster.list<{ readonly status: { readonly phase?: string } }>('v1', 'Pod');
    expect(status?.counts?.nodes.total).toBe(plan.nodes.length);
    expect(status?.counts?.pods.total).toBe(
      pods.filter(({ status: { phase } }) => phase !== 'Succeeded' && phase !== 'Failed').length,
    );
    for (const counts of Object.values(status?.counts ?? {})) {
      const { total, protectedPercent: _, judged: __, byEvidence, ...byState } = counts;
      expect(sum(byState)).toBe(total);
      expect(sum(byEvidence)).toBe(total - counts.exempt - counts.notRunning);
      expect(byEvidence).toMatchObject({ reporting: 0, loaded: 0, declared: 0 });
      expect(byEvidence.running).toBeGreaterThanOrEqual(counts.protected);
    }
    const { nodes } = await world.verdicts();
    for (const [name, { state, evidence }] of nodes) {
      if (state === 'Protected') expect(evidence, name).toBe('Running');
    }
  });

  test('nothing is written while nothing changes, but the Lease', async () => {
    await expectDetail([]);
    const before = await everythingOfOurs();
    const writes = await writesOf(operator);
    // The time in which nothing may happen, not a wait for something.
    await delay(15_000);
    expect(await everythingOfOurs()).toEqual(before);
    expect(await writesOf(operator)).toBe(writes);
  });
});

describe('a fleet with every kind of gap at once', () => {
  const risky = [
    { pool: 'legacy', risk: { hostNetwork: true }, name: 'risk-host-network' },
    { pool: 'spot', risk: { hostPID: true }, name: 'risk-host-pid' },
  ] as const;

  beforeAll(async () => {
    for (const { pool, risk, name } of risky) await world.cluster.create(podOn(pool, name, risk));
    await world.kubectl(['apply', '-f', '-'], {
      apiVersion,
      kind: 'WorkloadPolicy',
      metadata: { name: 'crown-jewels' },
      spec: {
        criticality: 'Critical',
        gracePeriod: '0s',
        selector: { nodeSelector: { matchLabels: firstLabelOf('stable') } },
      },
    });
    // Three agents are installed, and none of them selects a node without labels: which one belongs there is for the user to say.
    await world.kubectl(['apply', '-f', '-'], {
      apiVersion,
      kind: 'WorkloadPolicy',
      metadata: { name: 'falco-on-batch' },
      spec: {
        gracePeriod: '0s',
        selector: { nodeSelector: { matchLabels: firstLabelOf('batch') } },
        require: { agents: [{ name: 'falco' }] },
      },
    });
    for (const gap of gaps) await gap.breakIt(world.cluster);
  });

  test('each node and workload has the state, reason, cause and remedy of what was broken', async () => {
    await expectDetail(gaps);
  });

  test('the report lists each gap once, with as many assets as were broken', async () => {
    await eventually(async () => {
      const reported = await gapsReported();
      for (const gap of gaps) {
        const parts = listed(gap);
        const matching = reported.filter((each) => parts.some(({ verdict }) => isAbout(verdict)(each)));
        expect(matching.length, `${gap.id}: ${reported.map(({ cause }) => cause).join('\n')}`).toBe(parts.length);
        const extra = risky.filter(({ pool }) => poolsOf(gap).has(pool)).length;
        const declared = sum(parts.map(({ workloads }) => workloads)) + extra;
        // The agent's own DaemonSet runs there too, and is no better off.
        expect([0, 1], gap.id).toContain(sum(matching.map(({ workloads }) => workloads)) - declared);
        const nodes = sum(parts.map((part) => part.nodes));
        if (gap !== serverless) expect(sum(matching.map((each) => each.nodes)), gap.id).toBe(nodes);
      }
    });
  });

  test('the gaps come in the order of risk: criticality, then what its workloads may do, then how many there are', async () => {
    const reported = await gapsReported();
    const reportedOf = (id: string): ReportedGap | undefined =>
      reported.find(isAbout(gaps.find((gap) => gap.id === id)!.expected[0]!.verdict));
    expect(reported[0]).toEqual(reportedOf('outdated'));
    expect(reported[0]?.criticality).toBe('Critical');
    expect(reportedOf('image-pull')?.risks).toContain('HostPID');
    expect(reportedOf('crash-loop')?.risks).toContain('HostNetwork');
    expect(reportedOf('node-affinity')?.risks ?? []).not.toContain('HostNetwork');
    const order = reported.map(pressureOf);
    expect(order).toEqual(order.toSorted((x, y) => y.localeCompare(x)));
    expect(new Set(order).size).toBeGreaterThan(4);
  });

  test('the banner names the most pressing gap that leaves something unprotected, and its remedy', async () => {
    const { status, message, reason } = condition(await world.report(), 'Complete');
    expect([status, reason]).toEqual(['False', 'CoverageIncomplete']);
    expect(message).toMatch(
      /^Incomplete infrastructure coverage: \d+ of \d+ nodes and \d+ of \d+ workloads are protected\./,
    );
    const leading = (await gapsReported()).find(({ state }) => state !== 'Warning');
    expect(message).toContain(leading?.cause);
    expect(message).toContain('Remedy: ');
  });

  test('the metrics say what the report says', async () => {
    const { status } = await world.report();
    const metrics = await fetchMetrics(`${operator.metricsUrl}/metrics`);
    const assets = 'workload_protection_assets';
    expect(metrics.sum(assets, { asset: 'node', state: 'NoAgent' })).toBe(status?.counts?.nodes.noAgent);
    expect(metrics.sum(assets, { asset: 'workload' })).toBe(status?.counts?.workloads.total);
    expect(metrics.sum('workload_protection_gaps')).toBe(status?.gaps?.length);
    expect(metrics.sum('workload_protection_gaps', { reason: 'SandboxedRuntime' })).toBe(1);
  });

  test('kubectl shows it so that it can be read', async () => {
    const shown = await world.kubectl(['get', 'cov,wpol,pagent,fnd']);
    expect(shown).toMatch(/^NAME +COMPLETE +PROTECTED % +NODES +WORKLOADS/m);
    expect(shown).toMatch(/coveragereport\S*\/cluster +False +\d+\.\d +\d+\/\d+ +\d+\/\d+/);
    expect(shown).toMatch(/protectionagent\S*\/falco/);
    const wide = await world.kubectl(['get', 'cov', '-o', 'wide']);
    expect(wide).toContain('TOP GAP');
    await capture('kubectl-get.txt', ['kubectl get cov,wpol,pagent,fnd', shown], ['kubectl get cov -o wide', wide]);
  });
});

describe('repairs, one after the other', () => {
  const open = new Set(gaps);
  const risky = /^(?:Pod\/default\/risk)/;

  test.each(gaps)('the report follows the repair of $id', async (gap) => {
    const settled = gap.repair(world.cluster).then(() => performance.now());
    const end = await settled;
    open.delete(gap);
    await eventually(
      async () => {
        const reported = await gapsReported();
        for (const { verdict } of gap.expected) expect(reported.filter(isAbout(verdict))).toEqual([]);
      },
      { withinMs: followsWithinMs, everyMs: 50 },
    );
    process.stderr.write(
      `    ${gap.id}: the report followed ${Math.round(performance.now() - end)} ms after the cluster had settled\n`,
    );
    // A slice is rewritten only every ten seconds: three repairs are looked at together.
    if (open.size % 3 === 0) await expectDetail([...open], (name) => risky.test(name));
  });

  test.each(flickering)('$id comes and goes by itself, and is seen while it is there', async (gap) => {
    await gap.breakIt(world.cluster);
    const [{ verdict }] = listed(gap) as [Listed];
    const seen = await eventually(
      async () => {
        const found = (await gapsReported()).find(isAbout(verdict));
        expect(found).toBeDefined();
        return found;
      },
      { everyMs: 50 },
    );
    expect(seen?.state).toBe(verdict.state);
    await gap.repair(world.cluster);
    await expectDetail([]);
  });

  test('a report follows a change within seconds', async () => {
    const took: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const name = `canary-${round}`;
      const { status } = await world.report();
      const before = status?.counts?.workloads.total ?? 0;
      const started = performance.now();
      await world.cluster.create(podOn('general', name, {}));
      await eventually(async () => expect((await world.report()).status?.counts?.workloads.total).toBe(before + 1), {
        withinMs: followsWithinMs,
        everyMs: 25,
      });
      took.push(performance.now() - started);
      await world.cluster.remove(`/api/v1/namespaces/default/pods/${name}`, { graceSeconds: 0 });
      await eventually(async () => expect((await world.report()).status?.counts?.workloads.total).toBe(before), {
        withinMs: followsWithinMs,
      });
    }
    took.sort((a, b) => a - b);
    process.stderr.write(
      `    change to status: median ${Math.round(took[2]!)} ms, longest ${Math.round(took.at(-1)!)} ms\n`,
    );
  });
});

describe('the condition Complete', () => {
  test('turns True when the last gap is exempt, keeps its time while it stays, and turns back', async () => {
    const before = condition(await world.report(), 'Complete');
    expect(before.status).toBe('False');

    const started = wholeSeconds(Date.now());
    await world.kubectl(['patch', 'wpol', 'baseline', '--type=merge', '-p', JSON.stringify({ spec: { exemptions } })]);
    const complete = await eventually(async () => {
      const found = condition(await world.report(), 'Complete');
      expect(found).toMatchObject({ status: 'True', reason: 'AllProtected' });
      return found;
    });
    const at = Date.parse(complete.lastTransitionTime);
    expect(at).toBeGreaterThanOrEqual(started);
    expect(at).toBeLessThanOrEqual(Date.now());
    await world.kubectl(['wait', '--for=condition=Complete', 'cov/cluster', '--timeout=5s']);

    // Another write with the same verdict moves no time, and says which spec it is about.
    await world.kubectl([
      'patch',
      'cov',
      'cluster',
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { refreshInterval: '7m' } }),
    ]);
    await eventually(async () => {
      const report = await world.report();
      const { generation } = report.metadata as { readonly generation?: number };
      expect(generation).toBeGreaterThan(1);
      expect(report.status?.observedGeneration).toBe(generation);
      expect(condition(report, 'Complete')).toEqual({ ...complete, observedGeneration: generation });
    });

    await world.kubectl([
      'patch',
      'wpol',
      'baseline',
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { exemptions: null } }),
    ]);
    await eventually(async () => {
      const found = condition(await world.report(), 'Complete');
      expect(found.status).toBe('False');
      expect(Date.parse(found.lastTransitionTime)).toBeGreaterThanOrEqual(at);
    });
  });

  const exemptions = [
    {
      name: 'windows',
      selector: { nodeSelector: { matchLabels: { 'kubernetes.io/os': 'windows' } } },
      reason: 'no agent of ours runs on Windows yet',
      expiresAt: inAYear,
    },
  ];
});

/** Text that sorts as gaps should: criticality, then each risk by its gravity, then how many assets. */
const pressureOf = ({ criticality, risks = [], nodes, workloads }: ReportedGap): string =>
  [
    ranks.indexOf(criticality),
    ...graveFirst.map((risk) => Number(risks.includes(risk))),
    String(nodes + workloads).padStart(6, '0'),
  ].join('');

const graveFirst = ['Privileged', 'HostPID', 'HostNetwork', 'HostPath', 'Exposed', 'OpenFindings'] as const;

const sum = (counts: Readonly<Record<string, number>> | readonly number[]): number =>
  Object.values(counts).reduce((all, one) => all + one, 0);

const wholeSeconds = (time: number): number => Math.floor(time / 1000) * 1000;

type Pool = Parameters<typeof pinnedTo>[0];

const firstLabelOf = (pool: Pool): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(poolNamed(pool).labels).slice(0, 1));

const podOn = (pool: Pool, name: string, more: object): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: {
    ...pinnedTo(pool),
    ...more,
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image: 'registry.example.com/tools/main:1.0.0' }],
  },
});

/** By the pools whose nodes the gap befalls. */
const poolsOf = (gap: Gap): ReadonlySet<string> => {
  const names = new Set(gap.expected.flatMap(({ nodes }) => nodes));
  return new Set(plan.nodes.filter(({ name }) => names.has(name)).map(({ pool }) => pool));
};

/** Each object of ours with its version; of the report, which may be found true again, what it says. */
const everythingOfOurs = async (): Promise<Readonly<Record<string, unknown>>> => {
  const kinds = ['protectionagents', 'workloadpolicies', 'coveragereports', 'coverageslices', 'findings'];
  const lists = await Promise.all(
    kinds.map(
      async (kind) => (await world.get<{ readonly items: readonly ApiObject[] }>(`/apis/${apiVersion}/${kind}`)).items,
    ),
  );
  const events = await world.get<{ readonly items: readonly ApiObject[] }>('/apis/events.k8s.io/v1/events');
  const ours = events.items.filter(
    ({ reportingController }) => reportingController === 'workloadprotection.dev/operator',
  );
  return Object.fromEntries(
    [...lists.flat(), ...ours].map(({ metadata: { name, uid, resourceVersion }, kind, status }) => {
      const { evaluatedAt, ...said } = status ?? {};
      return [`${kind ?? ''}/${name}/${uid}`, evaluatedAt === undefined ? resourceVersion : said];
    }),
  );
};

interface ApiObject {
  readonly kind?: string;
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly reportingController?: string;
  readonly status?: { readonly evaluatedAt?: string };
}

const writesOf = async ({ metricsUrl }: ProcessHandle): Promise<number | undefined> =>
  (await fetchMetrics(`${metricsUrl}/metrics`)).sum('workload_protection_writes_total');
