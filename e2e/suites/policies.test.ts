// Policies: what they select, how several add up, what they let pass and until when, and what they say of themselves.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { apiVersion, group } from '../../crds/schema/vocabulary.ts';
import type { WorkloadPolicyInput } from '../../crds/schema/workload-policy.ts';
import { falco, tetragon } from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import { podBehaviourLabel } from '../fleet/behaviour.ts';
import { eventually } from './support/eventually.ts';
import { createAll, deployment, namespace, namespacesOf, node } from './support/small-fleet.ts';
import { condition, startWorld, type World } from './support/world.ts';

const falcoHere = { 'agents.example.com/falco': 'true' };
const tetragonHere = { 'agents.example.com/tetragon': 'true' };
const nodes = [
  node('with-falco', { ...falcoHere, pool: 'blue' }),
  node('with-tetragon', { ...tetragonHere, pool: 'blue' }),
  node('with-both', { ...falcoHere, ...tetragonHere, pool: 'green' }),
  node('with-none', { pool: 'green' }),
];
const agents = [
  ...falco({ tolerations: everywhere, nodeSelector: falcoHere }),
  ...tetragon({ tolerations: everywhere, nodeSelector: tetragonHere }),
];
/** One workload on each node in each namespace. */
const workloads = ['shop', 'bank'].flatMap((team) =>
  nodes.map(({ metadata: { name } }) =>
    deployment(team, `on-${name.slice(5)}`, { on: name, labels: { tier: name.slice(5) } }),
  ),
);

let world: World;

beforeAll(async () => {
  world = await startWorld('policies');
  await createAll(world.cluster, [
    namespace('shop', { team: 'shop' }),
    namespace('bank', { team: 'bank' }),
    ...namespacesOf(agents),
    ...nodes,
    ...agents,
    ...workloads,
  ]);
  // What is put onto no node would land anywhere; these tests count.
  await world.install({ starterPolicy: { enabled: false }, operator: { replicas: 0 }, webhook: { replicas: 0 } });
  await world.startOperator();
});

afterAll(() => world?.stop());

afterEach(async () => {
  await world.kubectl(['delete', `wpol.${group}`, '--all', '--wait']);
  await world.kubectl(['delete', `cov.${group}`, '--field-selector=metadata.name!=cluster', '--wait']);
});

const apply = (name: string, spec: WorkloadPolicyInput['spec']): Promise<string> =>
  world.kubectl(['apply', '-f', '-'], {
    apiVersion,
    kind: 'WorkloadPolicy',
    metadata: { name },
    spec: { gracePeriod: '0s', ...spec },
  });

const ofTeam = (team: string) => ({ namespaceSelector: { matchLabels: { team } } });

/** `state` or `state Reason(policies)…` of each workload of the namespace, by its node. */
const standing = async (team: string): Promise<Readonly<Record<string, string>>> => {
  const { workloads: verdicts } = await world.verdicts();
  const own = [...verdicts].filter(([key]) => key.startsWith(`Deployment/${team}/`));
  return Object.fromEntries(
    own.map(([key, { state, reasons }]) => [
      key.split('on-')[1] ?? key,
      [state, ...reasons.map(({ reason, policies = [] }) => `${reason}(${policies.join(',')})`)].join(' '),
    ]),
  );
};

const nodeStanding = async (name: string) => {
  const verdict = (await world.verdicts()).nodes.get(name);
  if (verdict === undefined) throw new Error(`node ${name} is in no slice`);
  return verdict;
};

const untilStanding = (team: string, expected: Readonly<Record<string, string>>): Promise<void> =>
  eventually(async () => expect(await standing(team)).toEqual(expected));

/** Nobody can shorten the grace of the baseline: five minutes in which the node may yet get an agent, and then it has none. */
const byBaseline = {
  falco: 'Protected',
  tetragon: 'Protected',
  both: 'Protected',
  none: expect.stringMatching(/^(?:Unknown NotYetReported|NoAgent AgentMissing)\(\)$/) as string,
};

describe('where no policy selects', () => {
  test('the baseline holds: some recognised agent protects, and nobody is said to have judged', async () => {
    await untilStanding('shop', byBaseline);
    await eventually(async () => {
      const { counts } = (await world.report()).status ?? {};
      expect(counts?.nodes).toMatchObject({ total: 4, protected: 3, judged: 0 });
      expect([counts?.nodes.noAgent, counts?.nodes.unknown].toSorted((a = 0, b = 0) => a - b)).toEqual([0, 1]);
      expect(counts?.workloads.judged).toBe(0);
      expect(counts?.workloads.protected).toBe(6 + agents.filter(({ kind }) => kind === 'DaemonSet').length);
    });
  });
});

