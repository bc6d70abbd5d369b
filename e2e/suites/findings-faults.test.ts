// Findings where everything goes wrong: replicas that are killed in turn under load, and senders that mean harm. What was acknowledged is
// counted once; whatever is sent, the operator answers, stays as small as it was, and goes on.
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { assert, asyncProperty, boolean, json } from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memoryOf } from '../../bench/process-memory.ts';
import type { Finding } from '../../crds/schema/finding.ts';
import { sources } from '../../operator/ingest/source.ts';
import { apiVersion } from '../../crds/schema/vocabulary.ts';
import { freePorts } from '../control-plane/ports.ts';
import type { Installation, ProcessHandle } from '../installation/install.ts';
import { sendersWith } from '../installation/senders.ts';
import { eventually } from './support/eventually.ts';
import { fetchMetrics, fetchText } from './support/exposition.ts';
import { startMuffledApi } from './support/muffled-api.ts';
import { podToken } from './support/pod-token.ts';
import { createPoster, type Poster } from './support/post-events.ts';
import { inProduction, productionPolicy } from './support/production.ts';
import { nastyRequests, pipelined, sendRaw } from './support/raw-requests.ts';
import { createAll, deployment, namespace, node, pod } from './support/small-fleet.ts';
import { postSteadily } from './support/steady-events.ts';
import { startWorld, untilReady, type World } from './support/world.ts';

const token = 'a-token-of-the-test-that-nobody-guesses';
const workloads = Array.from({ length: 10 }, (_, index) => `app-${index}`);
/** How often a batch speaks of each workload. */
const timesInBatch = 10;
/** What two replicas that share two cores with their API server and whoever posts can be asked for. */
const perSecond = Number(process.env['EVENTS_PER_SECOND'] ?? 5000);

interface Replica {
  readonly port: number;
  /** Its volume, which outlives its process. */
  readonly journal: string;
  handle: ProcessHandle;
  poster: Poster;
}

let world: World;
let installation: Installation;
let folder: string;
const replicas: Replica[] = [];
let podOf: ReadonlyMap<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'workload-protection-faults-'));
  world = await startWorld('findings-faults');
  await createAll(world.cluster, [
    namespace('shop', inProduction),
    namespace('agents'),
    node('one'),
    node('two'),
    ...workloads.map((name) => deployment('shop', name, { on: 'one' })),
    deployment('shop', 'elsewhere', { on: 'two' }),
    deployment('agents', 'sensor', { on: 'one' }),
  ]);
  installation = await world.install({
    starterPolicy: { enabled: false },
    operator: { replicas: 0, ingest: { senders: [{ namespace: 'agents', name: 'default' }] } },
    webhook: { replicas: 0 },
  });
  await world.apply(sendersWith(token), productionPolicy({ behaviour: 'CompilerInContainer' }));
  const ports = await freePorts(2);
  for (const [index, port] of ports.entries()) {
    const journal = path.join(folder, `volume-${index}`);
    replicas.push({ port, journal, ...(await start(port, journal)) });
  }
  podOf = await eventually(podsByApp);
  await eventually(async () => expect((await world.report()).status?.counts?.pods.total).toBeGreaterThanOrEqual(12));
});

