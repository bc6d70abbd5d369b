import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runAudit } from './audit.ts';
import { type Clock, systemClock } from './clock.ts';
import { type ReflectorOptions, type Reflector, createReflector } from './reflector.ts';
import { type Resource, resources } from './resource.ts';
import { Store } from './store.ts';
import { eventually } from './testing/eventually.ts';
import { fasterClock } from './testing/fake-clock.ts';
import { type FakeKube, startFakeKube } from './testing/fake-kube.ts';
import { type Transport, createTransport } from './transport.ts';

interface Thing {
  readonly namespace: string;
  readonly name: string;
  readonly value: number;
}

interface RawThing {
  readonly metadata: { readonly namespace?: string; readonly name: string };
  readonly value: number;
}

const pods = resources.pods;
/** 800 ms of backoff become 16 ms, the 90 s of the watchdog 1.8 s. */
const clock = fasterClock(50);

let kube: FakeKube;
let transport: Transport;
let open: Transport[];
let stop: AbortController;
let running: Promise<void>[];

beforeEach(async () => {
  kube = await startFakeKube();
  open = [];
  transport = connect(systemClock);
  stop = new AbortController();
  running = [];
});

afterEach(async () => {
  stop.abort();
  await Promise.all(running);
  await Promise.all(open.map((one) => one.close()));
  await kube.close();
});

function connect(clock: Clock): Transport {
  const one = createTransport(kube.access, { userAgent: 'test', qps: 10_000, burst: 10_000, clock });
  open.push(one);
  return one;
}

function project(raw: unknown): Thing | undefined {
  const { metadata, value } = raw as RawThing;
  if (value === 13) throw new Error('unlucky');
  if (value === 0) return undefined;
  return { namespace: metadata.namespace ?? '', name: metadata.name, value };
}

function start(options: Partial<ReflectorOptions<Thing>> = {}): { reflector: Reflector; store: Store<Thing> } {
  const store = new Store<Thing>({ keyOf: (thing) => thing });
  const reflector = createReflector<Thing>({ transport, resource: pods, project, sink: store, clock, ...options });
  running.push(reflector.run(stop.signal));
  return { reflector, store };
}

function put(name: string, value: number, resource: Resource = pods): void {
  kube.put(resource, { metadata: { namespace: 'team', name }, value });
}

function values(store: Store<Thing>): Record<string, number> {
  return Object.fromEntries(
    [...store.list()].map(({ name, value }): [string, number] => [name, value]).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

async function holds(store: Store<Thing>, wanted: Record<string, number>): Promise<void> {
  await eventually(
    `the store holds ${JSON.stringify(wanted)}`,
    () => values(store),
    (seen) => JSON.stringify(seen) === JSON.stringify(wanted),
  );
}

/** Waits until the watch is open, so that what follows hits it. */
async function watching(): Promise<void> {
  await eventually('a watch is open', () => kube.watches === 1);
}

function count(verb: string): number {
  return kube.requests.filter((request) => request.verb === verb).length;
}

describe('a quiet server', () => {
  test('brings everything by one streamed request, then every change', async () => {
    put('a', 1);
    put('b', 2);
    const { reflector, store } = start();
    await reflector.synced;
    expect(values(store)).toEqual({ a: 1, b: 2 });
    put('c', 3);
    put('a', 4);
    kube.remove(pods, 'team', 'b');
    await holds(store, { a: 4, c: 3 });
    expect(count('watch')).toBe(1);
    expect(count('list')).toBe(0);
    expect(reflector.state()).toMatchObject({
      state: 'live',
      objects: 2,
      lastError: undefined,
      relists: 0,
      watchErrors: 0,
    });
  });

  test('asks for bookmarks and a random end between five and ten minutes', async () => {
    const { reflector } = start({ random: () => 0.5 });
    await reflector.synced;
    expect(kube.requests[0]?.query).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      timeoutSeconds: '450',
    });
  });

  test('selectors, namespace and metadata only are asked for', async () => {
    put('a', 1);
    const { reflector } = start({
      namespace: 'team',
      labelSelector: 'a=b',
      fieldSelector: 'spec.nodeName=n',
      metadataOnly: true,
    });
    await reflector.synced;
    expect(kube.requests[0]).toMatchObject({
      path: '/api/v1/namespaces/team/pods',
      query: { labelSelector: 'a=b', fieldSelector: 'spec.nodeName=n' },
    });
    expect(kube.requests[0]?.headers.accept).toContain('as=PartialObjectMetadata;v=v1;g=meta.k8s.io');
  });

  test('a watch that the server ends goes on from the last bookmark, without a list', async () => {
    const { reflector, store } = start();
    await reflector.synced;
    put('elsewhere', 1, resources.nodes);
    const version = kube.cluster.version;
    kube.bookmark();
    await eventually('the bookmark is heard', () => reflector.state().resourceVersion === String(version));
    put('a', 1);
    await holds(store, { a: 1 });
    const last = String(kube.cluster.version);
    kube.endWatches();
    await eventually('it watches again', () => count('watch') === 2);
    expect(kube.requests.at(-1)?.query).toMatchObject({ resourceVersion: last });
    expect(kube.requests.at(-1)?.query['sendInitialEvents']).toBeUndefined();
    expect(reflector.state()).toMatchObject({ relists: 0, watchErrors: 0 });
  });

  test('an object that is of no interest any more leaves the store', async () => {
    put('a', 1);
    const { reflector, store } = start();
    await reflector.synced;
    put('a', 0);
    await holds(store, {});
  });

  test('lines and characters may be cut anywhere', async () => {
    kube.settings.chunkBytes = 3;
    kube.put(pods, { metadata: { namespace: 'team', name: 'a' }, value: 7, note: 'žluťoučký 🐎 \u2028' });
    const { reflector, store } = start();
    await reflector.synced;
    expect(values(store)).toEqual({ a: 7 });
    expect(reflector.state().skipped).toBe(0);
  });
});

