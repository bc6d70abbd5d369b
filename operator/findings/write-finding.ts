// Writes one finding: its object where it is not there, and its status as its record is now.
import type { CoverageModel } from '../../domain/coverage/model.ts';
import type { Writer } from '../../kube/apply.ts';
import type { Clock } from '../../kube/clock.ts';
import { resources } from '../../kube/resource.ts';
import { standingFinding } from '../sinks/deliverable.ts';
import { fieldManager, type StatusWriter } from '../status.ts';
import type { OurObjects, RawObject } from '../watches.ts';
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
  readonly writer: Pick<Writer, 'apply'>;
  readonly status: StatusWriter;
  readonly book: Pick<FindingBook, 'writing' | 'wrote'>;
  readonly turns: Pick<WriteTurns, 'begin'>;
  readonly transitions: Pick<TransitionTeller, 'tellRest'>;
  readonly clock: Pick<Clock, 'now'>;
}

export const createWriteFinding = (options: WriteFindingOptions): WriteFinding => {
  const { model, ours, reader, teamKeys, writer, status, book, turns, transitions, clock } = options;

  /** The object with its uid, made where it is not there. */
  const objectOf = async ({ identity: { namespace, name }, record }: LiveFinding): Promise<RawObject> => {
    const stored = ours.findings.get(namespace, name);
    if (stored !== undefined) return stored;
    const labels = {
      'app.kubernetes.io/managed-by': fieldManager,
      'workloadprotection.dev/behaviour': record.behaviour,
      'workloadprotection.dev/subject-kind': record.subject.kind,
    };
    return writer.apply(resources.findings, { metadata: { name, namespace, labels } }, { fieldManager });
  };

  return async (finding) => {
    const { key } = finding;
    // From its beginning: an event that comes during the write must not be the next one.
    turns.begin(key);
    const learned = await learn(model, reader, teamKeys, finding.record);
    finding.record = { ...finding.record, ...learned };
    const object = await objectOf(finding);
    transitions.tellRest(finding, object);
    book.writing(key);
    const { version, record, evidence } = finding;
    const now = clock.now();
    const details = detailsOf(model, record, standingFinding(object)?.status.subject);
    await status.write({
      resource: resources.findings,
      object,
      content: statusOf(record, details, evidence, now),
      aspects: aspectsOf(record),
      now,
    });
    book.wrote(key, version, now);
  };
};
