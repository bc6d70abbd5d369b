// What is left of a finding whose namespace goes: a Finding in the operator's own namespace, made while there still is something to make
// it of. It is never looked at again, and goes after the time for which resolved findings are kept.
import { createHash } from 'node:crypto';
import type { Finding } from '../../crds/schema/finding.ts';
import { advance } from '../../domain/findings/life-cycle.ts';
import { withHistory, type FindingRecord } from '../../domain/findings/record.ts';
import { shortHash } from '../../domain/hash.ts';
import { canonicalJson } from '../../domain/snapshot/canonical-json.ts';
import type { Writer } from '../../kube/apply.ts';
import type { Clock } from '../../kube/clock.ts';
import { apiVersionOf, resources } from '../../kube/resource.ts';
import { originAnnotations } from '../sinks/deliverable.ts';
import { fieldManager, rfc3339, type StatusWriter } from '../status.ts';
import type { RawObject } from '../watches.ts';
import type { LiveFinding } from './book/live-finding.ts';
import { aspectsOf } from './aspects.ts';
import { statusOf, type SubjectDetails } from './status.ts';

export interface Tombstones {
  /** `object`: the finding as it is stored. Buries it once, however often it is called. */
  readonly bury: (finding: LiveFinding, object: RawObject, details: SubjectDetails) => void;
  /** A tombstone as the watch brings it; undefined where it is gone. */
  readonly seen: (name: string, finding: Finding | undefined) => void;
  /** Asks for those that are due to go. */
  readonly look: () => void;
  /** Answers whether there is anything to do under the name, after having done it. */
  readonly reconcile: (name: string) => Promise<boolean>;
}

export interface TombstonesOptions {
  /** Of the operator. */
  readonly namespace: string;
  readonly retentionMs: number;
  /** Past it the oldest go before their time. */
  readonly most: number;
  /** Whether every sink has been told all of the finding. */
  readonly isExported: (object: RawObject) => boolean;
  readonly writer: Pick<Writer, 'apply' | 'delete'>;
  readonly status: StatusWriter;
  readonly enqueue: (name: string) => void;
  readonly clock: Pick<Clock, 'now'>;
}

type Draft = Omit<Parameters<StatusWriter['write']>[0], 'resource' | 'object'> & {
  readonly annotations: Readonly<Record<string, string>>;
};

export const createTombstones = (options: TombstonesOptions): Tombstones => {
  const { namespace, retentionMs, most, writer, status, enqueue, clock } = options;
  /** To be written, by name; kept until the watch brings them. */
  const drafts = new Map<string, Draft>();
  const written = new Set<string>();
  /** When the namespace went, by name. */
  const standing = new Map<string, number>();
  /** To be deleted. */
  const due = new Set<string>();

  const write = async (name: string, { annotations, ...draft }: Draft): Promise<void> => {
    const labels = { 'app.kubernetes.io/managed-by': fieldManager, 'workloadprotection.dev/tombstone': 'true' };
    const metadata = { name, namespace, labels, annotations };
    const object: RawObject & { readonly status?: { readonly tombstone?: unknown } } = await writer.apply(
      resources.findings,
      { metadata },
      { fieldManager },
    );
    // The first one to bury it may have known more.
    if (object.status?.tombstone === undefined) {
      const { resourceVersion } = object.metadata;
      await status.write({ resource: resources.findings, object, ...draft, resourceVersion });
    }
    // The watch may have been quicker than the answer.
    if (standing.has(name)) drafts.delete(name);
    else written.add(name);
  };

  return {
    bury: (finding, object, details) => {
      const name = tombstoneName(object);
      if (standing.has(name) || drafts.has(name)) return;
      const now = clock.now();
      const record = gone(finding, now);
      const tombstone = { time: rfc3339(now), digest: digestOf(object), exported: options.isExported(object) };
      const content = { ...statusOf(record, details, finding.evidence, now), tombstone };
      drafts.set(name, { content, aspects: aspectsOf(record), now, annotations: originAnnotations(object) });
      // Where its own object stands a little longer, it has ended the same way: a second end would be told as another.
      finding.record = { ...record, journal: finding.record.journal };
      enqueue(name);
    },
    seen: (name, finding) => {
      const time = finding?.status?.tombstone?.time;
      if (time === undefined) {
        standing.delete(name);
        return;
      }
      standing.set(name, Date.parse(time));
      if (written.delete(name)) drafts.delete(name);
    },
    look: () => {
      const until = clock.now() - retentionMs;
      const oldest = [...standing].toSorted(([, a], [, b]) => a - b);
      for (const [index, [name, time]] of oldest.entries()) {
        if (time > until && index >= oldest.length - most) return;
        due.add(name);
        enqueue(name);
      }
    },
    reconcile: async (name) => {
      const draft = drafts.get(name);
      if (draft !== undefined) {
        if (!written.has(name)) await write(name, draft);
        return true;
      }
      if (due.has(name)) {
        await writer.delete(resources.findings, { namespace, name });
        due.delete(name);
        return true;
      }
      return standing.has(name);
    },
  };
};

/** Begins with the namespace, so that what is left of one stands together. The UID tells it from a later one of the same name. */
const tombstoneName = ({ metadata: { namespace = '', name, uid } }: RawObject): string =>
  `${namespace}-${name.slice(0, 150).replace(/[-.]+$/, '')}-${shortHash(canonicalJson([namespace, name, uid]))}`;

const gone = ({ record, case: caseFile }: LiveFinding, now: number): FindingRecord => {
  const { state, transitions } = advance(record.state, {
    now,
    elapsed: 0,
    listening: record.state.quiet.listening,
    provenAgo: Number.POSITIVE_INFINITY,
    hearing: record.state.quiet.hearing,
    case: caseFile,
    required: Number.POSITIVE_INFINITY,
    requiredRuns: undefined,
    cleanRuns: 0,
    isGone: true,
  });
  // A tombstone counts nothing that is replayed.
  return { ...withHistory({ ...record, state }, transitions), journal: new Map() };
};

const digestOf = (object: RawObject): string => {
  const { metadata, spec, status } = object as RawObject & { readonly spec?: unknown; readonly status?: unknown };
  const { namespace, name, uid } = metadata;
  const { kind } = resources.findings;
  const text = canonicalJson({
    apiVersion: apiVersionOf(resources.findings),
    kind,
    metadata: { namespace, name, uid },
    spec,
    status,
  });
  return `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
};
