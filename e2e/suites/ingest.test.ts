// Events over HTTPS, with credentials as a cluster gives them: what Datadog's agents post becomes coverage, whichever replica they post to,
// and what was acknowledged is known after the leader was killed.
import { request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts } from '../control-plane/ports.ts';
import { datadogByOperator } from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import type { Manifest } from '../fleet/manifest.ts';
import type { Installation, ProcessHandle } from '../installation/install.ts';
import { eventually } from './support/eventually.ts';
import { fetchMetrics } from './support/exposition.ts';
import { createAll, deployment, namespacesOf, node } from './support/small-fleet.ts';
import { startWorld, untilReady, type World } from './support/world.ts';

const agents = datadogByOperator({
  cws: true,
  tolerations: everywhere,
  nodeSelector: { 'agents.example.com/datadog': 'true' },
});
const namespace = agents[0]?.metadata.namespace ?? '';
const host = 'workload-protection-operator.workload-protection.svc';

interface Replica {
  readonly handle: ProcessHandle;
  readonly port: number;
}

let world: World;
let installation: Installation;
let leader: Replica;
let standby: Replica;

const account = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace },
});

beforeAll(async () => {
  world = await startWorld('ingest');
  await createAll(world.cluster, [
    ...namespacesOf(agents),
    node('one', { 'agents.example.com/datadog': 'true' }),
    node('two', { 'agents.example.com/datadog': 'true' }),
    ...agents,
    account('stranger'),
    account('vector'),
    deployment('default', 'shop', { on: 'one' }),
  ]);
  installation = await world.install({
    agentNamespaces: [namespace],
    starterPolicy: { spec: { gracePeriod: '0s' } },
    agents: { datadog: { spec: { telemetry: { mode: 'Push' } } } },
    operator: {
      replicas: 0,
      ingest: {
        senders: [{ namespace, name: 'default' }],
        forwarders: [{ namespace, name: 'vector' }],
      },
    },
    webhook: { replicas: 0 },
  });
  leader = await startReplica();
  await eventually(async () => expect(await leads(leader)).toBe(true));
  standby = await startReplica();
});

afterAll(() => world?.stop());

const started: ProcessHandle[] = [];
afterAll(async () => {
  for (const handle of started) {
    handle.kill('SIGKILL');
    await handle.exited;
  }
});

/** One whose address the others can reach, as by the headless Service. */
const startReplica = async (): Promise<Replica> => {
  const [port = 0] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const handle = await installation.startOperator({
    args: [`--ingest-address=${address}`, `--ingest-peer-address=${address}`],
  });
  started.push(handle);
  await untilReady(handle);
  return { handle, port };
};

const leads = async ({ handle }: Replica): Promise<boolean> =>
  (await fetchMetrics(`${handle.metricsUrl}/metrics`)).sum('workload_protection_leader') === 1;

interface PodLike {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: { readonly nodeName?: string; readonly serviceAccountName?: string };
}

/** The pod of the agent on a node. */
const agentOn = (name: string): Promise<PodLike> =>
  eventually(async () => {
    const { items } = await world.get<{ readonly items: readonly PodLike[] }>(`/api/v1/namespaces/${namespace}/pods`);
    const found = items.find(({ spec }) => spec.nodeName === name);
    if (found === undefined) throw new Error(`no agent runs on ${name}`);
    return found;
  });

/** As a kubelet asks for it, for a projected volume. */
const tokenOf = async (serviceAccount: string, pod?: PodLike): Promise<string> => {
  const { status, body } = await world.plane.api.call(
    'POST',
    `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: ['workload-protection'],
        expirationSeconds: 3600,
        ...(pod === undefined
          ? {}
          : { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid } }),
      },
    },
  );
  if (status !== 201) throw new Error(`no token: ${status} ${JSON.stringify(body)}`);
  return (body as { readonly status: { readonly token: string } }).status.token;
};

const authority = async (): Promise<string> =>
  (
    await world.get<{ readonly data: Readonly<Record<string, string>> }>(
      '/api/v1/namespaces/workload-protection/configmaps/workload-protection-ingest-ca',
    )
  ).data['ca.crt'] ?? '';

const post = async ({ port }: Replica, token: string, events: unknown): Promise<number> => {
  const ca = await authority();
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port,
        path: '/ingest/v1/datadog',
        method: 'POST',
        ca,
        servername: host,
        agent: false,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      },
    );
    request.once('error', reject);
    request.end(JSON.stringify(events));
  });
};

const rule = { id: 'compiler_in_container_v2', status: 'loaded', product_tags: ['technique:T1027-obfuscated-files'] };
const policy = { name: 'default.policy', version: '1.69.3', source: 'remote-config', status: 'loaded' };
const anEvent = (ruleId: string, body: object) => ({
  agent: { rule_id: ruleId, version: '7.81.1' },
  date: new Date().toISOString(),
  ...body,
});
const loaded = (...rules: readonly object[]) => anEvent('ruleset_loaded', { policies: [{ ...policy, rules }] });

const evidenceOn = async (name: string): Promise<string | undefined> =>
  (await world.verdicts()).nodes.get(name)?.agents.find((agent) => agent.name === 'datadog')?.evidence;

describe('events of an agent', () => {
  test('become coverage of its node, posted with the token of its pod to a standby', async () => {
    const token = await tokenOf('default', await agentOn('one'));
    expect(await post(standby, token, loaded(rule))).toBe(202);
    await eventually(async () => expect(await evidenceOn('one')).toBe('Loaded'));
    // Nobody has spoken for the other one.
    expect(await evidenceOn('two')).toBe('Running');
  });

  test('become coverage of the node that they name, forwarded to the leader', async () => {
    const token = await tokenOf('vector');
    expect(await post(leader, token, { message: JSON.stringify(loaded(rule)), ddtags: 'kube_node:two' })).toBe(202);
    await eventually(async () => expect(await evidenceOn('two')).toBe('Loaded'));
  });

  test('are refused from an account that has no right, from none at all, and with a token for somebody else', async () => {
    expect(await post(leader, await tokenOf('stranger', undefined), loaded(rule))).toBe(403);
    expect(await post(leader, 'made-up', loaded(rule))).toBe(401);
    expect(await post(leader, world.plane.adminToken, loaded(rule))).toBe(401);
  });

  test('are known after the leader was killed, as far as they were acknowledged', async () => {
    const token = await tokenOf('default', await agentOn('one'));
    leader.handle.kill('SIGKILL');
    await leader.handle.exited;
    // Nobody leads now: what comes waits in the journal of the standby.
    expect(await post(standby, token, loaded({ ...rule, status: 'syntax_error' }))).toBe(202);
    await eventually(async () => expect(await leads(standby)).toBe(true));
    await eventually(async () => {
      const reasons = (await world.verdicts()).nodes.get('one')?.reasons.map(({ reason }) => reason);
      expect(reasons).toContain('RuleLoadFailed');
    });
    // The other one has posted nothing to this replica: what is known of it was written by the leader before.
    const other = (await world.verdicts()).nodes.get('two');
    expect(other?.agents.find((agent) => agent.name === 'datadog')).toMatchObject({
      evidence: 'Loaded',
      version: '7.81.1',
    });
    expect(other?.reasons).toEqual([]);
    const beat = anEvent('heartbeat', { policy: { ...policy, rules: undefined } });
    expect(await post(standby, await tokenOf('default', await agentOn('two')), beat)).toBe(202);
    await eventually(async () =>
      expect(
        (await fetchMetrics(`${standby.handle.metricsUrl}/metrics`)).sum('workload_protection_journal_waiting_events'),
      ).toBe(0),
    );
  });
});
