import { workloadKey } from '../../domain/coverage/inventory.ts';
import type { FindingRecord } from '../../domain/findings/record.ts';

/** Workloads of which something is to be done. */
export const openWorkloads = (findings: Iterable<{ readonly record: FindingRecord }>): ReadonlySet<string> => {
  const keys = new Set<string>();
  for (const { record } of findings) {
    const { subject, state } = record;
    const isOpen = state.phase !== 'Resolved' && state.phase !== 'RiskAccepted';
    if (isOpen && subject.namespace !== undefined) keys.add(workloadKey(subject.namespace, subject.kind, subject.name));
  }
  return keys;
};
