import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HeldVersion, catchUp } from './catch-up.ts';
import type { Log } from './log.ts';
import { type Reflector, createReflector } from './reflector.ts';
import { resources } from './resource.ts';
import { Store } from './store.ts';
import { eventually } from './testing/eventually.ts';
import { fasterClock } from './testing/fake-clock.ts';
import { type FakeKube, startFakeKube } from './testing/fake-kube.ts';
import { type Transport, createTransport } from './transport.ts';

interface Thing extends HeldVersion {
  readonly value: number;
}

const { findings: resource } = resources;
/** A backoff of 800 ms is one of 16 ms; the 90 s of the watchdog are 1.8 s, longer than any of these tests. */
const clock = fasterClock(50);

let kube: FakeKube;
let transport: Transport;
let store: Store<Thing>;
let reflector: Reflector;
let stop: AbortController;
let running: Promise<void>[];
let warnings: string[];
const log: Log = { debug: () => {}, info: () => {}, error: () => {}, warn: (_, text) => void warnings.push(text) };

beforeEach(async () => {
  kube = await startFakeKube();
  transport = createTransport(kube.access, { userAgent: 'test', qps: 10_000, burst: 10_000, clock });
  stop = new AbortController();
  warnings = [];
  store = new Store<Thing>({ keyOf: (thing) => thing });
  const project = (raw: unknown): Thing => {
    const { metadata, value } = raw as { metadata: HeldVersion; value: number };
    const { namespace, name, resourceVersion } = metadata;
    return { namespace, name, resourceVersion, value };
  };
  reflector = createReflector<Thing>({ transport, resource, project, sink: store, clock });
  for (const name of ['a', 'b', 'c']) put(name, 1);
  running = [reflector.run(stop.signal)];
  await reflector.synced;
  await eventually('a watch is open', () => kube.watches === 1);
});

afterEach(async () => {
  stop.abort();
  await Promise.all(running);
  await transport.close();
  await kube.close();
});

const put = (name: string, value: number): void =>
  void kube.put(resource, { metadata: { namespace: 'team', name }, value });

const catchUpNow = (signal = stop.signal): Promise<void> =>
  catchUp({ transport, resource, held: () => store.list(), reflector, clock, log, random: () => 1 }, signal);

const values = (): Record<string, number> =>
  Object.fromEntries([...store.list()].map(({ name, value }) => [name, value]));

const count = (verb: string): number => kube.requests.filter((request) => request.verb === verb).length;

describe('what a store holds', () => {
  test('is not read again where nothing is behind, whatever its pages', async () => {
    kube.settings.pageLimit = 2;
    await catchUpNow();
    expect([count('list'), count('watch'), reflector.state().relists]).toEqual([2, 1, 0]);
    expect(kube.requests.at(-1)?.headers.accept).toContain('as=PartialObjectMetadataList');
    expect(warnings).toEqual([]);
  });

  test.each<[string, () => void, Record<string, number>]>([
    ['an object was changed', () => put('b', 2), { a: 1, b: 2, c: 1 }],
    ['an object was made', () => put('d', 1), { a: 1, b: 1, c: 1, d: 1 }],
    ['an object was deleted', () => void kube.remove(resource, 'team', 'c'), { a: 1, b: 1 }],
    [
      'an object was deleted and made again',
      () => {
        kube.remove(resource, 'team', 'a');
        put('a', 3);
      },
      { a: 3, b: 1, c: 1 },
    ],
  ])('is what stands where the watch is silent and %s', async (_, change, expected) => {
    kube.silenceWatches();
    change();
    await catchUpNow();
    expect(values()).toEqual(expected);
    expect(reflector.state().relists).toBe(1);
    expect(warnings).toEqual([expect.stringContaining('behind')]);
    put('z', 9);
    await eventually('the new watch is alive', () => values()['z'] === 9);
  });

  test('may be newer than what was read, which is well', async () => {
    const held = (): readonly HeldVersion[] => [
      { namespace: 'team', name: 'a', resourceVersion: '999999' },
      { namespace: 'team', name: 'made-since', resourceVersion: '999998' },
      ...[...store.list()].filter(({ name }) => name !== 'a'),
    ];
    await catchUp({ transport, resource, held, reflector, clock, log }, stop.signal);
    expect(reflector.state().relists).toBe(0);
  });

  test('is waited for as long as nothing can be read, which the log says', async () => {
    kube.silenceWatches();
    put('b', 2);
    kube.inject({ verb: 'list', fault: { answer: 403 }, times: 2 });
    kube.inject({ verb: 'list', fault: { hang: true } });
    await catchUpNow();
    expect(values()).toEqual({ a: 1, b: 2, c: 1 });
    expect(warnings).toHaveLength(4);
    expect(warnings[0]).toContain('nothing is done before it is');
  });

  test('is waited for also where the watch is just failing', async () => {
    kube.inject({ verb: 'watch', fault: { answer: 500 }, times: 3 });
    kube.resetWatches();
    await eventually('it waits to try again', () => reflector.state().state === 'backoff');
    put('b', 2);
    await catchUpNow();
    expect(values()).toEqual({ a: 1, b: 2, c: 1 });
  });

  test('is waited for no longer once the signal aborts', async () => {
    kube.inject({ verb: 'list', fault: { answer: 403 }, times: 1000 });
    const leading = new AbortController();
    const waiting = catchUpNow(leading.signal);
    await eventually('it has tried', () => count('list') > 0);
    leading.abort();
    await waiting;
    kube.heal();
    kube.silenceWatches();
    put('b', 2);
    kube.inject({ verb: 'watch', fault: { hang: true }, times: 1000 });
    const next = new AbortController();
    const relisting = catchUpNow(next.signal);
    await eventually('it reads again', () => reflector.state().state === 'syncing');
    next.abort();
    await relisting;
  });
});

test('a list that was on its way is not taken for one that is asked for now', async () => {
  kube.settings.watchList = 'refused';
  kube.settings.pageLimit = 1;
  const first = reflector.relist();
  await eventually('pages are read', () => count('list') > 0);
  const second = reflector.relist();
  put('a', 2);
  await second;
  await first;
  expect(values()).toEqual({ a: 2, b: 1, c: 1 });
});