afterAll(async () => {
  for (const { poster, handle } of replicas) {
    poster.close();
    handle.kill('SIGKILL');
    await handle.exited;
  }
  await world?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** One whose address the others reach, as by the headless Service; ready, and aware of who may send. */
const start = async (
  port: number,
  journal: string,
  more: readonly string[] = [],
): Promise<Pick<Replica, 'handle' | 'poster'>> => {
  const address = `127.0.0.1:${port}`;
  const handle = await installation.startOperator({
    args: [`--ingest-address=${address}`, `--ingest-peer-address=${address}`, `--journal-dir=${journal}`, ...more],
  });
  await untilReady(handle);
  const poster = await eventually(() => createPoster(world, port, token));
  await eventually(async () =>
    expect((await poster.post('falco', alert('app-0', { rule: 'Nothing', output_fields: {} }))).status).toBe(202),
  );
  return { handle, poster };
};

/** As falcosidekick's webhook sends it. */
const alert = (name: string, overrides: object = {}): object => ({
  uuid: crypto.randomUUID(),
  output: `Compiler run in container (proc=gcc workload=${name})`,
  priority: 'Notice',
  rule: 'Compiler run in container',
  time: new Date().toISOString().replace('Z', '123456Z'),
  source: 'syscall',
  hostname: 'one',
  tags: ['container', 'maturity_sandbox', 'T1027.004'],
  output_fields: {
    'container.id': '3f2a1b4c5d6e',
    'container.name': 'main',
    'k8s.ns.name': 'shop',
    'k8s.pod.name': podOf?.get(name) ?? 'unknown',
    'proc.name': 'gcc',
    'proc.cmdline': 'gcc -O2 main.c',
    'user.name': 'root',
  },
  ...overrides,
});

const podsByApp = async (): Promise<ReadonlyMap<string, string>> => {
  const pods = await world.cluster.list<PodLike>('v1', 'Pod');
  const found = new Map(
    pods
      .filter(({ status }) => status.phase === 'Running')
      .map(({ metadata }) => [metadata.labels?.['app'] ?? '', metadata.name]),
  );
  for (const name of [...workloads, 'elsewhere', 'sensor']) {
    if (!found.has(name)) throw new Error(`no pod of ${name} runs`);
  }
  return found;
};

interface PodLike {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly status: { readonly phase?: string };
}

/** Workload → how often the compiler was seen in it. */
const counts = async (): Promise<ReadonlyMap<string, number>> =>
  new Map((await world.findings()).map(({ status }) => [status?.subject.name ?? '', status?.count ?? 0]));

const counted = async (): Promise<number> => [...(await counts()).values()].reduce((sum, count) => sum + count, 0);

const allWorkedIn = async (): Promise<void> => {
  for (const replica of replicas) {
    await eventually(async () => expect(await waiting(replica)).toBe(0), { withinMs: 120_000 });
  }
};

const leads = async ({ handle }: Replica): Promise<boolean> =>
  (await fetchMetrics(`${handle.metricsUrl}/metrics`)).sum('workload_protection_leader') === 1;

/** The leader, then the standby. */
const inOrder = (): Promise<readonly [Replica, Replica]> =>
  eventually(async () => {
    const [first, second] = replicas;
    if (first === undefined || second === undefined) throw new Error('there are no two replicas');
    const [isFirst, isSecond] = [await leads(first), await leads(second)];
    if (isFirst === isSecond) throw new Error('not one of them leads');
    return isFirst ? [first, second] : [second, first];
  });

const killAndRestart = async (replica: Replica, more?: readonly string[]): Promise<void> => {
  replica.handle.kill('SIGKILL');
  await replica.handle.exited;
  replica.poster.close();
  Object.assign(replica, await start(replica.port, replica.journal, more));
};

const waiting = async ({ handle }: Replica): Promise<number | undefined> =>
  (await fetchMetrics(`${handle.metricsUrl}/metrics`)).sum('workload_protection_journal_waiting_events');

test('what was acknowledged is in a count, once, though leader and standby are killed in turn', async () => {
  await allWorkedIn();
  const first = await counts();
  const stop = new AbortController();
  let made = 0;
  const posting = postSteadily(
    {
      posters: () => replicas.map(({ poster }) => poster),
      perSecond,
      batch: workloads.length * timesInBatch,
      make: () => alert(workloads[made++ % workloads.length] ?? ''),
    },
    stop.signal,
  );
  try {
    for (const victim of ['leader', 'standby', 'leader', 'leader', 'standby'] as const) {
      const before = await counted();
      // Something of what came since the last one is written, and more is on its way.
      await eventually(async () => expect(await counted()).toBeGreaterThan(before));
      const [leader, standby] = await inOrder();
      await killAndRestart(victim === 'leader' ? leader : standby);
    }
    await inOrder();
  } finally {
    stop.abort();
  }
  const { acknowledged, refused, unknown, seconds } = await posting;
  const shown = `acknowledged ${acknowledged}, refused ${refused}, unknown ${unknown}, in ${Math.round(seconds)} s`;
  console.info(`${shown}: ${Math.round(acknowledged / seconds)} a second`);
  await allWorkedIn();
  const last = await counts();
  expect([...last.keys()].toSorted()).toEqual(workloads.toSorted());
  // Every batch speaks of each workload as often, so that one of which a part is lost or counted twice shows beside those that are unknown.
  const [grown = 0, ...others] = new Set([...last].map(([name, count]) => count - (first.get(name) ?? 0)));
  expect(others, shown).toEqual([]);
  expect(grown % timesInBatch, shown).toBe(0);
  expect(grown * workloads.length, shown).toBeGreaterThanOrEqual(acknowledged);
  expect(grown * workloads.length, shown).toBeLessThanOrEqual(acknowledged + unknown);
});

describe('who leads next', () => {
  /** What may never go back. */
  const standing = async (): Promise<ReadonlyMap<string, { readonly count: number; readonly phase: string }>> =>
    new Map(
      (await world.findings()).map(({ metadata, status }) => [
        metadata.name,
        { count: status?.count ?? 0, phase: status?.phase ?? '' },
      ]),
    );
  /** Until something holds, no finding counts less than before, nor is in another phase. */
  const nothingGoesBack = async (what: () => Promise<boolean>, withinMs: number): Promise<void> => {
    let before = await standing();
    const wentBack: string[] = [];
    await eventually(
      async () => {
        const now = await standing();
        for (const [name, { count, phase }] of before) {
          const found = now.get(name);
          if (found === undefined || found.count < count || found.phase !== phase)
            wentBack.push(`${name} was ${phase} with ${count}, and then ${found?.phase} with ${found?.count}`);
        }
        before = now;
        expect(wentBack.length > 0 || (await what())).toBe(true);
      },
      { withinMs, everyMs: 100 },
    );
    expect(wentBack).toEqual([]);
  };
  const batch = (): readonly object[] => workloads.flatMap((name) => [alert(name), alert(name)]);
  const postTo = async ({ poster }: Replica): Promise<void> => {
    await eventually(async () => expect((await poster.post('falco', batch())).status).toBe(202));
  };

  test('begins with what stands, though its watch of findings has been silent', async () => {
    const account = { namespace: 'workload-protection', serviceAccount: 'workload-protection-operator' };
    const api = await startMuffledApi(world.plane, account);
    const [leader, standby] = await inOrder();
    try {
      await killAndRestart(standby, [`--kubeconfig=${api.kubeconfig}`]);
      await postTo(leader);
      await allWorkedIn();
      api.muffle('findings');
      await postTo(leader);
      const [{ metadata } = { metadata: undefined }] = await world.findings();
      const path = `/apis/${apiVersion}/namespaces/shop/findings/${metadata?.name}`;
      await world.cluster.patch(path, { spec: { case: { phase: 'Remediating' } } });
      await eventually(async () => expect((await standing()).get(metadata?.name ?? '')?.phase).toBe('Remediating'));
      await allWorkedIn();
      const before = await counts();
      leader.handle.kill('SIGKILL');
      await leader.handle.exited;
      await nothingGoesBack(() => leads(standby).catch(() => false), 30_000);
      await postTo(standby);
      await nothingGoesBack(async () => {
        const now = await counts();
        return [...before].every(([name, count]) => now.get(name) === count + 2);
      }, 30_000);
      await killAndRestart(leader);
      await killAndRestart(standby);
    } finally {
      await api.close();
    }
    await inOrder();
  });

  test('is not written over by one that was stopped in the middle of writing', async () => {
    const [stopped, next] = await inOrder();
    const first = await counts();
    const stop = new AbortController();
    let made = 0;
    const posting = postSteadily(
      {
        posters: () => replicas.map(({ poster }) => poster),
        perSecond: 500,
        batch: workloads.length * timesInBatch,
        make: () => alert(workloads[made++ % workloads.length] ?? ''),
      },
      stop.signal,
    );
    try {
      const before = await counted();
      await eventually(async () => expect(await counted()).toBeGreaterThan(before));
      stopped.handle.kill('SIGSTOP');
      await nothingGoesBack(() => leads(next), 30_000);
      const taken = await counted();
      await nothingGoesBack(async () => (await counted()) > taken, 30_000);
    } finally {
      stop.abort();
      stopped.handle.kill('SIGCONT');
    }
    let hasEnded = false;
    void stopped.handle.exited.then(() => (hasEnded = true));
    await nothingGoesBack(async () => hasEnded, 30_000);
    await killAndRestart(stopped);
    const { acknowledged, refused, unknown } = await posting;
    const shown = `acknowledged ${acknowledged}, refused ${refused}, unknown ${unknown}`;
    await allWorkedIn();
    const last = await counts();
    const grown = [...last].reduce((sum, [name, count]) => sum + count - (first.get(name) ?? 0), 0);
    expect(grown, shown).toBeGreaterThanOrEqual(acknowledged);
    expect(grown, shown).toBeLessThanOrEqual(acknowledged + unknown);
  });
});

describe('hostile senders', () => {
  /** What may come on top of what the operator held before: buffers that the collector has not looked at yet. */
  const mostGrowthMiB = 200;
  const post = (body: unknown, own = token): ReturnType<Poster['post']> => {
    const [{ poster } = { poster: undefined }] = replicas;
    if (poster === undefined) throw new Error('there is no replica');
    return poster.post('falco', body, own);
  };
  const goesOn = async (): Promise<void> => {
    for (const { handle } of replicas) {
      expect((await fetchText(`${handle.metricsUrl}/healthz`)).status).toBe(200);
    }
    await eventually(async () => expect((await post(alert('app-1'))).status).toBe(202));
  };
  const residentOf = ({ handle }: Replica): number => memoryOf(handle.pid).resident;
  /** Files and connections. */
  const openIn = ({ handle }: Replica): number => readdirSync(`/proc/${handle.pid}/fd`).length;
  const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

  test.each([
    ['a prototype', '{"rule":"x","output_fields":{"__proto__":{"polluted":true}}}', 'output_fields.__proto__'],
    ['a depth to drown in', nested(100), 'a.a.a'],
    ['no object', '7', ''],
    ['no JSON', '{"rule":', ''],
  ])('are told the field at fault: %s', async (_, body, field) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    if (field !== '')
      expect(answer.body).toMatchObject({ errors: [{ field: expect.stringContaining(field) as string }] });
  });

  test('put nothing of theirs into names, labels or annotations', async () => {
    const long = 'x'.repeat(300_000);
    const rule = `Compiler run in container\u001b[2J\u202e\n${long}`;
    const before = (await world.findings()).length;
    expect((await post(alert('app-2', { rule, tags: ['constructor', `a: b\n${long}`] }))).status).toBe(202);
    await eventually(async () => expect(await waiting((await inOrder())[0])).toBe(0));
    const all = await world.findings();
    expect(all.length - before).toBeLessThanOrEqual(1);
    for (const { metadata } of all) {
      expect(Object.keys(metadata.labels ?? {}).toSorted()).toEqual([
        'app.kubernetes.io/managed-by',
        'workloadprotection.dev/behaviour',
        'workloadprotection.dev/subject-kind',
      ]);
      expect(metadata.annotations ?? {}).toEqual({});
    }
    // oxlint-disable-next-line no-control-regex
    expect(JSON.stringify(all)).not.toMatch(/\\u001b|\u202e|x{5000}/);
  });

  test('that are limited to a node speak of no other, and of no pod elsewhere', async () => {
    const own = await tokenOf('sensor');
    const named = await eventually(async () => {
      const answer = await post(alert('elsewhere', { hostname: 'two' }), own);
      expect(answer.status).toBe(400);
      return answer;
    });
    expect(named.body).toMatchObject({
      errors: [{ field: 'hostname', message: expect.stringContaining('one') as string }],
    });
    const [leader] = await inOrder();
    const elsewhere = async (): Promise<number> =>
      (await fetchMetrics(`${leader.handle.metricsUrl}/metrics`)).sum('workload_protection_events_unattributed_total', {
        reason: 'PodElsewhere',
      }) ?? 0;
    const before = await elsewhere();
    expect((await post(alert('elsewhere'), own)).status).toBe(202);
    await eventually(async () => expect(await elsewhere()).toBe(before + 1));
    expect((await world.findings()).some(({ status }) => status?.subject.name === 'elsewhere')).toBe(false);
  });

  describe.each(sources)('to %s', (source) => {
    const path = `/ingest/v1/${source}`;
    /** Refusals, each of its own kind; never that the server has failed. */
    const clear = [202, 400, 401, 404, 405, 408, 411, 413, 414, 415, 417, 429, 431, 501, 505];

    test('whatever they send as a request, are answered clearly or not at all', async () => {
      const [{ port } = { port: 0 }] = replicas;
      const answers = await Promise.all(
        nastyRequests.map(
          async ({ name, bytes }) => [name, await sendRaw({ port, token }, bytes(path, token))] as const,
        ),
      );
      for (const [name, statuses] of answers) {
        for (const status of statuses) expect(clear, name).toContain(status);
      }
      // What is smuggled behind a request is answered as the request that it is, and has nothing of the first one's rights.
      expect(new Map(answers).get('a request smuggled behind another')).toEqual([202, 404]);
      await goesOn();
    });

    test('many at once on one connection, are answered each', async () => {
      const [{ port } = { port: 0 }] = replicas;
      expect(await sendRaw({ port, token }, pipelined(path, token, 50))).toEqual(Array.from({ length: 50 }, () => 202));
    });

    test('whatever JSON they send, are answered clearly, and nothing of it fails', async () => {
      const [{ poster } = { poster: undefined }] = replicas;
      await assert(
        asyncProperty(json({ maxDepth: 6, stringUnit: 'binary' }), boolean(), async (body, isPacked) => {
          const answer = await poster?.post(
            source,
            isPacked ? gzipSync(body) : Buffer.from(body),
            token,
            isPacked ? { 'content-encoding': 'gzip' } : {},
          );
          expect([202, 400]).toContain(answer?.status);
        }),
        { numRuns: 100 },
      );
    });
  });

  test('with words that are orders to a terminal, a page or a spreadsheet give none', async () => {
    const hostile = `=cmd|' /C calc'!A0 \u001b]0;evil\u0007\u001b[2J | <img src=x onerror=evil()> [evil](https://evil.example.com)\n# evil\n\n| evil |\u202e`;
    const fields = {
      'container.id': '3f2a1b4c5d6e',
      'container.name': 'main',
      'k8s.ns.name': 'shop',
      'k8s.pod.name': podOf.get('app-3'),
      'proc.name': 'gcc',
      'proc.cmdline': hostile,
      'proc.exepath': `=HYPERLINK("https://evil.example.com")${hostile}`,
      'user.name': `+${hostile}`,
      'evil/label': 'evil',
    };
    const event = alert('app-3', { output: hostile, tags: [hostile, 'evil=evil'], output_fields: fields });
    expect((await post(event)).status).toBe(202);
    const named = async (): Promise<Finding> => {
      const found = (await world.findings()).find(({ status }) => status?.subject.name === 'app-3');
      expect(JSON.stringify(found)).toContain('HYPERLINK');
      if (found === undefined) throw new Error('there is no finding of app-3');
      return found;
    };
    const { metadata } = await eventually(named);
    expect(JSON.stringify({ ...metadata, managedFields: [] })).not.toContain('evil');
    const run = async (...args: readonly string[]): Promise<string> => {
      const program = path.join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
      const place = ['-n', 'shop', '--kubeconfig', world.plane.kubeconfig];
      return (await promisify(execFile)(process.execPath, [program, 'findings', ...args, metadata.name, ...place]))
        .stdout;
    };
    for (const args of [['show'], ['export', '-o', 'md'], ['export', '-o', 'csv']]) {
      const [verb = '', ...more] = args;
      const out = await run(verb, ...more);
      // oxlint-disable-next-line no-control-regex
      expect(out, verb).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
    const page = await run('export', '-o', 'md');
    expect(page).toContain('evil');
    for (const line of page.split('\n')) {
      expect(line).not.toMatch(/^#+ evil|^\| evil/);
      expect(line.replaceAll(/\\./g, '')).not.toMatch(/<|\]\(/);
    }
    for (const line of (await run('export', '-o', 'csv')).split('\r\n')) expect(line).not.toMatch(/(?:^|,)"?[=+@]/);
  });

  test('with bombs and floods leave the memory as it was', async () => {
    const before = replicas.map(residentOf);
    const bomb = gzipSync(Buffer.alloc(60 * 1024 * 1024, ' '));
    const [first] = replicas;
    if (first === undefined) throw new Error('there is no replica');
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => first.poster.post('falco', bomb, token, { 'content-encoding': 'gzip' })),
      );
      for (const { status } of answers) expect([413, 429]).toContain(status);
    }
    // As deep and wide as a body may be, and refused as a whole.
    for (let round = 0; round < 20; round++) expect((await post(`[${'[[[[[[[['.repeat(200_000)}`)).status).toBe(400);
    await goesOn();
    for (const [index, replica] of replicas.entries()) {
      expect(residentOf(replica)).toBeLessThan((before[index] ?? 0) + mostGrowthMiB);
    }
  });

  test('that are slow, and 10,000 that only connect, are shown out, while coverage goes on', async () => {
    const [replica] = replicas;
    if (replica === undefined) throw new Error('there is no replica');
    const before = residentOf(replica);
    const openBefore = openIn(replica);
    const pods = (await world.report()).status?.counts?.pods.total ?? 0;
    const slow = Array.from({ length: 100 }, () => drip(replica.port));
    const idle = Array.from({ length: 10_000 }, () => idleConnection(replica.port));
    try {
      await world.cluster.create(pod('shop', 'meanwhile', { on: 'two' }));
      await eventually(async () => expect((await world.report()).status?.counts?.pods.total).toBe(pods + 1));
      expect((await fetchText(`${replica.handle.metricsUrl}/healthz`)).status).toBe(200);
      // None of them closes its own end, nor reads that it should.
      await eventually(() => expect(openIn(replica)).toBeLessThan(openBefore + 50));
    } finally {
      for (const connection of [...slow, ...idle]) connection.destroy();
    }
    await goesOn();
    expect(residentOf(replica)).toBeLessThan(before + mostGrowthMiB);
  });
});

/** A request that never comes to its end: a byte of its headers each second. */
const drip = (port: number): Socket => {
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
  socket.on('error', () => {});
  socket.once('secureConnect', () => {
    socket.write('POST /ingest/v1/falco HTTP/1.1\r\nx: ');
    const timer = setInterval(() => socket.write('x'), 1000);
    socket.once('close', () => clearInterval(timer));
  });
  return socket;
};

const idleConnection = (port: number): Socket => {
  const socket = connectTcp({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  return socket;
};

/** Bound to the pod of that workload. */
const tokenOf = async (workload: string): Promise<string> => {
  const pods = await world.cluster.list<PodLike>('v1', 'Pod');
  const bound = pods.find(({ metadata }) => metadata.name === podOf.get(workload));
  if (bound === undefined) throw new Error(`no pod of ${workload} runs`);
  return podToken(world, 'agents', bound.metadata);
};
