// What an earlier leader knew to be missing: the findings that it concerns say so, and a restart must not forget it.
import type { MissingEvents } from '../../domain/findings/hearing.ts';
import type { FindingRecord } from '../../domain/findings/record.ts';
import type { DeliveryBook } from './deliveries.ts';
import type { Listeners } from './ears.ts';

/** Before anything else is looked at. */
export const inheritDebts = (
  findings: Iterable<{ readonly record: FindingRecord }>,
  listeners: Pick<Listeners, 'nodesOf'>,
  deliveries: Pick<DeliveryBook, 'noteDebt'>,
): void => {
  for (const { record } of findings) {
    for (const { agent, nodes } of missingOf(record)) {
      const names = nodes === 'All' ? (listeners.nodesOf(record) ?? []).map(({ name }) => name) : nodes;
      for (const name of names) deliveries.noteDebt(name, agent);
    }
  }
};

/** Where whoever wrote it did not say what was missing, as a leader of an earlier version, anything may be. */
const missingOf = ({ agents, state: { quiet } }: FindingRecord): readonly MissingEvents[] => {
  const { suspended, hearing } = quiet.stored;
  if (hearing !== undefined) return hearing.missing;
  return suspended?.reason === 'DeliveryUnproven' ? agents.map((agent) => ({ agent, nodes: 'All' })) : [];
};