describe('where lists are not streamed', () => {
  test.each(['refused', 'ignored'] as const)(
    '%s: pages are read, and WatchList is not tried again',
    async (watchList) => {
      kube.settings.watchList = watchList;
      kube.settings.pageLimit = 2;
      for (const [index, name] of ['a', 'b', 'c', 'd', 'e'].entries()) put(name, index + 1);
      const { reflector, store } = start();
      if (watchList === 'ignored') {
        await watching();
        kube.bookmark();
      }
      await reflector.synced;
      await holds(store, { a: 1, b: 2, c: 3, d: 4, e: 5 });
      expect(count('list')).toBe(3);
      await watching();
      kube.cluster.compact();
      kube.endWatches();
      await eventually('it lists again', () => reflector.state().relists === 1 && reflector.state().state === 'live');
      expect(kube.requests.filter(({ query }) => query['sendInitialEvents'] === 'true')).toHaveLength(1);
    },
  );

  test('initial events that never end are given up after two silences', async () => {
    kube.settings.watchList = 'ignored';
    put('a', 1);
    const { reflector, store } = start();
    await reflector.synced;
    expect(values(store)).toEqual({ a: 1 });
    expect(count('list')).toBe(1);
  });

  test('a page that has expired begins the list anew', async () => {
    kube.settings.watchList = 'refused';
    kube.settings.pageLimit = 1;
    put('a', 1);
    put('b', 2);
    kube.inject({ verb: 'list', fault: { answer: 200, body: { metadata: { continue: '5|team/a' }, items: [] } } });
    kube.cluster.compact();
    const { reflector, store } = start();
    await reflector.synced;
    expect(values(store)).toEqual({ a: 1, b: 2 });
    expect(reflector.state().watchErrors).toBe(1);
  });
});

interface Trouble {
  readonly name: string;
  readonly cause: () => void;
  readonly relists: number;
  readonly errors: number;
}

