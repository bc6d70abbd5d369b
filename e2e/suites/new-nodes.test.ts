// Nodes that come: they wait behind a startup taint until they are protected, say so in a condition, and nothing of ours stays on them
// when the operator goes for good.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiVersion, group } from '../../crds/schema/vocabulary.ts';
import type { WorkloadPolicyInput } from '../../crds/schema/workload-policy.ts';
import { falco } from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import type { ProcessHandle } from '../installation/install.ts';
import { eventually } from './support/eventually.ts';
import { fetchMetrics } from './support/exposition.ts';
import { freshName } from './support/fresh-name.ts';
import { createAll, namespacesOf, node } from './support/small-fleet.ts';
import { condition, startWorld, type World } from './support/world.ts';

interface Taint {
  readonly key: string;
  readonly effect: string;
}

interface LiveNode {
  readonly spec: { readonly taints?: readonly Taint[] };
  readonly status?: { readonly conditions?: readonly NodeCondition[] };
}

interface NodeCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

const unprotected: Taint = { key: `${group}/unprotected`, effect: 'NoSchedule' };
const foreign: Taint = { key: 'example.com/foreign', effect: 'NoSchedule' };
/** The shortest that there is. */
const timeLimit = '30s';
const falcoHere = { 'agents.example.com/falco': 'true' };
const agents = falco({ tolerations: everywhere, nodeSelector: falcoHere });

let world: World;
let operator: ProcessHandle;
const registered: string[] = [];
/** Of those, one that an agent protects, and one that waits for good. */
let guarded = '';
let strict = '';

beforeAll(async () => {
  world = await startWorld('new-nodes');
  await createAll(world.cluster, [...namespacesOf(agents), ...agents]);
  await world.install({
    starterPolicy: { enabled: false },
    nodes: { condition: { enabled: true }, startupTaint: { enabled: true } },
    operator: { replicas: 0 },
    webhook: { replicas: 0 },
  });
  await apply('baseline', { condition: true, startupTaint: { enabled: true, timeLimit: '24h' } });
  operator = await world.startOperator();
});

afterAll(() => world?.stop());

const apply = (
  name: string,
  nodes: NonNullable<WorkloadPolicyInput['spec']>['nodes'],
  pool?: string,
): Promise<string> =>
  world.kubectl(['apply', '-f', '-'], {
    apiVersion,
    kind: 'WorkloadPolicy',
    metadata: { name },
    spec: {
      gracePeriod: '0s',
      ...(pool === undefined ? {} : { selector: { nodeSelector: { matchLabels: { pool } } } }),
      nodes,
    },
  });

/** Gives its name, which begins so. */
const register = async (base: string, labels: Readonly<Record<string, string>>): Promise<string> => {
  const name = freshName(base);
  registered.push(name);
  await world.cluster.create({ ...node(name, labels), spec: { taints: [foreign, unprotected] } });
  return name;
};

const live = (name: string): Promise<LiveNode> => world.get(`/api/v1/nodes/${name}`);

const taintsOf = async (name: string): Promise<readonly string[]> =>
  ((await live(name)).spec.taints ?? []).map(({ key }) => key).filter((key) => !key.startsWith('node.kubernetes.io/'));

const conditionOf = async (name: string): Promise<NodeCondition | undefined> =>
  (await live(name)).status?.conditions?.find(({ type }) => type === 'WorkloadProtected');

const eventsOf = async (name: string): Promise<readonly string[]> => {
  const query = `?fieldSelector=${encodeURIComponent(`regarding.kind=Node,regarding.name=${name}`)}`;
  const { items } = await world.get<{ readonly items: readonly { readonly reason: string }[] }>(
    `/apis/events.k8s.io/v1/events${query}`,
  );
  return items.map(({ reason }) => reason);
};

