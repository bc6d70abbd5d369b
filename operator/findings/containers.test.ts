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
    const { ask, find, answer } = setUp();
    expect(find('node-1', id)).toBeUndefined();
    expect(ask('node-1', () => {})).toBe(true);
    await answer(0, listed(id, '9f2a1b4c5d6e7f80'));
    expect(find('node-1', id)).toEqual(cart);
    expect(find('node-1', id.slice(0, 12))).toEqual(cart);
    expect(find('node-1', id.slice(0, 11))).toBeUndefined();
    expect(find('node-2', id)).toBeUndefined();
  });

  test('are not guessed where two begin alike', async () => {
    const { ask, find, answer } = setUp();
    ask('node-1', () => {});
    await answer(0, listed(`${id}a`, `${id}b`));
    expect(find('node-1', id)).toBeUndefined();
  });

  test('are asked for once in ten seconds, and known for five minutes', async () => {
    const { ask, find, answer, clock } = setUp();
    ask('node-1', () => {});
    await answer(0, listed(id));
    expect(ask('node-1', () => {})).toBe(false);
    await clock.advance(300_001);
    expect(find('node-1', id)).toBeUndefined();
    expect(ask('node-1', () => {})).toBe(true);
  });

  test('are told to everybody who asked before the answer came', async () => {
    const { ask, answer, requests } = setUp();
    const told: string[] = [];
    ask('node-1', () => told.push('first'));
    ask('node-1', () => told.push('second'));
    ask('node-2', () => told.push('third'));
    await answer(0, listed(id));
    expect(told).toEqual(['first', 'second']);
    await answer(1, listed());
    expect(told).toEqual(['first', 'second', 'third']);
    expect(requests).toHaveLength(2);
  });

  test('stay known where asking again fails', async () => {
    const { ask, find, answer, clock } = setUp();
    ask('node-1', () => {});
    await answer(0, listed(id));
    await clock.advance(60_000);
    const told: string[] = [];
    ask('node-1', () => told.push('asked'));
    await answer(1, new Error('timeout'));
    expect(told).toEqual(['asked']);
    expect(find('node-1', id)).toEqual(cart);
    expect(ask('node-1', () => {})).toBe(false);
  });
});
