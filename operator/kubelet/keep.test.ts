import { afterEach, describe, expect, test } from 'vitest';
import type { CgroupAnswer } from '../../domain/findings/node-standing.ts';
import { aNode } from '../../domain/testing/nodes.ts';
import type { KubeletFacts, NodeFacts } from '../../domain/types.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { createKubelets, type KubeletsOptions } from './keep.ts';
import { KubeletTrouble, type KubeletOutcome } from './trouble.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const kubelet = (bootId = 'boot-1', address = '10.0.0.1'): KubeletFacts => ({ address, port: 10_250, bootId });
const node = (overrides: Partial<NodeFacts> = {}): NodeFacts => aNode({ kubelet: kubelet(), ...overrides });
const v2 = { version: 2, at: expect.any(Number) };

/** What a kubelet does when it is asked. */
type Kubelet = (asked: KubeletFacts, signal: AbortSignal) => Promise<1 | 2>;
const saysV1: Kubelet = () => Promise.resolve(1);
const saysV2: Kubelet = () => Promise.resolve(2);
const fails: Kubelet = () => Promise.reject(new KubeletTrouble('refused', 'nothing listens on port 10250'));
const hangs: Kubelet = (_, signal) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
  });

const setUp = (
  nodes: readonly NodeFacts[] = [node()],
  { answer = saysV2, ...overrides }: Partial<KubeletsOptions> & { answer?: Kubelet } = {},
) => {
  const clock = new FakeClock();
  const present = new Map(nodes.map((facts) => [facts.name, facts]));
  const asked: string[] = [];
  const outcomes: KubeletOutcome[] = [];
  const warnings: object[] = [];
  let answers: (() => Iterable<CgroupAnswer>) | undefined;
  let current = answer;
  const kubelets = createKubelets({
    nodes: () => [...present.values()].map((facts) => ({ name: facts.name, facts })),
    urgent: () => new Set(),
    ask: (each, signal) => {
      asked.push(each.address);
      return current(each, signal);
    },
    intervalMs: hour,
    metrics: {
      asked: (outcome) => outcomes.push(outcome),
      setAnswers: (next) => {
        answers = next;
      },
    },
    clock,
    log: { debug: () => {}, info: () => {}, warn: (fields) => warnings.push(fields), error: () => {} },
    ...overrides,
  });
  const stop = new AbortController();
  const running = kubelets.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  stops.push(end);
  return {
    clock,
    asked,
    outcomes,
    warnings,
    end,
    answers: () => answers && [...answers()],
    put: (facts: NodeFacts): void => void present.set(facts.name, facts),
    remove: (name: string): void => void present.delete(name),
    now: (next: Kubelet): void => {
      current = next;
    },
    says: (name = 'node-1') => kubelets.cgroups(present.get(name) ?? node({ name })),
  };
};

describe('a node', () => {
  test('is asked at once, and from then on once in an interval', async () => {
    const { clock, asked, outcomes, says } = setUp();
    expect(says()).toMatchObject({ why: expect.stringContaining('not been asked yet') });
    await clock.advance(second);
    expect(says()).toEqual(v2);
    // Its own moment comes within the first hour.
    await clock.advance(hour);
    const before = asked.length;
    await clock.advance(24 * hour);
    expect(asked.length - before).toBe(24);
    expect(new Set(outcomes)).toEqual(new Set(['ok']));
  });

  test.each<[string, NodeFacts]>([
    ['started anew', node({ kubelet: kubelet('boot-2') })],
    ['replaced', node({ uid: 'another' })],
    ['given another kubelet', node({ kubeletVersion: 'v1.36.0' })],
    ['moved', node({ kubelet: kubelet('boot-1', '10.0.0.9') })],
  ])('that was %s is asked at once, and what was said before holds no more', async (_, after) => {
    const { clock, asked, put, says, now } = setUp([node()], { intervalMs: 24 * hour });
    await clock.advance(second);
    const before = asked.length;
    now(saysV1);
    put(after);
    expect(says()).toMatchObject({ version: undefined, why: expect.stringContaining('not been asked yet') });
    await clock.advance(second);
    expect(says()).toMatchObject({ version: 1 });
    expect(asked.length).toBe(before + 1);
  });

  test('that only heartbeats is not asked for that', async () => {
    const { clock, asked, put, says } = setUp([node()], { intervalMs: 24 * hour });
    await clock.advance(second);
    const before = asked.length;
    for (let beat = 0; beat < 10; beat++) {
      put(node({ labels: { beat: String(beat) } }));
      expect(says()).toEqual(v2);
      await clock.advance(minute);
    }
    expect(asked.length).toBe(before);
  });

  test('that is not ready is asked as soon as it is', async () => {
    const { clock, asked, put, says } = setUp([node({ ready: false })]);
    await clock.advance(hour);
    expect(asked).toEqual([]);
    put(node());
    await clock.advance(second);
    expect(says()).toEqual(v2);
  });

  test('that is gone while it is asked leaves nothing', async () => {
    const late = Promise.withResolvers<1 | 2>();
    const { clock, remove, answers, outcomes } = setUp([node()], { answer: () => late.promise });
    await clock.advance(second);
    remove('node-1');
    await clock.advance(second);
    late.resolve(1);
    await clock.advance(second);
    expect(answers()).toEqual([]);
    expect(outcomes).toEqual([]);
  });

  test('that is started anew while it is asked is not judged by what it said before', async () => {
    const late = Promise.withResolvers<1 | 2>();
    const { clock, put, says, now } = setUp([node()], { answer: () => late.promise });
    await clock.advance(second);
    now(saysV2);
    put(node({ kubelet: kubelet('boot-2') }));
    await clock.advance(second);
    late.resolve(1);
    await clock.advance(second);
    expect(says()).toEqual(v2);
  });

  test.each<[string, Partial<NodeFacts>]>([
    ['virtual', { virtual: 'EKS Fargate' }],
    ['of Windows', { operatingSystem: 'windows' }],
  ])('that is %s is not asked', async (_, facts) => {
    const { clock, asked, says } = setUp([node(facts)]);
    await clock.advance(hour);
    expect(asked).toEqual([]);
    expect(says()).toMatchObject({ version: undefined });
  });
});

