import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentAdapter, ReadInput } from '../../agents/agent.ts';
import type { InstanceTelemetry } from '../../domain/telemetry/types.ts';
import { eventually } from '../../kube/testing/eventually.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { limits } from './ask.ts';
import { nextTurn } from './next-turn.ts';
import { createScraper, type Scraper } from './scraper.ts';
import type { ScrapeSettings } from './settings.ts';
import type { Target } from './targets.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const intervalMs = 60_000;

const emitted = { matches: [], since: 0, until: 0 };

/** Says how often it has read this pod, and what it was answered. */
const counting: AgentAdapter = {
  type: 'Falco',
  probes: (path) => [{ name: 'metrics', path, needed: true }],
  read: ({ answers, at, memory }: ReadInput) => {
    const answer = answers.get('metrics');
    if (answer === undefined || 'failed' in answer) return { failed: answer?.failed ?? 'nothing was asked' };
    if (answer.body === 'explode') throw new Error('boom');
    if (answer.body === 'nonsense') return { failed: 'its answer is no metrics' };
    const readings = Number(memory?.['readings'] ?? 0) + 1;
    const hint = answer.body === 'terse' ? { hint: 'switch metrics on' } : {};
    const policies = [{ name: 'rules', status: 'Loaded' as const }];
    return {
      reading: { at, version: `${answer.body}-${readings}`, policies, issues: [], emitted },
      memory: { readings },
      ...hint,
    };
  },
  declaringKinds: [],
  readsConfigMaps: false,
  declare: () => ({ policies: [], contents: [], exclusions: [], notes: [] }),
};

interface Fleet {
  readonly scraper: Scraper;
  readonly clock: FakeClock;
  /** The last of what was told, by node. */
  readonly told: Map<string, InstanceTelemetry | undefined>;
  readonly outcomes: string[];
  /** With each that was told: when it was asked. */
  readonly askedAt: (number | undefined)[];
  /** Addresses, in the order in which they were asked. */
  readonly asked: string[];
  readonly target: (node: string, rest?: Partial<Target>) => Target;
  readonly answerBy: (listener: RequestListener) => void;
  readonly settings: ScrapeSettings;
}

const startFleet = async (credentials = { token: undefined }): Promise<Fleet> => {
  let listener: RequestListener = (_, response) => void response.end('1.0');
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    asked.push(request.socket.localAddress ?? '');
    listener(request, response);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const settings: ScrapeSettings = {
    agent: 'falco',
    type: 'Falco',
    port: (server.address() as AddressInfo).port,
    path: '/metrics',
    intervalMs,
    staleAfterMs: 3 * intervalMs,
    tls: undefined,
    token: undefined,
    custom: undefined,
  };
  const clock = new FakeClock();
  const told = new Map<string, InstanceTelemetry | undefined>();
  const outcomes: string[] = [];
  const askedAt: (number | undefined)[] = [];
  const scraper = createScraper({
    adapters: new Map([[counting.type, counting]]),
    credentials: () => Promise.resolve({ trust: undefined, ...credentials }),
    tell: (node, _, telemetry, at) => {
      told.set(node, telemetry);
      askedAt.push(at);
    },
    onScrape: (agent, outcome) => void outcomes.push(`${agent} ${outcome}`),
    clock,
    userAgent: 'test',
  });
  const stop = new AbortController();
  const running = scraper.run(stop.signal);
  closers.push(async () => {
    stop.abort();
    for (const socket of sockets) socket.destroy();
    await Promise.all([running, new Promise((resolve) => server.close(resolve))]);
  });
  return {
    scraper,
    clock,
    told,
    outcomes,
    askedAt,
    asked,
    settings,
    target: (node, rest = {}) => ({
      node,
      settings,
      namespace: 'falco',
      pod: `falco-${node}`,
      createdAt: 1000,
      address: '127.0.0.1',
      trusted: true,
      ...rest,
    }),
    answerBy: (next) => {
      listener = next;
    },
  };
};

const tick = 200;

/** Lets the next turns begin, and waits for what comes of them. */
const until = async (fleet: Fleet, what: string, holds: () => boolean): Promise<void> => {
  await eventually(what, async () => {
    await fleet.clock.advance(0);
    return holds();
  });
};

const onceAsked = async (fleet: Fleet, ...targets: readonly Target[]): Promise<void> => {
  fleet.scraper.follow(targets);
  await fleet.clock.advance(tick);
  await until(fleet, 'everybody was asked', () => !fleet.scraper.isPending());
};

