import { describe, expect, it, test } from 'vitest';
import type { NodeReport } from '../../domain/placement/reported-presence.ts';
import { aFalco } from '../../domain/testing/agents.ts';
import { aNode, aTaint } from '../../domain/testing/nodes.ts';
import { aDaemonSet } from '../../domain/testing/pods.ts';
import { admitting, aPolicy, anExemption, labelled, requiring, selecting } from '../../domain/testing/policies.ts';
import type { World } from '../world/world.ts';
import { createJudge } from './judge.ts';
import type { CheckResult } from './result.ts';
import { sortObjects } from './workloads.ts';

const now = 1_800_000_000_000;
const plain = aNode({ name: 'plain', labels: { pool: 'a' } });
const tainted = aNode({ name: 'tainted', labels: { pool: 'b' }, taints: [aTaint('dedicated=gpu:NoSchedule')] });
const everywhere = { tolerations: [{ key: '', operator: 'Exists' as const, value: '', effect: '' }] };

const withFalco: NodeReport = {
  agents: [{ name: 'falco', version: '0.44.1', state: 'Protected', evidence: 'Running' }],
  reasons: [],
};
const nobody: NodeReport = { agents: [], reasons: [] };

const aWorld = (overrides: Partial<World> = {}): World => ({
  source: 'files',
  isLive: false,
  nodes: [plain, tainted],
  namespaces: new Map(),
  runtimeClasses: new Map(),
  daemonSets: [aDaemonSet()],
  configMaps: [],
  policies: [],
  agents: [aFalco()],
  reports: undefined,
  isStale: false,
  expected: new Set(),
  notes: [],
  ...overrides,
});

const live = (reports: Readonly<Record<string, NodeReport>>, overrides: Partial<World> = {}): World =>
  aWorld({ isLive: true, reports: new Map(Object.entries(reports)), ...overrides });

const judge = (world: World, spec: object = { tolerations: [{ operator: 'Exists' }] }): CheckResult => {
  const raw = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'shop' },
    spec: { containers: [{ name: 'c', image: 'i:1' }], ...spec },
  };
  const [workload] = sortObjects([{ raw, file: 'p.yaml', line: 1 }], 'default').workloads;
  if (workload === undefined) throw new Error('a pod is a workload');
  return createJudge(world, now)(workload);
};

const verdictOf = (world: World, spec?: object): string => judge(world, spec).verdict;

describe('by files', () => {
  it('an agent protects where its DaemonSet would run', () => {
    expect(judge(aWorld())).toMatchObject({
      verdict: 'Partly',
      nodes: { total: 2, protected: 1, unprotected: 1 },
      pools: [
        { name: 'a', verdict: 'Protected', nodes: 1 },
        { name: 'b', verdict: 'Unprotected', nodes: 1 },
      ],
      gaps: [{ reason: 'AgentMissing', state: 'Warning', policies: [] }],
    });
  });

  it('no grace period counts: what keeps an agent away keeps it away tomorrow', () => {
    const young = { ...tainted, createdAt: now };
    expect(verdictOf(aWorld({ nodes: [young] }))).toBe('Unprotected');
  });

  test.each<readonly [string, Partial<World>, string]>([
    ['an agent that no manifest installs is not known of', { daemonSets: [] }, 'Unknown'],
    [
      'nodes that nobody named are such as the workload asks for',
      { nodes: [], daemonSets: [aDaemonSet({ scheduling: everywhere })] },
      'Protected',
    ],
    [
      'a policy counts whatever its admission says',
      { policies: [aPolicy({ require: requiring({ agents: [{ name: 'tetragon', minVersion: undefined }] }) })] },
      'Unprotected',
    ],
    [
      'what only a running agent proves is left aside',
      { nodes: [plain], policies: [aPolicy({ require: requiring({ evidence: 'Loaded' }) })] },
      'Protected',
    ],
    ['an exemption frees', { policies: [aPolicy({ exemptions: [anExemption({ expiresAt: now + 1 })] })] }, 'Exempt'],
    [
      'one that has ended does not',
      { nodes: [tainted], policies: [aPolicy({ exemptions: [anExemption({ expiresAt: now })] })] },
      'Unprotected',
    ],
    [
      'a policy for other namespaces leaves the baseline',
      { nodes: [tainted], policies: [aPolicy({ selector: selecting({ namespace: labelled({ stage: 'x' }) }) })] },
      'Unprotected',
    ],
  ])('%s', (_, overrides, verdict) => {
    expect(verdictOf(aWorld(overrides))).toBe(verdict);
  });

  it('a policy says what the webhook would do of it, and minds any node where it says so', () => {
    const policies = [aPolicy({ name: 'strict', admission: admitting({ mode: 'Deny', when: 'AnyNode' }) })];
    expect(judge(aWorld({ policies }))).toMatchObject({
      verdict: 'Partly',
      state: 'NoAgent',
      policies: [{ name: 'strict', admission: 'Deny', verdict: 'Partly' }],
      gaps: [{ policies: ['strict'] }],
    });
  });

  it('policies that complain of the same thing do so once', () => {
    const policies = [aPolicy({ name: 'a' }), aPolicy({ name: 'b' })];
    expect(judge(aWorld({ policies })).gaps).toMatchObject([{ policies: ['a', 'b'] }]);
  });
});

describe('by a cluster', () => {
  const key = 'security/falco';

  test.each<readonly [string, World, string]>([
    ['what is reported counts', live({ plain: withFalco, tainted: withFalco }), 'Protected'],
    ['and not where a DaemonSet would run', live({ plain: nobody, tainted: nobody }), 'Unprotected'],
    ['a node without a report is not known', live({}), 'Unknown'],
    ['an old picture is not believed', live({ plain: withFalco, tainted: withFalco }, { isStale: true }), 'Unknown'],
    [
      'an agent that the manifests bring to more nodes will be there',
      live(
        { plain: withFalco, tainted: nobody },
        { daemonSets: [aDaemonSet({ scheduling: everywhere })], expected: new Set([key]) },
      ),
      'Protected',
    ],
    [
      'one that they take from nodes will not',
      live(
        { plain: withFalco, tainted: withFalco },
        { daemonSets: [aDaemonSet({ scheduling: { nodeSelector: { pool: 'b' } } })], expected: new Set([key]) },
      ),
      'Unprotected',
    ],
    [
      'without reports agents are judged by where they would run',
      aWorld({ isLive: true, reports: undefined }),
      'Partly',
    ],
  ])('%s', (_, world, verdict) => {
    expect(verdictOf(world)).toBe(verdict);
  });
});

it('a workload that fits no pool has none', () => {
  expect(judge(aWorld(), { nodeSelector: { pool: 'c' } })).toMatchObject({ hypothetical: true, verdict: 'Protected' });
  expect(judge(aWorld(), { nodeSelector: { pool: 'c' } })).not.toHaveProperty('pools');
});
