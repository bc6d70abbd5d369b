import { expect, test } from 'vitest';
import type { Transport } from '../../kube/transport.ts';
import { leader } from './testing/leader.ts';

test('a finding that is resolved goes after its time, and not before the outside has been told all of it', async () => {
  let isTold = false;
  const status = { phase: 'Resolved', resolution: 'Verified', resolvedAt: '2026-01-01T00:00:00Z' };
  const { clock, writer, object } = await leader({} as Transport, { mayGo: () => isTold, status });
  await clock.advance(60_000);
  expect(writer.writes).toEqual([]);
  isTold = true;
  await clock.advance(60_000);
  expect(writer.writes[0]).toEqual({ verb: 'delete', kind: 'Finding', name: object.metadata.name });
});