const troubles: readonly Trouble[] = [
  { name: 'the socket is reset', cause: () => kube.resetWatches(), relists: 0, errors: 1 },
  {
    name: 'history is compacted while the watch is down',
    cause() {
      kube.cluster.compact();
      kube.endWatches();
    },
    relists: 1,
    errors: 1,
  },
  {
    name: 'the watch is answered 410 as a status',
    cause() {
      kube.inject({ verb: 'watch', fault: { answer: 410, reason: 'Expired' } });
      kube.endWatches();
    },
    relists: 1,
    errors: 1,
  },
  {
    name: 'an ERROR event says 410',
    cause: () =>
      kube.sendLine(JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })),
    relists: 1,
    errors: 1,
  },
  {
    name: 'an ERROR event says 500',
    cause: () =>
      kube.sendLine(JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 500, reason: 'InternalError' } })),
    relists: 0,
    errors: 1,
  },
  {
    name: 'an ERROR event holds no status at all',
    cause: () => kube.sendLine('{"type":"ERROR","object":null}'),
    relists: 0,
    errors: 1,
  },
  {
    name: 'the server is busy three times (429)',
    cause() {
      kube.inject({ verb: 'watch', times: 3, fault: { answer: 429, reason: 'TooManyRequests' } });
      kube.endWatches();
    },
    relists: 0,
    errors: 3,
  },
  {
    name: 'the server fails three times (500, 503, reset)',
    cause() {
      kube.inject({ verb: 'watch', fault: { answer: 500 } });
      kube.inject({ verb: 'watch', fault: { answer: 503, body: '<html>bad gateway</html>' } });
      kube.inject({ verb: 'watch', fault: { reset: true } });
      kube.endWatches();
    },
    relists: 0,
    errors: 3,
  },
  {
    name: 'the resourceVersion is refused, as after a restored backup',
    cause() {
      kube.inject({ verb: 'watch', fault: { answer: 400, reason: 'BadRequest' } });
      kube.endWatches();
    },
    relists: 1,
    errors: 1,
  },
  {
    name: 'the resourceVersion is from the future, as after a restored backup',
    cause() {
      const body = {
        kind: 'Status',
        code: 504,
        reason: 'Timeout',
        details: { causes: [{ reason: 'ResourceVersionTooLarge' }] },
      };
      kube.inject({ verb: 'watch', fault: { answer: 504, body } });
      kube.endWatches();
    },
    relists: 1,
    errors: 1,
  },
  {
    name: 'bookmarks fall behind what was seen, as after a restored backup',
    cause() {
      kube.bookmark(5);
      kube.bookmark(6);
    },
    relists: 1,
    errors: 1,
  },
  {
    name: 'one bookmark is older, as from a replica that lags',
    cause: () => kube.bookmark(5),
    relists: 0,
    errors: 0,
  },
  {
    name: 'the line is no JSON, no event, and no object',
    cause() {
      kube.sendLine('{"type":"ADDED","object":{"metad');
      kube.sendLine('null');
      kube.sendLine('{"type":"ADDED","object":{}}');
      kube.sendLine('{"type":"UNHEARD","object":{"metadata":{}}}');
    },
    relists: 0,
    errors: 0,
  },
  {
    name: 'the watch is accepted and ends at once, twice',
    cause() {
      kube.inject({ verb: 'watch', times: 2, fault: { end: true } });
      kube.endWatches();
    },
    relists: 0,
    errors: 2,
  },
  {
    name: 'the socket stays open and falls silent after bookmarks',
    cause() {
      kube.bookmark();
      kube.silenceWatches();
    },
    relists: 0,
    errors: 1,
  },
  {
    name: 'the watch breaks off within an event',
    cause() {
      kube.inject({ verb: 'watch', fault: { text: '{"type":"ADDED","object":{"metadata":{"name":"half"' } });
      kube.endWatches();
    },
    relists: 0,
    errors: 1,
  },
];

describe('trouble', () => {
  test.each(troubles)('$name: the store is right again', async ({ cause, relists, errors }) => {
    put('a', 1);
    put('b', 2);
    const { reflector, store } = start();
    await reflector.synced;
    await watching();
    cause();
    put('c', 3);
    kube.remove(pods, 'team', 'b');
    await holds(store, { a: 1, c: 3 });
    const state = await eventually(
      'it is live again',
      () => reflector.state(),
      (seen) => seen.state === 'live',
    );
    expect(state.relists).toBe(relists);
    expect(state.watchErrors).toBe(errors);
    expect(state.lastError).toBeUndefined();
  });

  test('a deletion that happened while nobody watched is swept', async () => {
    put('a', 1);
    put('b', 2);
    const { reflector, store } = start();
    await reflector.synced;
    await watching();
    kube.inject({ verb: 'watch', fault: { answer: 410 } });
    kube.silenceWatches();
    kube.remove(pods, 'team', 'a');
    kube.resetWatches();
    await holds(store, { b: 2 });
    expect(reflector.state().relists).toBe(1);
  });

  test('without bookmarks, ten minutes of silence are believed and no more', async () => {
    const { reflector, store } = start({ clock: fasterClock(500) });
    await reflector.synced;
    await watching();
    kube.silenceWatches();
    put('a', 1);
    await holds(store, { a: 1 });
    expect(reflector.state().relists).toBe(0);
  });

  test('a first answer that hangs is given up, and what follows is tried', async () => {
    kube.inject({ verb: 'watch', fault: { hang: true } });
    put('a', 1);
    const { reflector, store } = start({ transport: connect(clock) });
    await reflector.synced;
    expect(values(store)).toEqual({ a: 1 });
    expect(reflector.state().watchErrors).toBe(1);
  });

  test('an object that cannot be read is named, counted and skipped', async () => {
    const warnings: unknown[] = [];
    const log = { debug() {}, info() {}, error() {}, warn: (fields: object) => warnings.push(fields) };
    put('unlucky', 13);
    put('a', 1);
    const { reflector, store } = start({ log });
    await reflector.synced;
    put('b', 2);
    await holds(store, { a: 1, b: 2 });
    expect(reflector.state()).toMatchObject({ skipped: 1, watchErrors: 0 });
    expect(warnings).toEqual([{ resource: 'pods', what: 'v1 Pod team/unlucky', error: 'unlucky' }]);
  });

  test('a kind that we may not read is said so and does not end the run; the right given later is used', async () => {
    kube.settings.forbidden.add('pods');
    put('a', 1);
    const { reflector, store } = start();
    const state = await eventually(
      'the refusal shows',
      () => reflector.state(),
      ({ watchErrors }) => watchErrors > 2,
    );
    expect(state.state).toBe('backoff');
    expect(state.lastError).toContain('WATCH /api/v1/pods: 403 Forbidden: pods is forbidden');
    kube.settings.forbidden.clear();
    await reflector.synced;
    await holds(store, { a: 1 });
    expect(reflector.state().lastError).toBeUndefined();
  });

  test('Retry-After is honoured', async () => {
    const waits: number[] = [];
    const noting = {
      ...clock,
      after: (ms: number, callback: () => void) => (waits.push(ms), clock.after(ms, callback)),
    };
    kube.inject({ verb: 'watch', fault: { answer: 429, headers: { 'retry-after': '20' } } });
    const { reflector } = start({ clock: noting });
    await reflector.synced;
    expect(waits).toContain(20_000);
  });
});

