// Which findings there are, and how many of them each namespace has: whoever may make workloads must not be able to fill the memory.
import type { FindingRecord } from '../../../domain/findings/record.ts';
import type { FindingSubject } from '../../../domain/findings/types.ts';
import type { FindingIdentity } from '../identity.ts';
import { bringToLife, type LiveFinding } from './live-finding.ts';

export interface FindingRegistry {
  readonly get: (key: string) => LiveFinding | undefined;
  readonly all: () => Iterable<LiveFinding>;
  /** Whether the namespace may have one more; where not, that is remembered until one of them goes. */
  readonly hasRoom: (namespace: string, subject: FindingSubject) => boolean;
  readonly add: (identity: FindingIdentity, record: FindingRecord) => LiveFinding;
  readonly drop: (key: string) => void;
  /** Namespaces that have as many findings as they may, and would have more. */
  readonly full: () => readonly string[];
}

export const createFindingRegistry = (mostPerNamespace: number): FindingRegistry => {
  const findings = new Map<string, LiveFinding>();
  const perNamespace = new Map<string, number>();
  const full = new Set<string>();
  return {
    get: (key) => findings.get(key),
    all: () => findings.values(),
    hasRoom: (namespace, subject) => {
      if (!isCapped(subject) || (perNamespace.get(namespace) ?? 0) < mostPerNamespace) return true;
      full.add(namespace);
      return false;
    },
    add: (identity, record) => {
      const finding = bringToLife(identity, record);
      findings.set(finding.key, finding);
      if (isCapped(record.subject)) {
        perNamespace.set(identity.namespace, (perNamespace.get(identity.namespace) ?? 0) + 1);
      }
      return finding;
    },
    drop: (key) => {
      const finding = findings.get(key);
      if (finding === undefined) return;
      findings.delete(key);
      const { namespace } = finding.identity;
      if (!isCapped(finding.record.subject)) return;
      perNamespace.set(namespace, (perNamespace.get(namespace) ?? 1) - 1);
      // There is room again; whether it is enough, the next event tells.
      full.delete(namespace);
    },
    full: () => [...full].toSorted(),
  };
};

/** Whoever may make workloads may make any number of them; of nodes there are as many as there are. */
const isCapped = ({ kind }: FindingSubject): boolean => kind !== 'Node';
