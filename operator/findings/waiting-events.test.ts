import { expect, test } from 'vitest';
import type { Transport } from '../../kube/transport.ts';
import { leader } from './testing/leader.ts';

test('what comes behind an event that waits for the containers of its node waits too, so that none is taken for a replay', async () => {
  const asked = Promise.withResolvers<unknown>();
  const transport = { request: () => asked.promise } as unknown as Transport;
  const { keeper, ours, object, clock, writer } = await leader(transport);
  const event = (fields: object) => ({
    rule: 'Compiler run in container',
    time: '2026-11-22T00:00:00Z',
    priority: 'Notice',
    source: 'syscall',
    hostname: 'node-1',
    output_fields: { 'proc.name': 'gcc', ...fields },
  });
  const byId = event({ 'container.id': '3f2a1b4c5d6e' });
  const byName = event({ 'k8s.ns.name': 'shop', 'k8s.pod.name': 'cart-a', 'container.name': 'app' });
  const before = (object as unknown as { status: { count: number } }).status.count;
  const entry = { source: 'falco', sender: 'test', node: undefined, at: 1000, items: [byId, byName] } as const;
  keeper.take(entry, 'b', 5);
  expect(keeper.included(6)).toBe(4);
  const containerStatuses = [{ name: 'app', containerID: 'containerd://3f2a1b4c5d6e7f80' }];
  asked.resolve({ items: [{ metadata: { namespace: 'shop', name: 'cart-a' }, status: { containerStatuses } }] });
  await clock.advance(60_000);
  const written = writer.writes.findLast(({ verb, name }) => verb === 'applyStatus' && name === object.metadata.name);
  expect(written?.object).toMatchObject({ status: { count: before + 2, journal: { b: 6 } } });
  expect(keeper.included(6)).toBe(6);
  expect([...ours.findings.list()]).toHaveLength(1);
});