const wholeInterval = async (fleet: Fleet, asks: number): Promise<void> => {
  const before = fleet.outcomes.length;
  for (let passed = 0; passed < intervalMs; passed += tick) await fleet.clock.advance(tick);
  await until(fleet, 'an interval of turns', () => fleet.outcomes.length >= before + asks);
};

describe('who answers', () => {
  it('is asked at once, and then once in every interval', async () => {
    const fleet = await startFleet();
    await onceAsked(fleet, fleet.target('a'));
    expect(fleet.told.get('a')).toMatchObject({ reading: { version: '1.0-1' }, failure: undefined, askedSince: 1000 });
    await wholeInterval(fleet, 1);
    expect(fleet.told.get('a')).toMatchObject({ reading: { version: '1.0-2' } });
    await wholeInterval(fleet, 1);
    expect(fleet.asked).toHaveLength(3);
    expect(fleet.outcomes).toEqual(['falco ok', 'falco ok', 'falco ok']);
  });

  it('is asked again soon after it told something of its own accord, which its adapter then remembers', async () => {
    const fleet = await startFleet();
    await onceAsked(fleet, fleet.target('a'), fleet.target('b', { address: undefined }));
    expect(fleet.scraper.note('a', 'falco', { readings: 10 })).toBe(true);
    await fleet.clock.advance(tick);
    await until(fleet, 'a second turn', () => fleet.outcomes.length === 2);
    expect(fleet.told.get('a')).toMatchObject({ reading: { version: '1.0-11' } });
    // Neither one that is starting, nor one that is not asked.
    expect([fleet.scraper.note('b', 'falco', {}), fleet.scraper.note('a', 'tetragon', {})]).toEqual([false, false]);
  });

  it('is asked at a moment of its own, so that a fleet does not come at once', async () => {
    const fleet = await startFleet();
    const nodes = Array.from({ length: 60 }, (_, index) => fleet.target(`node-${index}`));
    await onceAsked(fleet, ...nodes);
    const perTenth: number[] = [];
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const before = fleet.asked.length;
      const seen = fleet.outcomes.length;
      for (let passed = 0; passed < intervalMs / 10; passed += tick) await fleet.clock.advance(tick);
      await until(fleet, 'all that began is done', () => {
        const { waiting, running } = fleet.scraper.load();
        return waiting + running === 0 && fleet.outcomes.length - seen === fleet.asked.length - before;
      });
      perTenth.push(fleet.asked.length - before);
    }
    expect(perTenth.reduce((sum, asks) => sum + asks, 0)).toBe(60);
    expect(Math.max(...perTenth)).toBeLessThan(20);
  });

  it('tells what it has counted once, at the moment at which it was asked', async () => {
    const fleet = await startFleet();
    await onceAsked(fleet, fleet.target('a'));
    expect(fleet.told.get('a')?.reading).toHaveProperty('emitted');
    fleet.answerBy((_, response) => void response.end('nonsense'));
    await wholeInterval(fleet, 1);
    expect(fleet.told.get('a')).toMatchObject({ reading: { version: '1.0-1' }, failure: 'its answer is no metrics' });
    expect(fleet.told.get('a')?.reading).not.toHaveProperty('emitted');
  });

  it('shares what it says of its policies with all who say the same', async () => {
    const fleet = await startFleet();
    await onceAsked(fleet, fleet.target('a'), fleet.target('b'));
    expect(fleet.told.get('a')?.reading?.policies).toBe(fleet.told.get('b')?.reading?.policies);
  });

  it('may have a hint, which is told once with how many have it', async () => {
    const fleet = await startFleet();
    fleet.answerBy((_, response) => void response.end('terse'));
    await onceAsked(fleet, fleet.target('a'), fleet.target('b'));
    expect(fleet.scraper.standing('falco')).toEqual({
      asked: 2,
      failing: 0,
      examples: [],
      hints: [{ hint: 'switch metrics on', pods: 2 }],
    });
  });
});

