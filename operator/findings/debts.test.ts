import { expect, test } from 'vitest';
import type { Transport } from '../../kube/transport.ts';
import { hour } from './testing/world.ts';
import { leader } from './testing/leader.ts';

test('what was lost under an earlier leader is not forgotten by the next', async () => {
  const suspendedMessage = 'on node node-1: falco counted 5 more of rule Compiler run in container than arrived';
  const quiet = { required: '24h', observedBefore: '1h', suspendedReason: 'DeliveryUnproven', suspendedMessage };
  const { deliveries } = await leader({} as Transport, { status: { quiet: { ...quiet, evidence: 'Delivered' } } });
  const question = { node: 'node-1', agent: 'falco', rules: [], withinMs: hour, staleAfter: hour };
  expect(deliveries.undelivered(question)).toMatch(/^before the operator was started falco had counted more/);
});
