// What an earlier leader knew to be lost: a finding whose clock stands still for it says so, and a restart must not forget it.
import type { FindingRecord } from '../../domain/findings/record.ts';
import { tellsOfLoss, type DeliveryBook } from './deliveries.ts';
import type { Listeners } from './ears.ts';

/** Before anything else is looked at. The words name one node and count the others, so that every node of the finding is in doubt. */
export const inheritDebts = (
  findings: Iterable<{ readonly record: FindingRecord }>,
  listeners: Pick<Listeners, 'nodesOf'>,
  deliveries: Pick<DeliveryBook, 'noteDebt'>,
): void => {
  for (const { record } of findings) {
    const { suspended } = record.state.quiet.stored;
    if (suspended?.reason !== 'DeliveryUnproven' || !tellsOfLoss(suspended.message)) continue;
    for (const { name } of listeners.nodesOf(record) ?? []) {
      for (const agent of record.agents) deliveries.noteDebt(name, agent);
    }
  }
};
