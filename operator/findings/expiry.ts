// A finding that has been resolved for long goes, once the outside has been told all of it.
import type { Writer } from '../../kube/apply.ts';
import type { Clock } from '../../kube/clock.ts';
import { resources } from '../../kube/resource.ts';
import type { OurObjects, RawObject } from '../watches.ts';
import type { LiveFinding } from './book/live-finding.ts';

export interface Expiry {
  readonly isOver: (finding: LiveFinding) => boolean;
  /** Deletes the object where the time of its finding is over. */
  readonly end: (finding: LiveFinding) => Promise<void>;
}

export interface ExpiryOptions {
  readonly ours: Pick<OurObjects, 'findings'>;
  /** How long a resolved finding is kept, in milliseconds. */
  readonly retentionMs: number;
  /** Whether a resolved finding whose time is over may be deleted. */
  readonly mayGo: (finding: RawObject) => boolean;
  readonly writer: Pick<Writer, 'delete'>;
  readonly clock: Pick<Clock, 'now'>;
}

export const createExpiry = ({ ours, retentionMs, mayGo, writer, clock }: ExpiryOptions): Expiry => {
  const isOver = ({ record: { state } }: LiveFinding): boolean =>
    state.phase === 'Resolved' && state.resolvedAt !== undefined && state.resolvedAt + retentionMs <= clock.now();
  return {
    isOver,
    end: async (finding) => {
      const { namespace, name } = finding.identity;
      const object = ours.findings.get(namespace, name);
      if (object === undefined || !isOver(finding) || !mayGo(object)) return;
      const { uid, resourceVersion } = object.metadata;
      // As we know it: whoever leads by now may have opened it again.
      await writer.delete(resources.findings, { namespace, name }, { uid, resourceVersion });
    },
  };
};
