import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../kube/clock.ts';
import { silentLog } from '../../kube/log.ts';
import { eventually } from '../../kube/testing/eventually.ts';
import { startFakeKube, type FakeKube } from '../../kube/testing/fake-kube.ts';
import { createTransport } from '../../kube/transport.ts';
import type { Entry } from './entry.ts';
import { createIngest, type Ingest } from './ingest.ts';
import { createIngestMetrics } from './metrics.ts';

const namespace = 'workload-protection';
const host = `workload-protection-operator.${namespace}.svc`;
const token = '0123456789abcdef';

let kube: FakeKube;
let folder: string;
const running: (() => Promise<void>)[] = [];

beforeEach(async () => {
  kube = await startFakeKube();
  folder = await mkdtemp(join(tmpdir(), 'ingest-'));
  kube.cluster.put('/secrets', {
    metadata: { name: 'workload-protection-ingest-senders', namespace },
    data: { 'vector.token': Buffer.from(token).toString('base64') },
  });
});

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
  await kube.close();
  await rm(folder, { recursive: true });
});

interface Replica {
  readonly ingest: Ingest;
  /** What its telemetry was told, in order. */
  readonly told: string[];
  /** Hashes of ids that it was given as it began to lead. */
  readonly known: number[];
  /** Begins to lead; returns how to end it. */
  readonly lead: (how?: {
    readonly included?: (processed: number) => number;
    readonly ids?: readonly number[];
  }) => () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** By what was posted: where it lay first, by which a replay is known. */
const places = new Map<string, Set<string>>();
beforeEach(() => places.clear());
const note = (n: string, place: string): void => {
  places.set(n, (places.get(n) ?? new Set()).add(place));
};

/** One whose telemetry only remembers what it is told. */
const aReplica = (name: string): Replica => {
  const transport = createTransport(kube.access, { userAgent: 'test' });
  let told: string[] = [];
  const known: number[] = [];
  const ingest = createIngest({
    transport,
    reviewing: createTransport(kube.access, { userAgent: 'test' }),
    namespace,
    address: { host: '127.0.0.1', port: 0 },
    journalDir: join(folder, name),
    journalBytes: 100_000_000,
    serviceName: 'workload-protection-operator',
    certificateSource: 'Product',
    certificateSecret: 'workload-protection-ingest-tls',
    sendersSecret: 'workload-protection-ingest-senders',
    authorityConfigMap: 'workload-protection-ingest-ca',
    telemetry: {
      follow: () => {},
      attach: () => {},
      take: ({ items }) => void told.push(...items.map((item) => String(item['n']))),
      look: () => {},
      save: () => told,
      restore: (saved) => void told.unshift(...(saved as string[])),
    },
    clock: systemClock,
    random: () => 0,
    log: silentLog,
    metrics: createIngestMetrics(new Registry()),
    reflectorMetrics: { error: () => {}, relist: () => {}, skipped: () => {} },
  });
  const end = new AbortController();
  const done = ingest.run(end.signal);
  const stop = async (): Promise<void> => {
    end.abort();
    await done;
    await transport.close();
  };
  running.unshift(stop);
  return {
    ingest,
    get told() {
      return told;
    },
    known,
    lead: ({ included = (processed: number) => processed, ids = [] } = {}) => {
      told = [];
      let untold = Uint32Array.from(ids);
      const leading = new AbortController();
      const events = {
        take: ({ items, origin }: Entry, journal: string, position: number) => {
          const place = origin ?? { journal, position };
          for (const item of items) note(String(item['n']), `${place.journal}/${place.position}`);
        },
        included,
        idsUpTo: () => {
          const these = untold;
          untold = new Uint32Array();
          return these;
        },
        restoreIds: (hashes: Uint32Array) => void known.push(...hashes),
      };
      const led = ingest.lead(events, AbortSignal.any([leading.signal, end.signal]));
      return async () => {
        leading.abort();
        await led;
      };
    },
    stop,
  };
};

const authority = (): Promise<string> =>
  eventually('the authority in its ConfigMap', () => {
    const data = kube.cluster.get('/configmaps', namespace, 'workload-protection-ingest-ca')?.['data'];
    return (data as Readonly<Record<string, string>> | undefined)?.['ca.crt'];
  }) as Promise<string>;

const post = async ({ ingest }: Replica, ...numbers: readonly number[]): Promise<number> => {
  const [port, ca] = [await ingest.listening, await authority()];
  const once = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const request = httpsRequest(
        {
          host: '127.0.0.1',
          port,
          path: '/ingest/v1/generic',
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
      request.end(JSON.stringify(numbers.map((n) => ({ rule: 'x', n }))));
    });
  // The senders Secret may not have been read yet.
  return eventually('an answer that is not 401', once, (status) => status !== 401);
};

const follows = async (standby: Replica, leader: Replica): Promise<void> => {
  const name = `127.0.0.1:${await leader.ingest.listening}_1`;
  leader.ingest.setLeader(name, true);
  standby.ingest.setLeader(name, false);
};
const upTo = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));
const waiting = ({ ingest }: Replica): number => ingest.journal()?.usage().waiting ?? -1;