describe('a kind that may not be installed', () => {
  test('counts as empty, and is found when it comes and emptied when it goes', async () => {
    kube.settings.absent.add('httproutes');
    const resource = resources.httpRoutes;
    put('a', 1, resource);
    const { reflector, store } = start({ resource, optional: true });
    await reflector.synced;
    expect(reflector.state()).toMatchObject({
      state: 'absent',
      objects: 0,
      lastError: undefined,
      watchErrors: 0,
      relists: 0,
    });
    kube.settings.absent.clear();
    await holds(store, { a: 1 });
    expect(reflector.state().state).toBe('live');
    await watching();
    kube.settings.absent.add('httproutes');
    kube.endWatches();
    await holds(store, {});
    expect(reflector.state().state).toBe('absent');
  });

  test('where it is required, its absence is an error until it comes', async () => {
    kube.settings.absent.add('pods');
    const { reflector } = start();
    await eventually('it is said', () => reflector.state().lastError?.includes('404') ?? false);
    expect(reflector.state().synced).toBe(false);
    kube.settings.absent.clear();
    await reflector.synced;
  });
});

describe('an audit', () => {
  test('finds an object that the store has lost, and a relist brings it back', async () => {
    put('a', 1);
    put('b', 2);
    const { reflector, store } = start();
    await reflector.synced;
    // As in a role with list and watch alone.
    kube.inject({ verb: 'get', times: 1000, fault: { answer: 403 } });
    const missed: string[][] = [];
    const onMissed = (_count: number, examples: readonly string[]): void => {
      missed.push([...examples]);
      void reflector.relist();
    };
    running.push(runAudit({ transport, resource: pods, sink: store, everyMs: 5000, clock, onMissed }, stop.signal));
    await eventually('an audit finds all well', () => count('list') >= 1);
    expect(missed).toEqual([]);
    store.remove('team', 'a');
    await holds(store, { a: 1, b: 2 });
    expect(missed[0]).toEqual(['team/a']);
    await eventually('it is live', () => reflector.state().state === 'live');
    expect(reflector.state()).toMatchObject({ relists: 1, watchErrors: 0 });
  });
});

describe('stopping', () => {
  test('ends the run and the connection, and tells who still waits', async () => {
    kube.inject({ verb: 'watch', times: 1000, fault: { answer: 500 } });
    const { reflector } = start();
    stop.abort();
    await Promise.all(running);
    await expect(reflector.synced).rejects.toThrow('stopped before the list of pods was complete');
    expect(reflector.state().state).toBe('idle');
  });

  test('leaves no watch behind', async () => {
    const { reflector } = start();
    await reflector.synced;
    stop.abort();
    await Promise.all(running);
    await eventually('the server sees the watch closed', () => kube.watches === 0);
  });
});