describe('a kubelet that does not answer', () => {
  test('takes back what it said, is counted by why, and asked again after more and more time', async () => {
    const { clock, asked, outcomes, now, says, put } = setUp([node()], { intervalMs: 24 * hour });
    await clock.advance(second);
    now(fails);
    put(node({ kubelet: kubelet('boot-2') }));
    await clock.advance(second);
    expect(says()).toEqual({
      version: undefined,
      why: 'its kubelet does not say: nothing listens on port 10250',
    });
    const before = asked.length;
    await clock.advance(29 * second);
    expect(asked.length).toBe(before);
    await clock.advance(2 * second);
    expect(asked.length).toBe(before + 1);
    await clock.advance(10 * minute);
    // After one minute, three, seven.
    expect(asked.length).toBe(before + 4);
    now(saysV2);
    await clock.advance(8 * minute);
    expect(says()).toEqual(v2);
    expect(outcomes.filter((outcome) => outcome === 'refused')).toHaveLength(5);
  });

  test('is told of once for each kind of trouble, with how many there are', async () => {
    const nodes = Array.from({ length: 20 }, (_, index) => node({ name: `node-${index}` }));
    const { clock, warnings } = setUp(nodes, { answer: fails });
    await clock.advance(5 * minute);
    expect(warnings).toEqual([
      { node: 'node-0', outcome: 'refused', why: 'nothing listens on port 10250', unanswered: 1 },
    ]);
    await clock.advance(15 * minute);
    expect(warnings.at(-1)).toMatchObject({ outcome: 'refused', unanswered: 20 });
    expect(warnings).toHaveLength(2);
  });

  test('keeps nobody waiting who answers, though hundreds of them hang', async () => {
    const nodes = Array.from({ length: 400 }, (_, index) =>
      node({ name: `node-${index}`, kubelet: kubelet('b', index % 2 === 0 ? 'hangs' : 'answers') }),
    );
    const givesUp: Kubelet = (_each, signal) =>
      new Promise((_resolve, reject) => {
        const giveUp = (): void => reject(new KubeletTrouble('timeout', 'it hangs'));
        clock.after(10 * second, giveUp);
        signal.addEventListener('abort', giveUp, { once: true });
      });
    const { clock, answers } = setUp(nodes, {
      intervalMs: 24 * hour,
      answer: async (each, signal) => (each.address === 'hangs' ? givesUp : saysV2)(each, signal),
    });
    await clock.advance(2 * minute);
    expect(answers()?.filter(({ version }) => version === 2)).toHaveLength(200);
  });
});

describe('many nodes at once', () => {
  test('are asked one after another, those first whose findings wait', async () => {
    const nodes = Array.from({ length: 1000 }, (_, index) =>
      node({ name: `node-${index}`, kubelet: kubelet('b', `address-${index}`) }),
    );
    const { clock, asked, answers } = setUp(nodes, { urgent: () => new Set(['node-998', 'node-999']) });
    expect(asked).toEqual(['address-998']);
    await clock.advance(second);
    expect(asked).toContain('address-999');
    expect(asked.length).toBeLessThan(60);
    await clock.advance(20 * second);
    expect(answers()?.every(({ version }) => version === 2)).toBe(true);
  });

  test('are asked no more by one that has ended, and held by nobody', async () => {
    const { clock, end, answers, asked } = setUp([node()], { answer: hangs });
    await clock.advance(second);
    await end();
    await clock.advance(hour);
    expect(asked).toHaveLength(1);
    expect(answers()).toBeUndefined();
  });
});
