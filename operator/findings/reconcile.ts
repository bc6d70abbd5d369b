// What is to be done under one name: a tombstone, a finding that is to be written, or one whose time is over.
import type { CoverageModel } from '../../domain/coverage/model.ts';
import type { Clock } from '../../kube/clock.ts';
import { classify } from '../../kube/errors.ts';
import type { OurObjects } from '../watches.ts';
import type { FindingBook } from './book/book.ts';
import type { LiveFinding } from './book/live-finding.ts';
import type { Expiry } from './expiry.ts';
import type { Refusals } from './refusals.ts';
import type { TransitionTeller } from './tell-transitions.ts';
import type { Tombstones } from './tombstones.ts';
import type { WriteFinding } from './write-finding.ts';
import type { WriteTurns } from './write-turns.ts';

export interface ReconcileOptions {
  readonly model: Pick<CoverageModel, 'isTerminating' | 'hasNamespace'>;
  readonly ours: Pick<OurObjects, 'findings'>;
  /** Of the operator. */
  readonly namespace: string;
  readonly book: Pick<FindingBook, 'get' | 'wrote' | 'seen'>;
  readonly write: WriteFinding;
  readonly expiry: Pick<Expiry, 'end'>;
  readonly tombstones: Pick<Tombstones, 'reconcile'>;
  readonly refusals: Pick<Refusals, 'note' | 'clear'>;
  readonly turns: Pick<WriteTurns, 'forget'>;
  readonly transitions: Pick<TransitionTeller, 'forget'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** The key is `NAMESPACE/NAME`. */
export const createReconcile = (options: ReconcileOptions): ((key: string) => Promise<void>) => {
  const { model, ours, book, write, expiry, tombstones, refusals, turns, transitions, clock } = options;
  const prefix = `${options.namespace}/`;

  const forget = (key: string): void => {
    turns.forget(key);
    transitions.forget(key);
    refusals.clear(key);
  };

  /** Events may come minutes after their pod, and after its namespace. */
  const isDoomed = (error: unknown, namespace: string): boolean => {
    const kind = classify(error);
    return kind === 'forbidden'
      ? model.isTerminating(namespace)
      : kind === 'notFound' && !model.hasNamespace(namespace);
  };

  const tryToWrite = async (finding: LiveFinding): Promise<void> => {
    const { key } = finding;
    const { namespace, name } = finding.identity;
    try {
      await write(finding);
    } catch (error) {
      // A namespace that goes takes its findings with it; the journal must not wait for what can never be written.
      if (!isDoomed(error, namespace)) {
        refusals.note(key, error);
        throw error;
      }
      book.wrote(key, finding.version, clock.now());
      // Nobody would ever say that it is gone.
      if (ours.findings.get(namespace, name) === undefined) book.seen(key, undefined);
    }
    refusals.clear(key);
  };

  return async (key) => {
    if (key.startsWith(prefix) && (await tombstones.reconcile(key.slice(prefix.length)))) return;
    const finding = book.get(key);
    if (finding === undefined) {
      forget(key);
      return;
    }
    finding.isQueued = false;
    if (finding.version === finding.written) await expiry.end(finding);
    else await tryToWrite(finding);
  };
};
