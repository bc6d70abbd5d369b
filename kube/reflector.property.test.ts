import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createReflector } from './reflector.ts';
import { resources } from './resource.ts';
import { Store } from './store.ts';
import { eventually } from './testing/eventually.ts';
import { fasterClock, settle } from './testing/fake-clock.ts';
import { type Fault, type FakeKube, startFakeKube } from './testing/fake-kube.ts';
import { createTransport } from './transport.ts';

interface Thing {
  readonly namespace: string;
  readonly name: string;
  readonly value: number;
}

type Step = (kube: FakeKube) => void;

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const fault: fc.Arbitrary<Fault['fault']> = fc.constantFrom(
  { answer: 410, reason: 'Expired' },
  { answer: 429, reason: 'TooManyRequests' },
  { answer: 500 },
  { answer: 403, reason: 'Forbidden' },
  { reset: true as const },
  { end: true as const },
  { text: '{"type":"ADDED","object":{"metadata":{"name":"half' },
  { text: '\n\nnull\n"x"\n' },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(name, fc.nat(99)).map(
      ([name, value]): Step =>
        (kube) =>
          put(kube, name, value),
    ),
  },
  {
    weight: 3,
    arbitrary: name.map(
      (name): Step =>
        (kube) =>
          void kube.remove(resources.pods, 'team', name),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>((kube) => kube.cluster.compact()) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Step>(
      (kube) => kube.bookmark(),
      (kube) => kube.sendLine('{]'),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Step>(
      (kube) => kube.endWatches(),
      (kube) => kube.resetWatches(),
      (kube) => kube.silenceWatches(),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom('watch' as const, 'list' as const), fault).map(
      ([verb, fault]): Step =>
        (kube) =>
          kube.inject({ verb, fault }),
    ),
  },
);

/** Steps come at once, in the middle of things, or upon an open watch. */
const pause: fc.Arbitrary<(kube: FakeKube) => Promise<unknown>> = fc.constantFrom(
  () => Promise.resolve(),
  () => settle(),
  (kube: FakeKube) => eventually('a watch is open', () => kube.watches > 0),
);

function put(kube: FakeKube, name: string, value: number): void {
  kube.put(resources.pods, { metadata: { namespace: 'team', name }, value });
}

function project(raw: unknown): Thing {
  const { metadata, value } = raw as { metadata: { namespace: string; name: string }; value: number };
  return { namespace: metadata.namespace, name: metadata.name, value };
}

test('after any changes and any faults the store equals the cluster', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('supported' as const, 'refused' as const),
      fc.array(fc.tuple(step, pause), { minLength: 1, maxLength: 25 }),
      async (watchList, steps) => {
        const kube = await startFakeKube();
        kube.settings.watchList = watchList;
        kube.settings.pageLimit = 2;
        kube.settings.chunkBytes = 50;
        // The ten minutes of the watchdog are 0.6 s.
        const clock = fasterClock(1000);
        const transport = createTransport(kube.access, {
          userAgent: 'test',
          qps: 1e6,
          burst: 1e6,
          clock: fasterClock(100),
        });
        const store = new Store<Thing>({ keyOf: (thing) => thing });
        const told = new Map<string, number>();
        store.subscribe(({ type, item }) => {
          if (type === 'deleted') told.delete(item.name);
          else told.set(item.name, item.value);
        });
        const reflector = createReflector({ transport, resource: resources.pods, project, sink: store, clock });
        const stop = new AbortController();
        const running = reflector.run(stop.signal);
        try {
          for (const [take, pause] of steps) {
            take(kube);
            await pause(kube);
          }
          kube.heal();
          const wanted = sorted(kube.cluster.list('/pods').map((object) => project(object)));
          await eventually(
            'the store equals the cluster',
            () => sorted(store.list()),
            (seen) => same(seen, wanted),
          );
          expect([...told].sort(([a], [b]) => (a < b ? -1 : 1))).toEqual(
            wanted.map(({ name, value }) => [name, value]),
          );
        } finally {
          stop.abort();
          await running;
          await transport.close();
          await kube.close();
        }
      },
    ),
    { numRuns: 60 },
  );
});

function sorted(things: Iterable<Thing>): Thing[] {
  return [...things].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function same(a: readonly Thing[], b: readonly Thing[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
