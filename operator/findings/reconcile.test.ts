import { describe, expect, test } from 'vitest';
import { KubeError } from '../../kube/errors.ts';
import { installing, leader } from './testing/leader.ts';

describe('a namespace that is not there when a finding is made in it', () => {
  const notFound = { code: 404, reason: 'NotFound', message: 'namespaces "shop" not found', request: 'PATCH' };

  test('has gone before the event came, which does not hold the journal', async () => {
    const { keeper, clock, writer, told } = await leader();
    keeper.take(installing, 'b', 5);
    writer.failNext(new KubeError(notFound));
    await clock.advance(60_000);
    expect(keeper.included(5)).toBe(5);
    expect(told).toEqual([]);
  });

  test('is asked for again where it is known to be', async () => {
    const { keeper, clock, writer, model, told } = await leader();
    model.upsertNamespace({ name: 'shop', labels: {}, terminating: false });
    keeper.take(installing, 'b', 5);
    writer.failNext(new KubeError(notFound));
    await clock.advance(60_000);
    expect(keeper.included(5)).toBe(5);
    expect(told).toHaveLength(1);
  });
});
