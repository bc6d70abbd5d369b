// Each agent in its own words: what it writes, put on its way as it or its forwarder does, becomes the right finding on the right workload;
// with the agent installed as its chart does by default the finding clears, and says on what evidence; with the agent gone it does not.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { outcomes } from '../../agents/testing/outcomes.ts';
import { story } from '../../cli/findings/story.ts';
import { plainPaint } from '../../cli/output/paint.ts';
import type { Finding } from '../../crds/schema/finding.ts';
import { createTestAuthority } from '../../operator/ingest/testing/authority.ts';
import { agentsFromPods, type AgentPodLike } from '../agents/from-pods.ts';
import { simulate, type Simulation } from '../agents/simulate.ts';
import { freePorts } from '../control-plane/ports.ts';
import type { ProcessHandle } from '../installation/install.ts';
import { sendersWith } from '../installation/senders.ts';
import {
  agentNames,
  agentNodes,
  agents,
  blind,
  deliveries,
  image,
  nodesOf,
  place,
  workloadOf,
  type AgentName,
  type Delivery,
} from './support/agent-fleet.ts';
import { declaredPolicies, policyDefinitions } from './support/agent-policies.ts';
import { byFalco, byVector } from './support/as-agents.ts';
import { eventsAt, secret, type Scene } from './support/captured-events.ts';
import { eventually } from './support/eventually.ts';
import { fetchMetrics } from './support/exposition.ts';
import { inProduction, productionPolicy } from './support/production.ts';
import { createSender, type Sender, type Sent } from './support/sender.ts';
import { createAll, namespace, namespacesOf } from './support/small-fleet.ts';
import { startWorld, type World } from './support/world.ts';

const behaviours = [
  'CompilerInContainer',
  'PackageManagerInContainer',
  'InteractiveShell',
  'LegacyMetadataService',
  'BinaryDrift',
  'NetworkToolInContainer',
  'SshServerInContainer',
] as const;

const token = 'a-token-of-the-test-that-nobody-guesses';
/** A clock that is looked at every quarter of a minute may need three looks. */
const clearsWithinMs = 90_000;
let world: World;
let operator: ProcessHandle;
let simulation: Simulation;
let sender: Sender;
let stranger: Sender;

beforeAll(async () => {
  world = await startWorld('findings-agents');
  const installed = agentNames.flatMap((name) => agents[name].install({ nodeSelector: place(name) }));
  await createAll(world.cluster, [
    ...namespacesOf(installed),
    namespace('shop', inProduction),
    ...agentNodes,
    ...installed,
    ...[...deliveries, ...blind, gone].map(workloadOf),
  ]);
  await world.apply(...policyDefinitions);
  // A definition is served a moment later.
  await eventually(() => world.apply(...declaredPolicies));
  await world.install({
    starterPolicy: { enabled: false },
    // As the chart has them: elsewhere in these suites nobody could answer.
    agents: Object.fromEntries(
      ['falco', 'tetragon', 'tracee'].map((name) => [name, { spec: { telemetry: { mode: 'Scrape' } } }]),
    ),
    operator: { replicas: 0 },
    webhook: { replicas: 0 },
  });
  const authority = await createTestAuthority();
  await world.apply(
    sendersWith(token, { 'ca.crt': authority.ca }),
    productionPolicy(...behaviours.map((behaviour) => ({ behaviour, quietPeriod: '10s', minimumPodAge: '0s' }))),
  );
  await untilAgentsRun(13);
  simulation = await simulate(agentsFromPods(await world.cluster.list<AgentPodLike>('v1', 'Pod')), { listen: 'each' });
  // Off in Falco's chart.
  simulation.tell({ agent: 'falco' }, { metricsOff: true });
  const [port = 0] = await freePorts(1);
  operator = await world.startOperator({ args: [`--ingest-address=127.0.0.1:${port}`] });
  const certificate = await authority.issue('falco');
  sender = await eventually(() => createSender(world, { port, token, certificate }));
  const other = await createTestAuthority();
  stranger = await createSender(world, { port, token: 'wrong-'.repeat(4), certificate: await other.issue('falco') });
  await takeAgentsAway();
  await untilAgentsAnswer();
  for (const delivery of [...deliveries, ...blind]) {
    const events = eventsAt(delivery.file, await sceneOf(delivery));
    const posted = outcomesOf(delivery).map(([item]) => events.get(item));
    for (const sent of delivery.send(posted)) await deliver(delivery, sent);
  }
});