describe('whose next answer is waited for', () => {
  const passed = async (fleet: Fleet, ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= tick) await fleet.clock.advance(tick);
    await until(
      fleet,
      'all that began is done',
      () => fleet.scraper.load().waiting + fleet.scraper.load().running === 0,
    );
  };

  it('is asked once before its turn, however many wait, and not sooner than ten seconds after the last time', async () => {
    const fleet = await startFleet();
    const turnIn = (name: string): number => nextTurn(`${name}/falco`, intervalMs, tick) - tick;
    const late = Array.from({ length: 100 }, (_, index) => `node-${index}`).find((name) => turnIn(name) > 20_000) ?? '';
    await onceAsked(fleet, fleet.target(late));
    for (let finding = 0; finding < 10_000; finding++) fleet.scraper.readSoon(late, 'falco');
    fleet.scraper.readSoon('nobody', 'falco');
    await passed(fleet, 9000);
    expect(fleet.asked).toHaveLength(1);
    await passed(fleet, 2000);
    expect(fleet.asked).toHaveLength(2);
    await passed(fleet, turnIn(late) - 12_000);
    expect(fleet.asked).toHaveLength(2);
    await passed(fleet, 2000);
    expect(fleet.asked).toHaveLength(3);
  });

  it('is told with when it was asked, by which it is known what it may have missed', async () => {
    const fleet = await startFleet();
    const asked = fleet.clock.monotonic() + tick;
    await onceAsked(fleet, fleet.target('a'));
    expect(fleet.askedAt).toEqual([asked]);
    fleet.answerBy((_, response) => void response.end('nonsense'));
    await wholeInterval(fleet, 1);
    expect(fleet.askedAt).toEqual([asked, undefined]);
  });

  it('is asked with others of its kind a few at a time', async () => {
    const fleet = await startFleet();
    const nodes = Array.from({ length: 200 }, (_, index) => `node-${index}`);
    await onceAsked(fleet, ...nodes.map((name) => fleet.target(name)));
    await passed(fleet, 10_000);
    const before = fleet.asked.length;
    for (const name of nodes) fleet.scraper.readSoon(name, 'falco');
    await passed(fleet, 1000);
    const soon = fleet.asked.length - before;
    // Sixteen in each of five ticks, beside those whose turn it was.
    expect(soon).toBeGreaterThanOrEqual(80);
    expect(soon).toBeLessThan(100);
    await passed(fleet, 3000);
    expect(fleet.asked.length - before).toBeGreaterThanOrEqual(190);
  });
});

describe('who does not answer', () => {
  it('keeps its last reading, and costs nobody else anything', async () => {
    const fleet = await startFleet();
    const [a, b] = [fleet.target('a', { address: '127.0.0.2' }), fleet.target('b')];
    await onceAsked(fleet, a, b);
    fleet.answerBy((request, response) => {
      if (request.socket.localAddress !== '127.0.0.2') response.end('1.1');
    });
    for (let passed = 0; passed < intervalMs + limits.answerMs; passed += tick) await fleet.clock.advance(tick);
    await until(fleet, 'a has failed', () => fleet.told.get('a')?.failure !== undefined);
    expect(fleet.told.get('a')).toMatchObject({
      reading: { version: '1.0-1' },
      failure: 'it gave no complete answer within 5 s',
    });
    await until(fleet, 'b was read', () => fleet.told.get('b')?.reading?.version === '1.1-2');
    expect(fleet.told.get('b')?.failure).toBeUndefined();
    expect(fleet.scraper.standing('falco')).toMatchObject({
      asked: 2,
      failing: 1,
      examples: [{ node: 'a', pod: 'falco/falco-a', words: 'it gave no complete answer within 5 s', pods: 1 }],
    });
    expect(fleet.outcomes).toContain('falco timeout');
  });

  it('is well again with its first answer', async () => {
    const fleet = await startFleet();
    fleet.answerBy((request) => void request.socket.destroy());
    await onceAsked(fleet, fleet.target('a'));
    expect(fleet.told.get('a')).toMatchObject({ reading: undefined, failure: expect.stringContaining('closed') });
    fleet.answerBy((_, response) => void response.end('1.0'));
    await wholeInterval(fleet, 1);
    expect(fleet.told.get('a')).toMatchObject({ reading: { version: '1.0-1' }, failure: undefined });
  });

  it.each([
    ['nonsense', 'its answer is no metrics'],
    ['explode', 'its answer could not be understood'],
  ])('is one whose answer is %s', async (answer, failure) => {
    const fleet = await startFleet();
    fleet.answerBy((_, response) => void response.end(answer));
    await onceAsked(fleet, fleet.target('a'));
    expect(fleet.told.get('a')).toMatchObject({ reading: undefined, failure });
    expect(fleet.outcomes).toEqual(['falco garbage']);
  });

  it('is told with the most frequent failures first, each by the first node that has it', async () => {
    const fleet = await startFleet();
    fleet.answerBy((request, response) => {
      if (request.socket.localAddress === '127.0.0.2') response.end('nonsense');
      else request.socket.destroy();
    });
    await onceAsked(fleet, fleet.target('c'), fleet.target('a', { address: '127.0.0.2' }), fleet.target('b'));
    expect(fleet.scraper.standing('falco').examples).toEqual([
      { node: 'b', pod: 'falco/falco-b', words: 'it closed the connection before its answer was complete', pods: 2 },
      { node: 'a', pod: 'falco/falco-a', words: 'its answer is no metrics', pods: 1 },
    ]);
  });

  it('may not keep others waiting, however many hang', async () => {
    const fleet = await startFleet();
    const hanging = Array.from({ length: 150 }, (_, index) => fleet.target(`hangs-${index}`, { address: '127.0.0.2' }));
    fleet.answerBy((request, response) => {
      if (request.socket.localAddress !== '127.0.0.2') response.end('1.0');
    });
    fleet.scraper.follow(hanging);
    for (let passed = 0; passed < 4 * limits.answerMs; passed += tick) await fleet.clock.advance(tick);
    await until(fleet, 'all have hung once', () => !fleet.scraper.isPending());
    // From now on they have only slots of their own: who comes now is asked at once, while they all hang again.
    for (let passed = 0; passed < intervalMs; passed += tick) await fleet.clock.advance(tick);
    expect(fleet.scraper.load().running).toBeGreaterThan(0);
    await onceAsked(fleet, ...hanging, fleet.target('well'));
    expect(fleet.told.get('well')).toMatchObject({ reading: { version: '1.0-1' } });
  });
});

