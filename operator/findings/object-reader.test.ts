import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../kube/log.ts';
import { resources } from '../../kube/resource.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { startFakeKube, type FakeKube } from '../../kube/testing/fake-kube.ts';
import { eventually } from '../../kube/testing/eventually.ts';
import { createTransport, type Transport } from '../../kube/transport.ts';
import { createObjectReader, type ObjectReader } from './object-reader.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
let kube: FakeKube;
let transport: Transport;
let clock: FakeClock;
let stop: AbortController;
let reader: ObjectReader;

beforeEach(async () => {
  kube = await startFakeKube();
  transport = createTransport(kube.access, { userAgent: 'test/1' });
  clock = new FakeClock();
  stop = new AbortController();
  reader = createObjectReader({ transport, keys: ['team', 'owner'], clock, log: silentLog, signal: stop.signal });
});

afterEach(async () => {
  stop.abort();
  await transport.close();
  await kube.close();
});

const put = (name: string, metadata: object = {}): void => {
  kube.put(resources.pods, {
    metadata: { name, namespace: 'shop', ...metadata },
    spec: { containers: [{ name: 'app', image: 'registry.example.com/app:11' }] },
    status: { containerStatuses: [{ name: 'app', imageID: `registry.example.com/app@${digest}` }] },
  });
};

describe('an object', () => {
  test('is read with its digests and the marks that are looked for, labels before annotations', async () => {
    put('cart-1', {
      labels: { team: 'payments', app: 'cart' },
      annotations: { team: 'old', owner: 'dana', 'example.com/large': 'x'.repeat(1000) },
    });
    const { marks, containers } = (await reader.read('Pod', 'shop', 'cart-1')) ?? {};
    expect(marks).toEqual({ team: 'payments', owner: 'dana' });
    expect(containers?.get('app')).toEqual({ image: 'registry.example.com/app:11', digest });
    expect(kube.requests[0]?.query).toMatchObject({ fieldSelector: 'metadata.name=cart-1' });
  });

  test('is read once in a while, and then anew', async () => {
    put('cart-1');
    await reader.read('Pod', 'shop', 'cart-1');
    await reader.read('Pod', 'shop', 'cart-1');
    expect(kube.requests).toHaveLength(1);
    put('cart-1', { annotations: { team: 'payments' } });
    await clock.advance(6 * 60_000);
    expect((await reader.read('Pod', 'shop', 'cart-1'))?.marks).toEqual({ team: 'payments' });
  });

  test('that is not there, or may not be read, is not known, and is asked for again', async () => {
    expect(await reader.read('Pod', 'shop', 'cart-1')).toBeUndefined();
    put('cart-1');
    kube.inject({ fault: { answer: 403 } });
    expect(await reader.read('Pod', 'shop', 'cart-1')).toBeUndefined();
    expect(await reader.read('Pod', 'shop', 'cart-1')).toBeDefined();
  });

  test('of a kind that the operator may not list is not asked for', async () => {
    expect(await reader.read('Rollout', 'shop', 'cart')).toBeUndefined();
    expect(kube.requests).toEqual([]);
  });

  test('that is only peeked at is known a moment later', async () => {
    put('cart-1');
    expect(reader.peek('Pod', 'shop', 'cart-1')).toBeUndefined();
    await eventually('it has been read', () => reader.peek('Pod', 'shop', 'cart-1') !== undefined);
    await clock.advance(60 * 60_000);
    expect(reader.peek('Pod', 'shop', 'cart-1')).toBeDefined();
    expect(kube.requests).toHaveLength(1);
  });
});

test('a thousand at once are a few requests, and a few more each second', async () => {
  const ask = async (from: number): Promise<void> => {
    await Promise.all(Array.from({ length: 1000 }, (_, index) => reader.read('Pod', 'shop', `pod-${from + index}`)));
  };
  await ask(0);
  expect(kube.requests).toHaveLength(20);
  await clock.advance(1000);
  await ask(1000);
  expect(kube.requests).toHaveLength(30);
});