describe('a policy', () => {
  test('judges the pods that it selects and no others, and no node if it names pods or namespaces', async () => {
    await apply('shop-by-falco', { selector: ofTeam('shop'), require: { agents: [{ name: 'falco' }] } });
    await untilStanding('shop', {
      falco: 'Protected',
      tetragon: 'NoAgent AgentMissing(shop-by-falco)',
      both: 'Protected',
      none: 'NoAgent AgentMissing(shop-by-falco)',
    });
    await untilStanding('bank', byBaseline);
    expect((await nodeStanding('with-tetragon')).state).toBe('Protected');
    await eventually(async () => {
      const { counts } = (await world.report()).status ?? {};
      expect(counts?.workloads.judged).toBe(4);
      expect(counts?.nodes.judged).toBe(0);
    });
  });

  test('that waits for what nobody here can see says so, with what would make it seen, until it does so no more', async () => {
    const posture = [{ behaviour: 'CompilerInContainer' }, { behaviour: 'OutdatedCgroups' }];
    await apply('waiting', { posture });
    await eventually(async () => {
      const policy = await world.policy('waiting');
      expect(condition(policy, 'BehavioursVisible')).toMatchObject({
        status: 'False',
        reason: 'NobodySees',
        message: expect.stringMatching(/ OutdatedCgroups: .* set operator\.kubeletMetrics\.enabled to true/) as string,
      });
      // Tetragon sees programs, whatever Falco has loaded.
      expect(condition(policy, 'BehavioursVisible').message).not.toContain('CompilerInContainer');
      expect(condition(policy, 'Accepted').status).toBe('True');
    });
    await apply('waiting', { posture: posture.slice(0, 1) });
    await eventually(async () => {
      const { metadata, status } = await world.policy('waiting');
      expect(status?.observedGeneration).toBe((metadata as { readonly generation?: number }).generation);
      expect(status?.conditions?.map(({ type }) => type).toSorted()).toEqual(['Accepted', 'Satisfied']);
    });
  });

  test('says whether it is accepted, what it selects and how that stands', async () => {
    await apply('shop-by-falco', {
      selector: ofTeam('shop'),
      require: { agents: [{ name: 'falco' }] },
      criticality: 'High',
    });
    const policy = await eventually(async () => {
      const found = await world.policy('shop-by-falco');
      expect(condition(found, 'Satisfied')).toMatchObject({ status: 'False', reason: 'RequirementsNotMet' });
      return found;
    });
    const { generation } = policy.metadata as { readonly generation?: number };
    expect(policy.status?.observedGeneration).toBe(generation);
    expect(condition(policy, 'Accepted')).toMatchObject({ status: 'True', observedGeneration: generation });
    expect(condition(policy, 'Satisfied').message).toContain('2 of 4 workloads meet it');
    expect(policy.status?.matched).toMatchObject({
      nodes: { total: 0 },
      workloads: { total: 4, protected: 2, noAgent: 2, protectedPercent: '50.0' },
      pods: { total: 4, protected: 2 },
    });
    expect(
      policy.status?.gaps?.map(({ reason, criticality, policies }) => [reason, criticality, policies]),
    ).toContainEqual(['AgentMissing', 'High', ['shop-by-falco']]);

    await apply('shop-by-falco', { selector: ofTeam('shop'), require: { agents: [] } });
    await apply('nothing', { selector: ofTeam('nobody') });
    await eventually(async () => {
      const changed = await world.policy('shop-by-falco');
      expect(changed.status?.observedGeneration).toBeGreaterThan(generation ?? 0);
      expect(changed.status?.matched?.workloads).toMatchObject({ total: 4, protected: 3, noAgent: 1 });
      expect(condition(await world.policy('nothing'), 'Satisfied')).toMatchObject({
        status: 'True',
        reason: 'NothingSelected',
      });
    });
  });

  test('selects by labels of pods and of nodes, and both must match', async () => {
    await apply('by-pod', {
      selector: { podSelector: { matchExpressions: [{ key: 'tier', operator: 'In', values: ['tetragon', 'none'] }] } },
      require: { agents: [{ name: 'falco' }] },
    });
    await apply('by-node', {
      selector: { nodeSelector: { matchLabels: { pool: 'green' } } },
      require: { agents: [{ name: 'tetragon' }] },
    });
    await apply('by-both', {
      selector: { podSelector: { matchLabels: { tier: 'falco' } }, nodeSelector: { matchLabels: { pool: 'green' } } },
      require: { agents: [{ name: 'tracee' }] },
    });
    await untilStanding('bank', {
      falco: 'Protected',
      tetragon: 'NoAgent AgentMissing(by-pod)',
      both: 'Protected',
      none: expect.stringMatching(
        /^NoAgent AgentMissing\(by-pod\) AgentMissing\(by-node\)$|^NoAgent AgentMissing\(by-node\) AgentMissing\(by-pod\)$/,
      ) as string,
    });
    await eventually(async () => {
      expect((await world.policy('by-node')).status?.matched?.nodes).toMatchObject({
        total: 2,
        protected: 1,
        noAgent: 1,
      });
      expect((await world.policy('by-both')).status?.matched?.workloads.total).toBe(0);
    });
  });

  test('takes an agent below its minVersion as a warning', async () => {
    await apply('new-falco', {
      selector: ofTeam('shop'),
      require: { agents: [{ name: 'falco', minVersion: '99.0.0' }] },
    });
    await eventually(async () => {
      const standings = await standing('shop');
      expect(standings['falco']).toBe('Warning AgentOutdated(new-falco)');
      expect(standings['both']).toBe('Warning AgentOutdated(new-falco)');
    });
    await eventually(async () =>
      expect(condition(await world.policy('new-falco'), 'Satisfied').message).toContain('2 of 4 workloads meet it'),
    );
  });

  test('that asks for proof of loaded rules is not met by a pod that is merely ready', async () => {
    await apply('proof', { selector: ofTeam('shop'), require: { agents: [{ name: 'falco' }], evidence: 'Loaded' } });
    await eventually(async () => {
      const verdict = (await world.verdicts()).workloads.get('Deployment/shop/on-falco');
      expect(verdict).toMatchObject({ state: 'Incomplete', evidence: 'Running' });
      const [first] = verdict?.reasons ?? [];
      expect(first).toMatchObject({ reason: 'EvidenceTooWeak', policies: ['proof'] });
      expect(first?.cause).toContain('Loaded');
      expect(first?.remedy).toContain('telemetry');
    });
    await untilStanding('bank', byBaseline);
  });
});

