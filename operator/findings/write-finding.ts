// Writes one finding: its object where it is not there, and its status as its record is now; upon the version that we know, so that what
// somebody else has written meanwhile is never written over unseen.
import type { CoverageModel } from '../../domain/coverage/model.ts';
import type { Writer } from '../../kube/apply.ts';
import type { Clock } from '../../kube/clock.ts';
import { classify } from '../../kube/errors.ts';
import { resources } from '../../kube/resource.ts';
import { standingFinding } from '../sinks/deliverable.ts';
import { fieldManager, type VersionedStatusWriter } from '../status.ts';
import type { OurObjects, RawObject } from '../watches.ts';
import type { Authorship } from './authorship.ts';
import type { FindingBook } from './book/book.ts';
import type { LiveFinding } from './book/live-finding.ts';
import type { ObjectReader } from './object-reader.ts';
import { aspectsOf } from './aspects.ts';
import { statusOf } from './status.ts';
import { detailsOf, learn } from './subject-details.ts';
import type { TransitionTeller } from './tell-transitions.ts';
import type { WriteTurns } from './write-turns.ts';

export type WriteFinding = (finding: LiveFinding) => Promise<void>;

export interface WriteFindingOptions {
  readonly model: CoverageModel;
  readonly ours: Pick<OurObjects, 'findings'>;
  readonly reader: ObjectReader;
  /** Keys of labels or annotations that name a workload's team, the first that is there. */
  readonly teamKeys: readonly string[];
  readonly writer: Pick<Writer, 'apply' | 'get'>;
  readonly status: VersionedStatusWriter;
  readonly book: Pick<FindingBook, 'writing' | 'wrote' | 'overwritten'>;
  readonly authorship: Omit<Authorship, 'forget'>;
  readonly turns: Pick<WriteTurns, 'begin'>;
  readonly transitions: Pick<TransitionTeller, 'tellRest'>;
  readonly clock: Pick<Clock, 'now'>;
}

export const createWriteFinding = (options: WriteFindingOptions): WriteFinding => {
  const { model, ours, reader, teamKeys, writer, status, book, authorship, turns, transitions, clock } = options;

  /** The object with its uid, made where it is not there. */
  const objectOf = async ({ key, identity: { namespace, name }, record }: LiveFinding): Promise<RawObject> => {
    const stored = ours.findings.get(namespace, name);
    if (stored !== undefined) return stored;
    const labels = {
      'app.kubernetes.io/managed-by': fieldManager,
      'workloadprotection.dev/behaviour': record.behaviour,
      'workloadprotection.dev/subject-kind': record.subject.kind,
    };
    const made: RawObject = await writer.apply(
      resources.findings,
      { metadata: { name, namespace, labels } },
      { fieldManager },
    );
    // Another leader may have made it, and said something of it.
    authorship.saw(key, made, undefined, true);
    return made;
  };

  const readAgain = async (
    { key, identity }: LiveFinding,
    before: RawObject,
    conflict: unknown,
  ): Promise<RawObject> => {
    const object = await writer.get<RawObject>(resources.findings, identity);
    // The watch will tell that the one we knew is gone.
    if (object.metadata.uid !== before.metadata.uid) throw conflict;
    authorship.saw(key, object, before, true);
    return object;
  };

  const writeUpon = async (finding: LiveFinding, object: RawObject): Promise<void> => {
    const { key } = finding;
    const resourceVersion = await authorship.upon(key);
    transitions.tellRest(finding, object);
    book.writing(key);
    const { version, record, evidence } = finding;
    const now = clock.now();
    const details = detailsOf(model, record, standingFinding(object)?.status.subject);
    const wrote = await status.write({
      resource: resources.findings,
      object,
      content: statusOf(record, details, evidence, now),
      aspects: aspectsOf(record),
      now,
      resourceVersion,
    });
    authorship.wrote(key, wrote ? status.lastWritten(resources.findings, object) : resourceVersion);
    book.wrote(key, version, now);
  };

  return async (finding) => {
    const { key } = finding;
    // From its beginning: an event that comes during the write must not be the next one.
    turns.begin(key);
    authorship.begin(key);
    try {
      const learned = await learn(model, reader, teamKeys, finding.record);
      finding.record = { ...finding.record, ...learned };
      const object = await objectOf(finding);
      try {
        await writeUpon(finding, object);
      } catch (error) {
        if (classify(error) !== 'conflict') throw error;
        // Somebody works on the case, or another leader wrote, and the watch has not told yet. Once: the next time has to wait its turn.
        await writeUpon(finding, await readAgain(finding, object, error));
      }
    } finally {
      if (authorship.end(key)) book.overwritten(key);
    }
  };
};
