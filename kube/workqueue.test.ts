import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KubeError } from './errors.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';
import { type Requeue, type RunOptions, WorkQueue } from './workqueue.ts';

function setUp(handle: RunOptions['handle'], workers = 2) {
  const clock = new FakeClock();
  const errors: { key: string; retryInMs: number }[] = [];
  const queue = new WorkQueue({
    name: 'test',
    clock,
    random: () => 0,
    onError: (key, _error, retryInMs) => errors.push({ key, retryInMs }),
  });
  const stop = new AbortController();
  const running = queue.run({ workers, handle, signal: stop.signal });
  const end = (): Promise<void> => {
    stop.abort();
    return running;
  };
  return { clock, queue, errors, end };
}

describe('a work queue', () => {
  test('many events of one key make one run', async () => {
    const runs: string[] = [];
    const { queue, clock, end } = setUp((key) => Promise.resolve(void runs.push(key)));
    for (let i = 0; i < 100; i += 1) queue.add('a');
    queue.add('b');
    await clock.advance(0);
    expect(runs).toEqual(['a', 'b']);
    await end();
  });

  test('a key that is added while it runs, runs once more, and not at the same time', async () => {
    const gates: (() => void)[] = [];
    const { queue, clock, end } = setUp(() => new Promise<void>((resolve) => gates.push(resolve)));
    queue.add('a');
    await clock.advance(0);
    queue.add('a');
    queue.add('a');
    await clock.advance(0);
    expect(gates).toHaveLength(1);
    gates[0]?.();
    await clock.advance(0);
    expect(gates).toHaveLength(2);
    gates[1]?.();
    await clock.advance(60_000);
    expect(gates).toHaveLength(2);
    await end();
  });

  test('a failing key comes back later and later, up to a minute, and success forgets that', async () => {
    let fail = true;
    const { queue, clock, errors, end } = setUp(() => (fail ? Promise.reject(new Error('no')) : Promise.resolve()));
    queue.add('a');
    await clock.advance(400_000);
    const delays = errors.map(({ retryInMs }) => retryInMs);
    expect(delays.slice(0, 5)).toEqual([5, 10, 20, 40, 80]);
    expect(delays.at(-1)).toBe(60_000);
    fail = false;
    await clock.advance(60_000);
    fail = true;
    queue.add('a');
    await clock.advance(1);
    expect(errors.at(-1)?.retryInMs).toBe(5);
    await end();
  });

  test('an outage of many keys is retried at ten a second', async () => {
    const { queue, clock, errors, end } = setUp(() => Promise.reject(new Error('no')));
    for (let i = 0; i < 300; i += 1) queue.add(`key-${i}`);
    await clock.advance(0);
    const slowest = Math.max(...errors.map(({ retryInMs }) => retryInMs));
    expect(errors.length).toBeGreaterThanOrEqual(300);
    expect(slowest).toBeGreaterThanOrEqual(19_000);
    await end();
  });

  test('what the server asks for with Retry-After is waited', async () => {
    const busy = new KubeError({
      code: 429,
      reason: 'TooManyRequests',
      message: 'later',
      request: 'PATCH /x',
      retryAfterMs: 7000,
    });
    const { queue, clock, errors, end } = setUp(() => Promise.reject(busy));
    queue.add('a');
    await clock.advance(0);
    expect(errors).toEqual([{ key: 'a', retryInMs: 7000 }]);
    await end();
  });

  test('the earlier of two times wins, and an add comes before both', async () => {
    const at: number[] = [];
    const { queue, clock, end } = setUp(() => Promise.resolve(void at.push(clock.monotonic())));
    queue.addAfter('a', 5000);
    queue.addAfter('a', 1000);
    queue.addAfter('a', 3000);
    await clock.advance(10_000);
    expect(at).toEqual([1000]);
    queue.addAfter('a', 5000);
    queue.add('a');
    await clock.advance(10_000);
    expect(at).toEqual([1000, 10_000]);
    await end();
  });

  test('a handler may ask to be called again, and forgetting ends that', async () => {
    let runs = 0;
    const again: Requeue = { requeueAfterMs: 1000 };
    const { queue, clock, end } = setUp(() => Promise.resolve(((runs += 1), again)));
    queue.add('a');
    await clock.advance(2500);
    expect(runs).toBe(3);
    queue.forget('a');
    await clock.advance(10_000);
    expect(runs).toBe(3);
    await end();
  });

  test('a handler past its deadline is told so, and its key counts as failed', async () => {
    const { queue, clock, errors, end } = setUp(
      (_key, signal) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
    );
    queue.add('a');
    await clock.advance(120_000);
    expect(errors).toEqual([{ key: 'a', retryInMs: 5 }]);
    await end();
  });

  test('stopping waits for what runs and starts nothing more', async () => {
    const gates: (() => void)[] = [];
    const { queue, clock, end } = setUp(() => new Promise<void>((resolve) => gates.push(resolve)), 1);
    queue.add('a');
    queue.add('b');
    await clock.advance(0);
    let ended = false;
    const ending = end().then(() => (ended = true));
    await settle();
    expect(ended).toBe(false);
    gates[0]?.();
    await ending;
    expect(gates).toHaveLength(1);
  });
});

test('whatever is added and whenever, no key runs twice at once, and the last add of each is always followed by a run', async () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const step = fc.record({
    key,
    kind: fc.constantFrom('add', 'after', 'forget'),
    ms: fc.nat(3000),
    pause: fc.nat(500),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.array(fc.boolean(), { maxLength: 30 }),
      async (steps, failures) => {
        const clock = new FakeClock();
        const running = new Set<string>();
        const lastRun = new Map<string, number>();
        const lastAdd = new Map<string, number>();
        let order = 0;
        let twice = false;
        const queue = new WorkQueue({ name: 'test', clock, random: () => 0.5 });
        const stop = new AbortController();
        const run = queue.run({
          workers: 3,
          signal: stop.signal,
          async handle(key) {
            twice ||= running.has(key);
            running.add(key);
            lastRun.set(key, (order += 1));
            await new Promise<void>((resolve) => void clock.after(300, resolve));
            running.delete(key);
            if (failures.pop()) throw new Error('no');
          },
        });
        for (const { key, kind, ms, pause } of steps) {
          if (kind === 'add') {
            lastAdd.set(key, (order += 1));
            queue.add(key);
          } else if (kind === 'after') queue.addAfter(key, ms);
          else queue.forget(key);
          await clock.advance(pause);
        }
        await clock.advance(300_000);
        stop.abort();
        await run;
        expect(twice).toBe(false);
        for (const [key, added] of lastAdd) expect(lastRun.get(key)).toBeGreaterThan(added);
      },
    ),
    { numRuns: 50 },
  );
});
