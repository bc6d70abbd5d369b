// A forwarder that is dead while its agent is well: Falco's own counters tell of what never arrived, and nothing clears until something does.
// And a Falco that hangs: its silence clears nothing, though nobody can know of it before the quiet period is over. Falco is asked once a
// minute, which is longer than that: only because it is asked once more before a finding clears is any of it seen in time.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Finding } from '../../crds/schema/finding.ts';
import { agentsFromPods, type AgentPodLike } from '../agents/from-pods.ts';
import { simulate, type Simulation } from '../agents/simulate.ts';
import { healthy } from '../agents/simulated-agent.ts';
import { falco } from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import { sendersWith } from '../installation/senders.ts';
import { eventually } from './support/eventually.ts';
import type { Poster } from './support/post-events.ts';
import { inProduction, productionPolicy } from './support/production.ts';
import { addressed, createAll, deployment, namespace, namespacesOf, node } from './support/small-fleet.ts';
import { startTakingIn } from './support/taking-in.ts';
import { startWorld, type World } from './support/world.ts';

const agents = falco({ tolerations: everywhere, metrics: true });
const nodes = ['cut-off', 'connected', 'hanging'] as const;
type NodeName = (typeof nodes)[number];
/** Of each node one workload, which does the same at the same time. */
const workloads: Readonly<Record<NodeName, string>> = { 'cut-off': 'cart', connected: 'pay', hanging: 'ship' };
const compiler = 'Compiler Run in Container';
/** Shorter than Falco's interval. */
const quietPeriod = '15s';
/** Standing still is written down after a minute; clearing takes two looks at the clock more than the quiet period. */
const writtenWithinMs = 120_000;
const token = 'a-token-of-the-test-that-nobody-guesses';
/** Behind the fleets that others on this machine may have. */
const firstAddress = 17_000 + (process.pid % 2000);

let world: World;
let simulation: Simulation;
let poster: Poster;

beforeAll(async () => {
  world = await startWorld('delivery');
  await createAll(world.cluster, [
    ...namespacesOf(agents),
    namespace('shop', inProduction),
    ...nodes.map((name, index) => addressed(node(name), firstAddress + index)),
    ...agents,
    ...nodes.map((name) => deployment('shop', workloads[name], { on: name })),
  ]);
  await world.install({
    starterPolicy: { enabled: false },
    agents: { falco: { spec: { telemetry: { mode: 'Scrape', interval: '60s', staleAfter: '300s' } } } },
    operator: { replicas: 0 },
    webhook: { replicas: 0 },
  });
  await world.apply(sendersWith(token), productionPolicy({ behaviour: 'CompilerInContainer', quietPeriod }));
  const found = await eventually(async () => {
    const running = agentsFromPods(await world.cluster.list<AgentPodLike>('v1', 'Pod'));
    expect(running.map((agent) => agent.node ?? '').toSorted()).toEqual(nodes.toSorted());
    return running;
  });
  simulation = await simulate(found, { listen: 'each' });
  ({ poster } = await startTakingIn(world, token));
  expect((await poster.post('falco', event('connected', 'Anything'))).status).toBe(202);
  // Asked once, so that there is something to compare.
  await eventually(async () =>
    expect((await world.agent('falco')).status?.scrape).toMatchObject({ attempted: nodes.length }),
  );
});

afterAll(async () => {
  poster?.close();
  await simulation?.close();
  await world?.stop();
});

/** As falcosidekick's webhook sends it. */
const event = (on: NodeName, rule: string, fields: object = { 'container.id': 'host' }): object => ({
  uuid: crypto.randomUUID(),
  output: rule,
  priority: 'Notice',
  rule,
  time: new Date().toISOString().replace('Z', '123456Z'),
  source: 'syscall',
  hostname: on,
  tags: ['container', 'T1027.004'],
  output_fields: fields,
});

/** So often each rule has matched on the node, as Falco counts it; whether anybody is told is another matter. */
const counts = (on: NodeName, matches: Readonly<Record<string, number>>): void => {
  // A counter that is lower than before would be that of a Falco which was restarted.
  expect(simulation.tell({ nodes: [on] }, { matches: { ...healthy.matches, ...matches } })).toBe(1);
};

const compile = async (on: NodeName): Promise<void> => {
  const pods = await world.cluster.list<{
    readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  }>('v1', 'Pod');
  const pod = pods.find(({ metadata }) => metadata.labels?.['app'] === workloads[on])?.metadata.name;
  const fields = { 'k8s.ns.name': 'shop', 'k8s.pod.name': pod, 'container.name': 'main', 'proc.name': 'gcc' };
  counts(on, { [compiler]: 1 });
  expect((await poster.post('falco', event(on, compiler, fields))).status).toBe(202);
};

const findingOn = async (on: NodeName): Promise<NonNullable<Finding['status']>> => {
  const status = (await world.findings()).find((finding) => finding.status?.subject.name === workloads[on])?.status;
  if (status === undefined) throw new Error(`there is no finding of ${workloads[on]}`);
  return status;
};

test('what Falco counted and nobody received keeps a finding open, past its quiet period, and says so', async () => {
  for (const on of nodes) await compile(on);
  await eventually(async () => {
    for (const on of nodes) expect((await findingOn(on)).quiet?.evidence).toBe('Delivered');
  });
  counts('cut-off', { [compiler]: 3 });
  expect(simulation.tell({ nodes: ['hanging'] }, { answers: 'hanging' })).toBe(1);
  await eventually(
    async () => expect(await findingOn('connected')).toMatchObject({ phase: 'Resolved', resolution: 'Verified' }),
    { withinMs: writtenWithinMs },
  );
  await eventually(
    async () =>
      expect((await findingOn('cut-off')).quiet).toMatchObject({
        suspendedReason: 'DeliveryUnproven',
        suspendedMessage: expect.stringMatching(
          `^on node cut-off: falco counted 2 more of rule ${compiler} than arrived`,
        ) as string,
        // What the next leader goes by.
        missing: [{ agent: 'falco', nodes: ['cut-off'] }],
        heard: { nodes: 0, of: 1 },
      }),
    { withinMs: writtenWithinMs },
  );
  expect((await findingOn('cut-off')).phase).toBe('Open');
});

test('a Falco that hangs before the quiet period is over keeps its finding open, and it says what it waits for', async () => {
  await eventually(
    async () =>
      expect((await findingOn('hanging')).quiet).toMatchObject({
        suspendedReason: 'AgentBlind',
        suspendedMessage:
          'on node hanging: falco has not answered since the quiet period was over, and one more answer is waited for',
      }),
    { withinMs: writtenWithinMs },
  );
  expect((await findingOn('hanging')).phase).toBe('Open');
});

test('once anything of the agent arrives again, and once it answers again, they clear on time', async () => {
  expect(simulation.tell({ nodes: ['hanging'] }, { answers: 'normal' })).toBe(1);
  let arrived = 0;
  await eventually(
    async () => {
      arrived++;
      counts('cut-off', { [compiler]: 3, 'Anything else': arrived });
      expect((await poster.post('falco', event('cut-off', 'Anything else'))).status).toBe(202);
      for (const on of ['cut-off', 'hanging'] as const) {
        expect(await findingOn(on)).toMatchObject({
          phase: 'Resolved',
          resolution: 'Verified',
          count: 1,
          quiet: { evidence: 'Delivered', required: quietPeriod },
        });
      }
    },
    { withinMs: writtenWithinMs },
  );
});
