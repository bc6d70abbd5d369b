import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { silentLog } from '../../kube/log.ts';
import type { Transport } from '../../kube/transport.ts';
import { createContainerIds } from './containers.ts';

const id = '3f2a1b4c5d6e7f80';
const cart = { namespace: 'shop', pod: 'cart-a', container: 'app' };
const listed = (...ids: readonly string[]) => ({
  items: ids.map((each) => ({
    metadata: { namespace: cart.namespace, name: cart.pod },
    status: { containerStatuses: [{ name: cart.container, containerID: `containerd://${each}` }] },
  })),
});

/** Requests wait until they are answered, the oldest first. */
const setUp = () => {
  const requests: PromiseWithResolvers<unknown>[] = [];
  const clock = new FakeClock();
  const containers = createContainerIds({
    transport: {
      request: () => {
        const request = Promise.withResolvers<unknown>();
        requests.push(request);
        return request.promise;
      },
    } as unknown as Transport,
    clock,
    log: silentLog,
    signal: new AbortController().signal,
  });
  return {
    ...containers,
    clock,
    requests,
    answer: async (index: number, answer: object | Error) => {
      if (answer instanceof Error) requests[index]?.reject(answer);
      else requests[index]?.resolve(answer);
      await clock.advance(0);
    },
  };
};

describe('the containers of a node', () => {
  test('are known by the whole id and by its first twelve characters, and by no fewer', async () => {
    const { ask, find, answer, clock } = setUp();
    expect(find('node-1', id)).toBeUndefined();
    expect(ask('node-1', id, clock.now(), () => {})).toBe(true);
    await answer(0, listed(id, '9f2a1b4c5d6e7f80'));
    expect(find('node-1', id)).toEqual(cart);
    expect(find('node-1', id.slice(0, 12))).toEqual(cart);
    expect(find('node-1', id.slice(0, 11))).toBeUndefined();
    expect(find('node-2', id)).toBeUndefined();
  });

  test('are not guessed where two begin alike', async () => {
    const { ask, find, answer, clock } = setUp();
    ask('node-1', id, clock.now(), () => {});
    await answer(0, listed(`${id}a`, `${id}b`));
    expect(find('node-1', id)).toBeUndefined();
  });

  test('are known for five minutes', async () => {
    const { ask, find, answer, clock } = setUp();
    ask('node-1', id, clock.now(), () => {});
    await answer(0, listed(id));
    await clock.advance(300_001);
    expect(find('node-1', id)).toBeUndefined();
    expect(ask('node-1', id, clock.now(), () => {})).toBe(true);
  });

  test('are asked for again, since an agent sees a container before the kubelet says its id', async () => {
    const { ask, find, answer, clock, requests } = setUp();
    const received = clock.now();
    ask('node-1', id, received, () => {});
    await answer(0, listed());
    let isTold = false;
    expect(ask('node-1', id, received, () => (isTold = true))).toBe(true);
    await clock.advance(4999);
    expect(requests).toHaveLength(1);
    await clock.advance(1);
    await answer(1, listed(id));
    expect(isTold).toBe(true);
    expect(find('node-1', id)).toEqual(cart);
  });

  test('are asked for again where what was read since has been forgotten: an event may have lain in a journal for long', async () => {
    const { ask, find, answer, clock } = setUp();
    const received = clock.now();
    await clock.advance(10_000);
    ask('node-1', `${id}9`, clock.now(), () => {});
    await answer(0, listed(id));
    await clock.advance(300_001);
    expect(find('node-1', id)).toBeUndefined();
    expect(ask('node-1', id, received, () => {})).toBe(true);
    await answer(1, listed(id));
    expect(find('node-1', id)).toEqual(cart);
  });

  test('are not waited for any more by an id that was not among them when it should have been', async () => {
    const { ask, answer, clock } = setUp();
    const received = clock.now();
    ask('node-1', id, received, () => {});
    await answer(0, listed());
    ask('node-1', id, received, () => {});
    await clock.advance(5000);
    await answer(1, listed());
    expect(ask('node-1', id, received, () => {})).toBe(false);
    await clock.advance(60_000);
    expect(ask('node-1', id, clock.now(), () => {})).toBe(false);
    expect(ask('node-1', `${id}9`, clock.now(), () => {})).toBe(true);
  });

  test('are asked for once by what comes late, or twice of a node that was asked a moment ago', async () => {
    const { ask, answer, clock, requests } = setUp();
    const long = clock.now();
    await clock.advance(3_600_000);
    expect(ask('node-1', id, long, () => {})).toBe(true);
    await answer(0, listed());
    expect(ask('node-1', id, long, () => {})).toBe(false);
    expect(ask('node-1', `${id}9`, clock.now(), () => {})).toBe(true);
    expect(requests).toHaveLength(1);
    await clock.advance(5000);
    expect(requests).toHaveLength(2);
  });

  test('are not asked for an id that is too short to tell', () => {
    const { ask, clock } = setUp();
    expect(ask('node-1', id.slice(0, 11), clock.now(), () => {})).toBe(false);
  });

  test('are known by what they ran before, too', async () => {
    const { ask, find, answer, clock } = setUp();
    const restarted = {
      name: 'app',
      containerID: `containerd://${id}`,
      lastState: { terminated: { containerID: 'containerd://0123456789abcdef' } },
    };
    ask('node-1', id, clock.now(), () => {});
    await answer(0, {
      items: [{ metadata: { namespace: cart.namespace, name: cart.pod }, status: { containerStatuses: [restarted] } }],
    });
    expect(find('node-1', '0123456789ab')).toEqual(cart);
  });

  test('are told to everybody who asked before the answer came', async () => {
    const { ask, answer, requests, clock } = setUp();
    const told: string[] = [];
    ask('node-1', id, clock.now(), () => told.push('first'));
    ask('node-1', id, clock.now(), () => told.push('second'));
    ask('node-2', id, clock.now(), () => told.push('third'));
    await answer(0, listed(id));
    expect(told).toEqual(['first', 'second']);
    await answer(1, listed());
    expect(told).toEqual(['first', 'second', 'third']);
    expect(requests).toHaveLength(2);
  });

  test('stay known where asking again fails', async () => {
    const { ask, find, answer, clock } = setUp();
    ask('node-1', id, clock.now(), () => {});
    await answer(0, listed(id));
    await clock.advance(60_000);
    const told: string[] = [];
    ask('node-1', id, clock.now(), () => told.push('asked'));
    await answer(1, new Error('timeout'));
    expect(told).toEqual(['asked']);
    expect(find('node-1', id)).toEqual(cart);
  });
});