describe('several policies', () => {
  test('add up: of each list any will do, and every list must be met', async () => {
    await apply('either', { selector: ofTeam('shop'), require: { agents: [{ name: 'falco' }, { name: 'tetragon' }] } });
    await untilStanding('shop', {
      falco: 'Protected',
      tetragon: 'Protected',
      both: 'Protected',
      none: 'NoAgent AgentMissing(either)',
    });
    await apply('tetragon-too', { selector: ofTeam('shop'), require: { agents: [{ name: 'tetragon' }] } });
    await eventually(async () => {
      const standings = await standing('shop');
      expect(standings).toMatchObject({
        falco: 'NoAgent AgentMissing(tetragon-too)',
        tetragon: 'Protected',
        both: 'Protected',
      });
      expect((await world.verdicts()).workloads.get('Deployment/shop/on-falco')?.policies).toEqual([
        'either',
        'tetragon-too',
      ]);
    });
    await eventually(async () => {
      expect((await world.policy('either')).status?.matched?.workloads).toMatchObject({ protected: 3 });
      expect((await world.policy('tetragon-too')).status?.matched?.workloads).toMatchObject({ protected: 2 });
    });
  });
});

describe('an exemption', () => {
  const exempted = (expiresAt: number) => ({
    name: 'migration',
    selector: { podSelector: { matchLabels: { tier: 'none' } } },
    reason: 'moves to a protected node',
    expiresAt: new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z'),
  });

  test('frees what it names until it ends, and by itself no longer', async () => {
    // Long enough to be seen on a busy machine.
    const endsAt = Date.now() + 25_000;
    await apply('strict', { selector: ofTeam('shop'), exemptions: [exempted(endsAt)] });
    await eventually(async () => {
      const verdict = (await world.verdicts()).workloads.get('Deployment/shop/on-none');
      expect(verdict).toMatchObject({
        state: 'Exempt',
        exemption: { policy: 'strict', name: 'migration', source: 'Policy', reason: 'moves to a protected node' },
      });
    });
    const { status } = await world.policy('strict');
    expect(status?.matched?.workloads).toMatchObject({ total: 4, exempt: 1, protected: 3, protectedPercent: '100.0' });
    expect(Date.now(), 'too slow to see the exemption').toBeLessThan(endsAt);
    await eventually(async () => {
      expect(await standing('shop')).toMatchObject({ none: 'NoAgent AgentMissing(strict)' });
      expect(condition(await world.policy('strict'), 'Satisfied').status).toBe('False');
    });
    expect(Date.now()).toBeGreaterThanOrEqual(Math.floor(endsAt / 1000) * 1000);
  });

  test('frees from its own policy only', async () => {
    await apply('lenient', { selector: ofTeam('shop'), exemptions: [exempted(Date.now() + 3_600_000)] });
    await eventually(async () => expect((await standing('shop'))['none']).toBe('Exempt'));
    await apply('other', { selector: ofTeam('shop') });
    await eventually(async () => expect((await standing('shop'))['none']).toBe('NoAgent AgentMissing(other)'));
    await eventually(async () => {
      expect((await world.policy('lenient')).status?.matched?.workloads).toMatchObject({ exempt: 1, noAgent: 0 });
      expect((await world.policy('other')).status?.matched?.workloads).toMatchObject({ exempt: 0, noAgent: 1 });
    });
  });
});