describe('events', () => {
  it('that come to the leader are worked in, in order', async () => {
    const leader = aReplica('a');
    leader.lead();
    for (let n = 0; n < 5; n++) expect(await post(leader, n)).toBe(202);
    await eventually(
      'all of them',
      () => leader.told,
      (told) => told.length === 5,
    );
    expect(leader.told).toEqual(upTo(5));
  });

  it('that come to a standby reach the leader in order, and leave the journal of the standby', async () => {
    const [leader, standby] = [aReplica('a'), aReplica('b')];
    leader.lead();
    await follows(standby, leader);
    for (let n = 0; n < 20; n++) expect(await post(standby, n)).toBe(202);
    await eventually(
      'all of them',
      () => leader.told,
      (told) => told.length === 20,
    );
    expect(leader.told).toEqual(upTo(20));
    await eventually(
      'an empty journal',
      () => waiting(standby),
      (count) => count === 0,
    );
    expect(standby.told).toEqual([]);
  });

  it('that are meant for a leader that is gone wait, whoever leads at its address now, until that is known', async () => {
    const [leader, standby] = [aReplica('a'), aReplica('b')];
    leader.lead();
    await follows(standby, leader);
    standby.ingest.setLeader(`127.0.0.1:${await leader.ingest.listening}_0`, false);
    await post(standby, 0);
    await post(leader, 1);
    await eventually(
      'its own',
      () => leader.told,
      (told) => told.length === 1,
    );
    expect(waiting(standby)).toBe(1);
    await follows(standby, leader);
    await eventually(
      'both',
      () => leader.told,
      (told) => told.length === 2,
    );
    expect(leader.told).toEqual(['1', '0']);
  });

  it('that come while nobody leads wait, and are worked in by whoever leads next', async () => {
    const replica = aReplica('a');
    expect(await post(replica, 0, 1)).toBe(202);
    expect(replica.told).toEqual([]);
    expect(waiting(replica)).toBe(2);
    replica.lead();
    await eventually(
      'both',
      () => replica.told,
      (told) => told.length === 2,
    );
  });

  it('that a leader took in and did not work in before it lost the lead go to the next one', async () => {
    const [first, second] = [aReplica('a'), aReplica('b')];
    await post(first, 0);
    second.lead();
    await post(second, 1);
    await follows(first, second);
    await eventually(
      'both',
      () => second.told,
      (told) => told.length === 2,
    );
    expect(second.told.toSorted()).toEqual(['0', '1']);
  });

  it('keep their places while the lead goes back and forth, so that nobody counts one twice', async () => {
    const [a, b] = [aReplica('a'), aReplica('b')];
    const endA = a.lead();
    await follows(b, a);
    await post(b, 0);
    await eventually(
      'the first',
      () => a.told,
      (told) => told.includes('0'),
    );
    await endA();
    const endB = b.lead();
    await follows(a, b);
    await post(a, 1);
    await eventually(
      'the second',
      () => b.told,
      (told) => told.includes('1'),
    );
    await endB();
    a.lead();
    await eventually(
      'what it knew',
      () => a.told,
      (told) => told.includes('0'),
    );
    expect([...places].map(([n, of]) => [n, of.size])).toEqual([
      ['0', 1],
      ['1', 1],
    ]);
  });

  it('are worked in by the standby that took them where the leader is lost before it has written them', async () => {
    const [a, b] = [aReplica('a'), aReplica('b')];
    const endA = a.lead({ included: () => 0 });
    await follows(b, a);
    await post(b, 0, 1);
    await eventually(
      'both',
      () => a.told,
      (told) => told.length === 2,
    );
    expect(b.ingest.journal()?.usage().waiting).toBe(2);
    await endA();
    b.lead();
    await eventually(
      'both again',
      () => b.told,
      (told) => told.length === 2,
    );
    expect([...places.values()].map(({ size }) => size)).toEqual([1, 1]);
  });

  it.each([
    ['itself, when it leads again', true],
    ['the next leader', false],
  ])('of a request of which a lost leader had written only some are worked in by %s', async (_, again) => {
    const [a, b] = [aReplica('a'), aReplica('b')];
    const endA = a.lead({ included: (processed) => Math.min(processed, 2) });
    expect(await post(a, 0, 1, 2, 3)).toBe(202);
    await eventually(
      'some of them',
      () => a.ingest.journal()?.released.position,
      (position) => position === 2,
    );
    await endA();
    places.clear();
    if (again) a.lead();
    else {
      b.lead();
      await follows(a, b);
    }
    await eventually(
      'the others',
      () => [...places.keys()],
      (known) => ['2', '3'].every((n) => known.includes(n)),
    );
  });

  it('keep the place where they lay first when the replica that had them handed over hands them on', async () => {
    const [a, b] = [aReplica('a'), aReplica('b')];
    const endA = a.lead({ included: () => 0 });
    await follows(b, a);
    await post(b, 0);
    await eventually(
      'the first',
      () => a.told,
      (told) => told.length === 1,
    );
    await endA();
    b.lead();
    await follows(a, b);
    await eventually(
      'it from both journals',
      () => b.told,
      (told) => told.length === 2,
    );
    expect(places.get('0')?.size).toBe(1);
  });

  it('are handed over again to the next leader where the one that had them never wrote them', async () => {
    const [first, second, standby] = [aReplica('a'), aReplica('b'), aReplica('c')];
    const end = first.lead({ included: () => 0 });
    await follows(standby, first);
    await post(standby, 0);
    await eventually(
      'the first',
      () => first.told,
      (told) => told.length === 1,
    );
    await end();
    second.lead();
    await follows(standby, second);
    await eventually(
      'it again',
      () => second.told,
      (told) => told.includes('0'),
    );
  });

  it('leave the journal of a standby that two leaders have taken them from, and that neither has told so', async () => {
    const [a, b, standby] = [aReplica('a'), aReplica('b'), aReplica('c')];
    const endA = a.lead({ included: (processed) => Math.min(processed, 1) });
    await follows(standby, a);
    await post(standby, 0);
    await post(standby, 1);
    await eventually('one that waits', () => a.told.length === 2 && waiting(standby) === 1);
    await endA();
    // Writes what the first one handed on; nobody can tell the standby.
    const endB = b.lead();
    await follows(a, b);
    await eventually('none that waits', () => waiting(a) === 0);
    await endB();
    a.lead();
    standby.ingest.setLeader('', false);
    await follows(standby, a);
    await eventually('none that waits', () => waiting(standby) === 0);
  });

  it('leave their ids with the standby and with the one that led, so that neither counts again what is sent again', async () => {
    const [a, b] = [aReplica('a'), aReplica('b')];
    const endA = a.lead({ ids: [7, 8, 9, 10] });
    await follows(b, a);
    await post(a, 0);
    await eventually(
      'files with ids of both',
      () => Promise.all(['a', 'b'].map((name) => readdir(join(folder, name)))),
      (files) => files.every((names) => names.some((name) => name.endsWith('.ids'))),
    );
    await endA();
    for (const replica of [a, b]) {
      const end = replica.lead();
      await eventually(
        'what is known',
        () => replica.known,
        (known) => known.join() === '7,8,9,10',
      );
      await end();
    }
  });

  it('leave the journal of the standby once the leader has written them', async () => {
    const [a, b] = [aReplica('a'), aReplica('b')];
    a.lead();
    await follows(b, a);
    await post(b, 0, 1);
    await eventually(
      'nothing waits',
      () => b.ingest.journal()?.usage().waiting ?? 0,
      (waiting) => waiting === 0,
    );
    expect(a.told).toEqual(['0', '1']);
  });

  it('are known after a restart without being worked in again', async () => {
    const before = aReplica('a');
    const end = before.lead();
    await post(before, 0, 1, 2);
    await eventually(
      'all of them',
      () => before.told,
      (told) => told.length === 3,
    );
    await end();
    await running.shift()?.();
    const after = aReplica('a');
    after.lead();
    await post(after, 3);
    await eventually(
      'all of them',
      () => after.told,
      (told) => told.length === 4,
    );
    expect(after.told).toEqual(upTo(4));
  });
});

it('writes whom to trust where it is not there, and nothing where it is', async () => {
  const asked = (...verbs: readonly string[]): number =>
    kube.requests.filter(({ path, verb }) => path.includes('/configmaps/') && verbs.includes(verb)).length;
  aReplica('a');
  await authority();
  expect(asked('patch')).toBe(1);
  const before = asked('get');
  const second = aReplica('b');
  await eventually('the second has looked', () => asked('get') > before);
  // Whatever it does after the look is done once it has stopped.
  await second.ingest.listening;
  await running.shift()?.();
  expect(asked('patch', 'create', 'update')).toBe(1);
});

it('says why no events can be taken in, until they can', async () => {
  const replica = aReplica('a');
  expect(replica.ingest.trouble()).toBeDefined();
  await replica.ingest.listening;
  await eventually('no trouble', () => replica.ingest.trouble() === undefined);
});