describe('a node that registers with the startup taint', () => {
  test('loses it once an agent protects it, and nobody else’s taint with it', async () => {
    const taken = async (): Promise<number> =>
      (await fetchMetrics(`${operator.metricsUrl}/metrics`)).sum('workload_protection_startup_taints_total', {
        outcome: 'protected',
      }) ?? 0;
    const before = await taken();
    guarded = await register('guarded', falcoHere);
    await eventually(async () => expect(await taintsOf(guarded)).toEqual([foreign.key]));
    await eventually(async () =>
      expect(await conditionOf(guarded)).toMatchObject({ status: 'True', reason: 'Protected' }),
    );
    await eventually(async () => expect(await eventsOf(guarded)).toContain('StartupTaintRemoved'));
    expect(await taken()).toBe(before + 1);
  });

  test('keeps it while no agent protects it, and says why', async () => {
    const open = await register('open', {});
    await eventually(async () =>
      expect(await conditionOf(open)).toMatchObject({
        status: 'False',
        reason: 'AgentMissing',
        message: expect.stringContaining('agents.example.com/falco'),
      }),
    );
    expect(await taintsOf(open)).toEqual([foreign.key, unprotected.key]);
  });

  test('has it until the time limit, after which the policy says what becomes of it', async () => {
    // The longer limit holds; the one for all ends first once it does not ask any more.
    await apply('baseline', { condition: true });
    await apply('late', { startupTaint: { enabled: true, timeLimit } }, 'late');
    await apply('strict', { startupTaint: { enabled: true, timeLimit, onTimeLimit: 'Keep' } }, 'strict');
    const late = await register('late', { pool: 'late' });
    strict = await register('strict', { pool: 'strict' });
    await eventually(async () => expect(await taintsOf(late)).toEqual([foreign.key]));
    await eventually(async () => expect(await eventsOf(late)).toContain('StartupTaintTimeLimit'));
    await eventually(async () => expect(await eventsOf(strict)).toContain('StartupTaintKept'));
    expect(await taintsOf(strict)).toEqual([foreign.key, unprotected.key]);
  });

  test('is taken care of by the next operator where it comes while none runs', async () => {
    await operator.stop();
    let orphan = '';
    try {
      await apply('baseline', { condition: true, startupTaint: { enabled: true, timeLimit: '24h' } });
      orphan = await register('orphan', falcoHere);
      await eventually(async () => {
        const pods = await world.cluster.list<{ spec: { nodeName?: string }; status: { phase?: string } }>('v1', 'Pod');
        expect(pods.find(({ spec }) => spec.nodeName === orphan)?.status.phase).toBe('Running');
      });
      expect(await taintsOf(orphan)).toEqual([foreign.key, unprotected.key]);
    } finally {
      operator = await world.startOperator();
    }
    await eventually(async () => expect(await taintsOf(orphan)).toEqual([foreign.key]));
  });
});

test('the condition that somebody else changes is put right, with the time of its own last change', async () => {
  const edited = 'edited';
  const whole = (): Promise<NodeCondition> =>
    eventually(async () => {
      const found = await conditionOf(guarded);
      if (found?.status !== 'True' || found.message === edited)
        throw new Error(`${guarded} has ${JSON.stringify(found)}`);
      return found;
    });
  const before = await whole();
  await world.cluster.patch(`/api/v1/nodes/${guarded}/status`, {
    status: { conditions: [{ ...before, status: 'False', message: edited }] },
  });
  expect((await whole()).message).toBe(before.message);
});

test('a policy is told that its nodes would wait for an agent that cannot start there', async () => {
  await eventually(async () => expect(condition(await world.policy('baseline'), 'NodesMarked').status).toBe('True'));
  const tolerate = (tolerations: readonly object[]): Promise<unknown> =>
    world.cluster.patch('/apis/apps/v1/namespaces/falco/daemonsets/falco', {
      spec: { template: { spec: { tolerations } } },
    });
  try {
    await tolerate([]);
    await eventually(async () => {
      const { status, message } = condition(await world.policy('baseline'), 'NodesMarked');
      expect(status).toBe('False');
      expect(message).toContain('add the toleration {key: workloadprotection.dev/unprotected');
    });
  } finally {
    await tolerate(everywhere);
  }
});

describe('before the operator goes for good', () => {
  const release = async (): Promise<{ readonly code: number | null; readonly output: string }> => {
    const kubeconfig = await world.plane.kubeconfigFor({
      namespace: 'workload-protection',
      serviceAccount: 'workload-protection-operator',
      expirationSeconds: 3600,
    });
    const program = path.join(import.meta.dirname, '..', '..', 'operator', 'main.ts');
    const child = spawn(process.execPath, [program, '--release-nodes', '--kubeconfig', kubeconfig], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
    return { output: await text(child.stdout), code: await code };
  };

  test('nodes are not released while a policy lets new ones wait', async () => {
    const { code, output } = await release();
    expect(code).toBe(1);
    expect(output).toContain('WorkloadPolicy baseline, late, strict still asks for the startup taint');
    expect(await taintsOf(strict)).toContain(unprotected.key);
  });

  test('nothing of ours is left on any node', async () => {
    await operator.stop();
    await world.kubectl(['delete', `wpol.${group}`, '--all', '--wait']);
    const { code, output } = await release();
    expect(output).toContain('nothing of ours is left on any node');
    expect(code).toBe(0);
    for (const name of registered) {
      expect(await taintsOf(name)).toEqual([foreign.key]);
      expect(await conditionOf(name)).toBeUndefined();
    }
  });
});
