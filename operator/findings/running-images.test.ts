import { describe, expect, test } from 'vitest';
import { aContainer, aShape } from '../../domain/testing/pods.ts';
import { gcc, hour, only, setUp, shopPod } from './testing/world.ts';

describe('an image', () => {
  const a = `sha256:${'aa'.repeat(32)}`;
  const b = `sha256:${'bb'.repeat(32)}`;
  const old = 'registry.example.com/shop/app:3.1.0';

  /** A finding of two pods, written; `roll` puts pods that have just started in their place. */
  const running = (digests: Readonly<Record<string, string>> = {}) => {
    const world = setUp({
      peek: (_, pod) => ({ marks: {}, containers: new Map([['app', { image: old, digest: digests[pod] }]]) }),
    });
    world.post();
    const { key, finding } = only(world.book());
    const digest = digests['cart-a'];
    if (digest !== undefined) finding.record = { ...finding.record, imageDigest: { pod: 'cart-a', digest } };
    world.write();
    const roll = (image: string, names: readonly string[]): void => {
      for (const pod of world.model.inventory.workloads.get('shop/Deployment/cart')?.pods ?? []) {
        world.model.removePod('shop', pod.facts.name);
      }
      const shape = aShape({ containers: [aContainer({ image })] });
      for (const name of names) world.model.upsertPod({ ...shopPod(name), shape, createdAt: world.now() + 1 });
    };
    const status = () => world.objects.get(key)?.status;
    const condition = () => status()?.conditions?.find(({ type }) => type === 'ImageChanged');
    const lookAndWrite = (ms = 60_000): void => {
      world.look(ms);
      world.write();
    };
    return { ...world, key, roll, status, condition, lookAndWrite };
  };

  test('that all pods have left is told, and so is the fix', () => {
    const { roll, condition, status, lookAndWrite } = running();
    lookAndWrite();
    expect(condition()).toMatchObject({ status: 'False', reason: 'NotObserved' });
    expect(status()?.imageChange).toBeUndefined();
    roll('registry.example.com/shop/app:4', ['cart-c', 'cart-d', 'cart-e']);
    lookAndWrite();
    expect(condition()).toMatchObject({
      status: 'True',
      message: `cart runs registry.example.com/shop/app:4 on all 3 pods; the behaviour was last seen in ${old}.`,
    });
    expect(status()?.imageChange).toEqual({
      from: old,
      to: ['registry.example.com/shop/app:4'],
      pods: 3,
      since: '2026-11-22T00:02:00Z',
    });
    lookAndWrite(25 * hour);
    expect(status()?.history?.at(-1)).toMatchObject({
      reason: 'SilenceObserved',
      message: expect.stringMatching(
        /listened, after its image changed from registry.example.com.shop.app:3.1.0 to registry.example.com.shop.app:4[.]$/,
      ) as string,
    });
  });

  test('is not called another while one pod still runs it', () => {
    const { roll, condition, lookAndWrite, model } = running();
    roll('registry.example.com/shop/app:4', ['cart-c']);
    model.upsertPod(shopPod('cart-b'));
    lookAndWrite();
    expect(condition()?.status).toBe('False');
  });

  test('in which the behaviour is seen again is the one that it was last seen in', () => {
    const { roll, condition, status, lookAndWrite, post } = running();
    roll('registry.example.com/shop/app:4', ['cart-c']);
    lookAndWrite();
    post({ origin: { ...gcc.origin, pod: 'cart-c' } });
    lookAndWrite();
    expect(condition()?.status).toBe('False');
    expect(status()).toMatchObject({ subject: { image: 'registry.example.com/shop/app:4' } });
    expect(status()?.imageChange).toBeUndefined();
  });

  test('that was left before is not the latest because one of its events comes late', () => {
    const { roll, status, lookAndWrite, post, now } = running();
    roll('registry.example.com/shop/app:4', ['cart-c']);
    lookAndWrite();
    const seenAt = now();
    post({ at: seenAt, origin: { ...gcc.origin, pod: 'cart-c' } });
    post({ at: seenAt - hour });
    lookAndWrite();
    expect(status()?.subject.image).toBe('registry.example.com/shop/app:4');
  });

  test('is written when it changes, and never when nothing but the number of pods does', () => {
    const { roll, enqueued, look, lookAndWrite, model } = running();
    lookAndWrite(120_000);
    roll('registry.example.com/shop/app:4', ['cart-c']);
    look(1000);
    expect(enqueued.size).toBe(1);
    lookAndWrite();
    const shape = aShape({ containers: [aContainer({ image: 'registry.example.com/shop/app:4' })] });
    model.upsertPod({ ...shopPod('cart-d'), shape });
    look(1000);
    expect(enqueued.size).toBe(0);
  });

  test('stays another over a restart, also while nothing runs', () => {
    const { roll, condition, status, lookAndWrite, restart, now, look, post, write } = running();
    roll('registry.example.com/shop/app:4', ['cart-c']);
    lookAndWrite();
    const before = [condition()?.message, status()?.imageChange];
    roll('registry.example.com/shop/app:4', []);
    restart(now());
    look(60_000);
    write();
    expect([condition()?.message, status()?.imageChange]).toEqual(before);
    // And is forgotten when the old one shows it again.
    roll(old, ['cart-f']);
    post({ origin: { ...gcc.origin, pod: 'cart-f' } });
    look(60_000);
    write();
    expect([condition()?.status, status()?.imageChange]).toEqual(['False', undefined]);
  });

  test.each<[string, string | undefined, string]>([
    ['is another under its tag where digests tell so, also over a restart', b, 'True'],
    ['is the same under its tag where digests do', a, 'False'],
    ['is taken for the same where no digest is known', undefined, 'False'],
  ])('%s', (_, digest, expected) => {
    const { roll, condition, status, restart, now, look, write, lookAndWrite } = running({
      'cart-a': a,
      ...(digest === undefined ? {} : { 'cart-c': digest }),
    });
    expect(status()?.subject.imageDigest).toBe(a);
    roll(old, ['cart-c']);
    lookAndWrite();
    expect(condition()?.status).toBe(expected);
    restart(now());
    look(60_000);
    write();
    expect(condition()?.status).toBe(expected);
    if (expected === 'True') expect(status()?.imageChange).toMatchObject({ from: `${old}@${a}`, to: [`${old}@${b}`] });
  });
});