afterAll(async () => {
  sender?.close();
  stranger?.close();
  await simulation?.close();
  await world?.stop();
});

/** Who may send is read from the Secret a moment later. */
const deliver = (delivery: Delivery, sent: Sent): Promise<void> =>
  eventually(async () => expect(await sender.send(sent), delivery.name).toMatchObject({ status: 202, rejected: 0 }));

interface PodLike {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase?: string;
    readonly containerStatuses?: readonly { readonly name: string; readonly containerID?: string }[];
  };
}

const runningPods = async (): Promise<readonly PodLike[]> =>
  (await world.cluster.list<PodLike>('v1', 'Pod')).filter(
    ({ metadata, status }) => status.phase === 'Running' && metadata.deletionTimestamp === undefined,
  );

const untilAgentsRun = (count: number): Promise<void> =>
  eventually(async () => {
    const running = (await runningPods()).filter(({ metadata }) => metadata.namespace !== 'shop');
    expect(
      running.filter(({ spec }) => agentNodes.some(({ metadata }) => metadata.name === spec.nodeName)),
    ).toHaveLength(count);
  });

const takeAgentsAway = async (): Promise<void> => {
  for (const { on } of blind) {
    const label = `agents.example.com/${on.slice(0, -2)}`;
    await world.cluster.patch(`/api/v1/nodes/${on}`, { metadata: { labels: { [label]: null } } });
  }
  await untilAgentsRun(7);
};

/** Each is known as well as it can be, and gone where it was taken away. */
const untilAgentsAnswer = (): Promise<void> =>
  eventually(async () => {
    const { nodes: verdicts } = await world.verdicts();
    const known = (name: AgentName, on: string): string | undefined =>
      verdicts.get(on)?.agents.find(({ name: agent, evidence }) => agent === name && evidence !== undefined)?.evidence;
    expect(agentNames.map((name) => [name, known(name, nodesOf(name)[0])])).toEqual(
      agentNames.map((name) => [name, agents[name].evidence]),
    );
    expect(blind.filter(({ on }) => known(on.slice(0, -2) as AgentName, on) !== undefined)).toEqual([]);
  });

const sceneOf = ({ name, on }: Pick<Delivery, 'name' | 'on'>): Promise<Scene> =>
  eventually(async () => {
    const pod = (await runningPods()).find(
      ({ metadata }) => metadata.namespace === 'shop' && metadata.labels?.['app'] === name,
    );
    const id = pod?.status.containerStatuses?.find((container) => container.name === 'web')?.containerID;
    if (pod === undefined || id === undefined) throw new Error(`${name} does not run`);
    return { node: on, pod: pod.metadata.name, podUid: pod.metadata.uid, containerId: id.replace('containerd://', '') };
  });

const findingsOf = async (name: string): Promise<readonly NonNullable<Finding['status']>[]> =>
  (await world.findings()).flatMap(({ status }) => (status?.subject.name === name ? [status] : []));

/** Where an agent says that it drops events, the clocks stand still for minutes, and these suites have no such time. */
const lossy = new Set(
  ['falco/events-0.44.1: itself', 'kubearmor/events-1.7.4: throttled'].concat(
    ['throttled', 'rate limited'].map((item) => `tetragon/events-1.7.0: ${item}`),
  ),
);

/** By the item's name, what is to become of it. */
const outcomesOf = ({ file }: Pick<Delivery, 'file'>): readonly (readonly [string, readonly string[]])[] =>
  Object.entries(outcomes[file] ?? {}).filter(([item]) => !lossy.has(`${file}: ${item}`));

/** How often each behaviour of the workload is to be seen, as the adapters' own tests have it. */
const expectedOf = (delivery: Pick<Delivery, 'file'>): Readonly<Record<string, number>> =>
  tally(
    outcomesOf(delivery)
      .flatMap(([, each]) => each)
      .flatMap((outcome) => /^shop\/.*: (?!a signal)(\w+)$/.exec(outcome)?.[1] ?? []),
  );