describe('pods that come and go', () => {
  it('a pod in another one’s place starts from nothing', async () => {
    const fleet = await startFleet();
    await onceAsked(fleet, fleet.target('a'));
    fleet.scraper.follow([fleet.target('a', { createdAt: 2000, address: undefined })]);
    expect(fleet.told.get('a')).toBeUndefined();
    await onceAsked(fleet, fleet.target('a', { createdAt: 2000 }));
    expect(fleet.told.get('a')).toMatchObject({ reading: { version: '1.0-1' }, askedSince: 2000 });
  });

  it('one that was not ready in between is asked at once, and its counters count from nothing', async () => {
    const fleet = await startFleet();
    await onceAsked(fleet, fleet.target('a'));
    fleet.scraper.follow([fleet.target('a', { address: undefined })]);
    await wholeInterval(fleet, 0);
    expect(fleet.asked).toHaveLength(1);
    expect(fleet.told.get('a')).toMatchObject({ reading: { version: '1.0-1' } });
    fleet.scraper.follow([fleet.target('a')]);
    await fleet.clock.advance(tick);
    await until(fleet, 'it was asked again', () => fleet.outcomes.length === 2);
    expect(fleet.told.get('a')).toMatchObject({ reading: { version: '1.0-1' } });
  });

  it('one that is gone is forgotten', async () => {
    const fleet = await startFleet();
    await onceAsked(fleet, fleet.target('a'), fleet.target('b'));
    fleet.scraper.follow([fleet.target('b')]);
    expect(fleet.told.get('a')).toBeUndefined();
    expect([...fleet.scraper.asked()]).toEqual([['falco', 1]]);
  });

  it('one that goes while it is asked is not told of', async () => {
    const fleet = await startFleet();
    const arrived = Promise.withResolvers<() => void>();
    fleet.answerBy((_, response) => arrived.resolve(() => void response.end('1.0')));
    fleet.scraper.follow([fleet.target('a')]);
    await fleet.clock.advance(tick);
    const answer = await arrived.promise;
    fleet.scraper.follow([]);
    answer();
    await until(fleet, 'the turn is over', () => fleet.scraper.load().running === 0);
    expect(fleet.told.get('a')).toBeUndefined();
    expect(fleet.outcomes).toEqual([]);
  });
});

describe('credentials', () => {
  it('are not sent to a pod that nobody vouches for', async () => {
    const fleet = await startFleet();
    await onceAsked(fleet, fleet.target('a', { trusted: false }));
    expect(fleet.asked).toEqual([]);
    expect(fleet.outcomes).toEqual(['falco credentials']);
    expect(fleet.told.get('a')?.failure).toContain('spec.pods.namespaces');
  });
});

describe('a new leader', () => {
  it('begins with what was known, and asks all the same', async () => {
    const fleet = await startFleet();
    const reading = { at: 500, version: '0.9', issues: [] };
    fleet.scraper.follow([fleet.target('a'), fleet.target('b')], ({ node, createdAt }) =>
      node === 'a' ? { reading, askedSince: createdAt, failure: undefined } : undefined,
    );
    expect(fleet.told.get('a')).toEqual({ reading, askedSince: 1000, failure: undefined });
    // Nobody can say "not yet reported" of what nobody has said anything of.
    expect(fleet.told.has('b')).toBe(false);
    expect(fleet.scraper.isPending()).toBe(true);
    await fleet.clock.advance(tick);
    await until(fleet, 'all were asked', () => !fleet.scraper.isPending());
    expect(fleet.told.get('a')).toMatchObject({ reading: { version: '1.0-1' } });
  });
});