describe('a grace period', () => {
  test('shows "not yet reported" until it ends, then what is true', async () => {
    const started = Date.now();
    await world.cluster.create(node('newcomer', { 'agents.example.com/newcomer': 'true' }));
    const graceMs = 20_000;
    await apply('patient', {
      selector: { nodeSelector: { matchLabels: { 'agents.example.com/newcomer': 'true' } } },
      gracePeriod: `${graceMs / 1000}s`,
      require: { agents: [{ name: 'falco' }] },
    });
    const late = falco({
      name: 'falco-late',
      namespace: 'falco',
      tolerations: everywhere,
      nodeSelector: { 'agents.example.com/newcomer': 'true' },
    });
    const daemonSet = late.find(({ kind }) => kind === 'DaemonSet')!;
    const labels = (daemonSet['spec'] as { template: { metadata: { labels: Record<string, string> } } }).template
      .metadata.labels;
    labels[podBehaviourLabel] = 'image-pull';
    await world.cluster.create(daemonSet);

    await eventually(async () => {
      const { state, reasons } = await nodeStanding('newcomer');
      expect([state, reasons[0]?.reason]).toEqual(['Unknown', 'NotYetReported']);
      expect(reasons[0]?.cause).toContain('within the grace period');
    });
    await eventually(async () => expect(condition(await world.policy('patient'), 'Satisfied').status).toBe('Unknown'));
    await eventually(async () => {
      const { state, reasons } = await nodeStanding('newcomer');
      expect([state, reasons[0]?.reason]).toEqual(['NoAgent', 'AgentMissing']);
      expect(reasons[0]?.cause).toContain('ImagePullBackOff');
    });
    // Timestamps of Kubernetes have whole seconds.
    expect(Date.now() - started).toBeGreaterThan(graceMs - 1000);
    await world.cluster.remove('/apis/apps/v1/namespaces/falco/daemonsets/falco-late');
    await world.cluster.remove('/api/v1/nodes/newcomer');
  });
});

describe('a report with a scope', () => {
  const report = (name: string, scope: object): Promise<string> =>
    world.kubectl(['apply', '-f', '-'], { apiVersion, kind: 'CoverageReport', metadata: { name }, spec: { scope } });

  test('counts the workloads of its namespaces only, in slices of its own', async () => {
    await report('shop-only', ofTeam('shop'));
    await eventually(async () => {
      const { status, metadata } = await world.report('shop-only');
      expect(status?.counts?.workloads).toMatchObject({ total: 4, protected: 3 });
      expect(status?.namespaces?.map(({ name }) => name)).toEqual(['shop']);
      const { workloads: verdicts } = await world.verdicts('shop-only');
      expect([...verdicts.keys()].every((key) => key.includes('/shop/'))).toBe(true);
      const { uid } = metadata as { readonly uid?: string };
      for (const slice of await world.slices('shop-only')) {
        expect((slice.metadata as { ownerReferences?: readonly object[] }).ownerReferences).toEqual([
          expect.objectContaining({ kind: 'CoverageReport', name: 'shop-only', uid, controller: true }),
        ]);
      }
    });
  });

  test('counts its nodes and what runs on them', async () => {
    await report('green', { nodeSelector: { matchLabels: { pool: 'green' } } });
    await eventually(async () => {
      const { status } = await world.report('green');
      expect(status?.counts?.nodes).toMatchObject({ total: 2, protected: 1 });
      expect(status?.summary?.nodes).toBe('1/2');
      expect([...(await world.verdicts('green')).nodes.keys()].toSorted((a, b) => a.localeCompare(b))).toEqual([
        'with-both',
        'with-none',
      ]);
      expect(condition(await world.report('green'), 'Complete').status).not.toBe('True');
    });
  });
});