const tally = (names: readonly string[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

/** Of all that was posted, what came to this, by the type of its agent. */
const postedAs = (outcome: RegExp): Readonly<Record<string, number>> =>
  tally(
    [...deliveries, ...blind].flatMap(({ file }) => {
      const agentType = Object.entries(agents).find(([name]) => file.startsWith(`${name}/`))?.[1].agentType ?? 'Custom';
      return outcomesOf({ file })
        .flatMap(([, each]) => each)
        .flatMap((each) => (outcome.test(each) ? [agentType] : []));
    }),
  );

const counted = async (name: string, labels: Readonly<Record<string, string>> = {}) => {
  const metrics = await fetchMetrics(`${operator.metricsUrl}/metrics`);
  const counts: Record<string, number> = {};
  for (const { agentType } of Object.values(agents)) {
    const sum = metrics.sum(name, { ...labels, agent_type: agentType }) ?? 0;
    if (sum > 0) counts[agentType] = sum;
  }
  return counts;
};

/** A workload whose pod is replaced before its agent's event comes. */
const gone: Delivery = {
  name: 'replaced',
  file: 'tetragon/events-1.7.0',
  on: 'tetragon-1',
  send: byVector('tetragon'),
};

describe.each(deliveries.map((delivery) => ({ ...delivery, delivery })))(
  'what is sent of $name',
  ({ name, on, delivery }) => {
    test('becomes the right findings on the right container', async () => {
      const expected = expectedOf(delivery);
      const found = await eventually(async () => {
        const all = await findingsOf(name);
        expect(Object.fromEntries(all.map(({ behaviour, count }) => [behaviour, count]))).toEqual(expected);
        return all;
      });
      const { pod } = await sceneOf(delivery);
      for (const { subject, policies } of found) {
        expect(policies).toEqual(['production']);
        expect(subject).toMatchObject({
          reference: `Deployment/${name}`,
          namespace: 'shop',
          container: 'web',
          image,
          pods: [pod],
          podsSeen: 1,
          nodes: [on],
        });
      }
    });
  },
);

test('what is a threat, or of the node, or belongs to nobody, is counted as that and makes no finding', async () => {
  await eventually(async () =>
    expect(await counted('workload_protection_signals_total')).toEqual(postedAs(/a signal$/)),
  );
  const outcome = (name: string) => counted('workload_protection_events_total', { outcome: name });
  expect(await outcome('unattributed')).toEqual(postedAs(/^(?:NothingSaid|ContainerUnknown)$/));
  expect(await outcome('internal')).toEqual(postedAs(/^of the agent itself$/));
  expect((await world.findings()).filter(({ status }) => status?.subject.kind === 'Node')).toEqual([]);
});

test('Falco is known by its certificate alone, and only by one of the authority that was named', async () => {
  const [alert] = byFalco([...eventsAt('falco/events-0.44.1', await sceneOf(deliveries[0]!)).values()]);
  if (alert === undefined) throw new Error('there is no alert of Falco');
  expect((await sender.send({ ...alert, proof: 'none' })).status).toBe(401);
  expect((await stranger.send(alert)).status).toBe(401);
  expect((await stranger.send({ ...alert, proof: 'token' })).status).toBe(401);
});

test('an event that comes after its pod has gone still finds its workload', async () => {
  const scene = await sceneOf(gone);
  await world.cluster.remove(`/api/v1/namespaces/shop/pods/${scene.pod}`, { graceSeconds: 0 });
  await eventually(async () => expect((await sceneOf(gone)).pod).not.toBe(scene.pod));
  const compiler = eventsAt(gone.file, scene).get('compiler');
  for (const sent of gone.send([compiler])) await deliver(gone, sent);
  await eventually(async () =>
    expect(await findingsOf(gone.name)).toMatchObject([
      {
        behaviour: 'CompilerInContainer',
        subject: { reference: 'Deployment/replaced', pods: expect.arrayContaining([scene.pod]) },
      },
    ]),
  );
});

/** What people read of a compiler, or of what else the agent sees, in the words of that agent. */
const read: Readonly<Record<AgentName, readonly [behaviour: string, workload: string, line: RegExp]>> = {
  falco: [
    'CompilerInContainer',
    'falco',
    /falco +Compiler Run in Container +\S+ +app +gcc -O2 main\.c --password=\*\*\* \(\/usr\/bin\/x86_64/,
  ],
  tetragon: ['CompilerInContainer', 'tetragon', /tetragon +- +\S+ +0 +\/usr\/bin\/gcc -O2 main\.c --password=\*\*\*/],
  datadog: [
    'CompilerInContainer',
    'datadog',
    /datadog +compiler_in_container_v2 +\S+ +root +\/usr\/bin\/gcc main\.c --password=\*\*\*/,
  ],
  kubearmor: [
    'PackageManagerInContainer',
    'kubearmor',
    /kubearmor +process \/usr\/bin\/apt-get +\S+ +0 +\/usr\/bin\/apt-get -y update/,
  ],
  kubescape: [
    'CompilerInContainer',
    'kubescape',
    /kubescape +Unexpected process launched +\S+ +0 +\/usr\/bin\/gcc main\.c --password=\*\*\*/,
  ],
  tracee: ['BinaryDrift', 'tracee', /tracee +dropped_executable +\S+ +0 +\/app\/web \/tmp\/x/],
  sysdig: ['CompilerInContainer', 'ocsf', /sysdig +compilers +\S+ +root +\/usr\/bin\/gcc main\.c --password=\*\*\*/],
};

test.each(agentNames)('of what %s saw people read rule, pod, user and program, and nobody a secret', async (name) => {
  const [behaviour, workloadName, line] = read[name];
  const finding = (await world.findings()).find(
    ({ status }) => status?.behaviour === behaviour && status.subject.name === workloadName,
  );
  if (finding === undefined) throw new Error(`${workloadName} has no finding ${behaviour}`);
  expect([...story(finding, { paint: plainPaint, now: Date.now() })].join('')).toMatch(line);
  expect(JSON.stringify(await world.findings())).not.toContain(secret);
});

test('the documents say of each agent on what evidence its silence counts', () => {
  const page = readFileSync(new URL('../../docs/ingest.md', import.meta.url), 'utf8');
  const said = [...page.matchAll(/^\| (\w+)[^|]*\|[^|]*\|[^|]*\| `(Running|Reporting|Loaded)` \|/gm)];
  expect(Object.fromEntries(said.map(([, agent = '', evidence]) => [agent.toLowerCase(), evidence]))).toEqual(
    Object.fromEntries(agentNames.flatMap((name) => (name === 'sysdig' ? [] : [[name, agents[name].evidence]]))),
  );
});

describe.each(agentNames.map((name) => ({ name, ...agents[name] })))('$name, installed as its chart does', (agent) => {
  test(`lets a fixed workload clear, on evidence ${agent.evidence}`, async () => {
    const name = agent.name === 'sysdig' ? 'neutral' : agent.name;
    await eventually(
      async () => {
        const all = await findingsOf(name);
        expect(all.length).toBeGreaterThan(0);
        for (const { phase, resolution, behaviour } of all)
          expect([behaviour, phase, resolution]).toEqual([behaviour, 'Resolved', 'Verified']);
      },
      { withinMs: clearsWithinMs },
    );
    for (const status of await findingsOf(name)) {
      expect(status).toMatchObject({ agents: [agent.name], quiet: { required: '10s', evidence: agent.evidence } });
      expect(status.history?.map(({ reason }) => reason)).toEqual(['BehaviourSeen', 'SilenceObserved']);
    }
  });
});

test.each(blind)(
  '$name: where the agent is gone nothing clears, and the clock says so',
  async ({ name, on, ...delivery }) => {
    const found = await findingsOf(name);
    expect(found.map(({ behaviour }) => behaviour).toSorted()).toEqual(Object.keys(expectedOf(delivery)).toSorted());
    for (const status of found)
      expect(status).toMatchObject({
        phase: 'Open',
        quiet: {
          observedBefore: '0s',
          suspendedReason: 'AgentBlind',
          suspendedMessage: expect.stringContaining(`on node ${on}: `),
        },
      });
  },
);
