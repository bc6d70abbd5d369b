// Keeps findings: takes events from the journal, looks at who listens whenever the fleet changes and every quarter of a minute, and
// writes what came of it, each finding at most every five seconds.
import { clusterReportName } from '../../crds/schema/coverage-report.ts';
import { workloadKey } from '../../domain/coverage/inventory.ts';
import type { CoverageModel } from '../../domain/coverage/model.ts';
import type { Transition } from '../../domain/findings/life-cycle.ts';
import { longestLookMs } from '../../domain/findings/quiet-clock.ts';
import type { JournalPlace } from '../../domain/findings/record.ts';
import type { SecurityEvent } from '../../domain/findings/types.ts';
import type { Policy } from '../../domain/types.ts';
import type { EventAdapter, EventLoss } from '../../agents/event.ts';
import type { Writer } from '../../kube/apply.ts';
import { every, type Clock } from '../../kube/clock.ts';
import { classify } from '../../kube/errors.ts';
import type { EventRecorder } from '../../kube/events.ts';
import type { Log } from '../../kube/log.ts';
import { resources } from '../../kube/resource.ts';
import type { Transport } from '../../kube/transport.ts';
import { WorkQueue, type WorkQueueMetrics } from '../../kube/workqueue.ts';
import type { Entry } from '../ingest/entry.ts';
import type { CoverageKeeper } from '../keeper.ts';
import { standingFinding } from '../sinks/deliverable.ts';
import { fieldManager, type StatusWriter } from '../status.ts';
import type { OurObjects, RawObject } from '../watches.ts';
import { createFindingBook, type FindingBookOptions } from './book/book.ts';
import type { EventOutcome } from './book/event-outcome.ts';
import type { LiveFinding } from './book/live-finding.ts';
import type { TakenEvent } from './book/take-event.ts';
import { createContainerIds } from './containers.ts';
import { whyDeaf } from './deafness.ts';
import { inheritDebts } from './debts.ts';
import type { DeliveryBook } from './deliveries.ts';
import { createListeners } from './ears.ts';
import type { EndedPods } from './ended-pods.ts';
import { createEventIds, type EventIds } from './event-ids.ts';
import type { FindingMetrics } from './metrics.ts';
import { readFinding } from './read.ts';
import { createObjectReader } from './object-reader.ts';
import type { RecentPods } from './recent-pods.ts';
import { createRefusals, type RefusedFinding } from './refusals.ts';
import { aspectsOf, statusOf, type SubjectDetails } from './status.ts';
import { detailsOf, learn } from './subject-details.ts';
import { createTally } from './tally.ts';
import { createTombstones } from './tombstones.ts';
import { recordTransition } from './transition-event.ts';
import type { UnattributedBook } from './unattributed.ts';

export interface FindingKeeper {
  /** An entry of the journal that is being worked in; `position` is that of its first event there. */
  readonly take: (entry: Entry, journal: string, position: number) => void;
  /** Everything up to here has been worked in and written. */
  readonly included: (processed: number) => number;
  readonly idsUpTo: EventIds['upTo'];
  readonly restoreIds: EventIds['restore'];
  /** Namespaces that have as many findings as they may, and would have more. */
  readonly full: () => readonly string[];
  /** Findings that the API server has refused for long. */
  readonly refused: () => readonly RefusedFinding[];
  /**
   * Whether the next leader may be told that this one lives, by the time up to which clocks count then. Where not, what is to be written
   * before is on its way.
   */
  readonly mayClaimToLive: () => boolean;
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface FindingKeeperOptions {
  readonly keeper: CoverageKeeper;
  readonly model: CoverageModel;
  readonly ours: OurObjects;
  readonly adapters: ReadonlyMap<string, EventAdapter>;
  readonly policies: () => readonly Policy[];
  readonly pods: RecentPods;
  readonly endedPods: EndedPods;
  /** Kinds of which nothing has been heard for too long. */
  readonly unheard: () => readonly string[];
  readonly deliveries: DeliveryBook;
  readonly unattributed: UnattributedBook;
  /** What the node's kubelet says of its control groups. */
  readonly cgroups: FindingBookOptions['cgroups'];
  /** Whether every sink has been told all of a finding. */
  readonly isExported: (finding: RawObject) => boolean;
  /** Whether a resolved finding whose time is over may be deleted. */
  readonly mayGo: (finding: RawObject) => boolean;
  readonly transport: Transport;
  readonly writer: Pick<Writer, 'apply' | 'delete'>;
  readonly status: StatusWriter;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly metrics: FindingMetrics;
  readonly namespace: string;
  /** Keys of labels or annotations that name a workload's team, the first that is there. */
  readonly teamKeys: readonly string[];
  readonly mostPerNamespace: number;
  /** How long a resolved finding is kept, in milliseconds. */
  readonly retentionMs: number;
  readonly queueMetrics: WorkQueueMetrics;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Quick beside a quiet period, slow enough that a million events on one finding are a handful of writes. */
const writeEveryMs = 5000;
/** Of those that only counted further events fifty are written a second: a thousand at once must not keep the API server from all else. */
const turnMs = 20;
/** Each waits for the network. */
const workers = 4;
/** Events behind one that waits for the containers of its node: a second of a busy cluster. */
const mostWaiting = 20_000;
/** Changes of the fleet that come together are one look. */
const gatherMs = 1000;

export const createFindingKeeper = (options: FindingKeeperOptions): FindingKeeper => {
  const { keeper, model, ours, deliveries, metrics, writer, status, clock, log } = options;
  const aliveUntil = evaluatedAt(ours);
  const writtenAt = new Map<string, number>();
  /** From the first that waits for the containers of its node on: those behind it wait too, since findings count journals in order. */
  const waiting: TakenEvent[] = [];
  /** Of findings that are not made yet: an Event without the uid of what it is about is not shown where that is looked at. */
  const untold = new Map<string, Transition[]>();
  let isPatient = true;
  let lookedAt = clock.monotonic();
  let isFirst = true;
  /** Since then, the longest that an event had waited. */
  let latest = 0;
  const queue = new WorkQueue({
    name: 'findings',
    clock,
    metrics: options.queueMetrics,
    onError: (finding, error, retryInMs) =>
      log.warn({ finding, error, retryInMs }, 'cannot write a finding; will try again'),
  });

  /** When the next of those that only counted further events may be written. */
  let nextTurn = Number.NEGATIVE_INFINITY;
  const enqueue = (key: string, isUrgent: boolean): void => {
    const now = clock.monotonic();
    let at = Math.max(now, (writtenAt.get(key) ?? Number.NEGATIVE_INFINITY) + writeEveryMs);
    if (!isUrgent) {
      nextTurn = Math.max(now, nextTurn) + turnMs;
      at = Math.max(at, nextTurn - turnMs);
    }
    queue.addAfter(key, at - now);
  };

  const ids = createEventIds();
  const tally = createTally(metrics);
  const containers = createContainerIds({ ...options });
  const reader = createObjectReader({ ...options, keys: options.teamKeys });
  const book = createFindingBook({
    model,
    policies: options.policies,
    pod: options.pods.find,
    container: containers.find,
    hold: (node) => isPatient && containers.ask(node, () => settleWaiting()),
    cgroups: options.cgroups,
    reader,
    operatorNamespace: options.namespace,
    mostPerNamespace: options.mostPerNamespace,
    isTerminating: model.isTerminating,
    enqueue,
    onTransition: (finding, transition) => {
      const object = ours.findings.get(finding.identity.namespace, finding.identity.name);
      if (object !== undefined) recordTransition(options, finding, transition, object);
      else untold.set(finding.key, [...(untold.get(finding.key) ?? []), transition]);
    },
    onUnattributed: options.unattributed.note,
    aliveUntil: () => aliveUntil,
  });

  const refusals = createRefusals({ letGo: (key) => book.letGo(key), clock, log });
  const tombstones = createTombstones({
    ...options,
    most: options.mostPerNamespace,
    enqueue: (name) => queue.add(`${options.namespace}/${name}`),
  });

  const detailsWith = ({ record }: LiveFinding, object: RawObject): SubjectDetails =>
    detailsOf(model, record, standingFinding(object)?.status.subject);

  /** Where its namespace goes, and the finding with it. */
  const buryIfDoomed = (finding: LiveFinding | undefined, object: RawObject | undefined): void => {
    if (finding === undefined || object === undefined) return;
    const { namespace } = finding.identity;
    if (namespace === options.namespace || !model.isTerminating(namespace)) return;
    tombstones.bury(finding, object, detailsWith(finding, object));
  };

  /** Another watch may tell a moment later that the namespace goes. */
  const deleted = (object: RawObject): void => {
    const { namespace = '', name } = object.metadata;
    if (namespace === options.namespace) tombstones.seen(name, undefined);
    const finding = book.get(`${namespace}/${name}`);
    buryIfDoomed(finding, object);
    clock.after(gatherMs, () => buryIfDoomed(finding, object));
    book.seen(`${namespace}/${name}`, undefined);
  };

  const settle = (taken: TakenEvent): EventOutcome => {
    const outcome = book.take(taken);
    tally.note(taken.event.agentType, outcome, taken.event.rule);
    return outcome;
  };

  const look = (): void => {
    const now = clock.monotonic();
    const elapsed = now - lookedAt;
    lookedAt = now;
    const deaf = whyDeaf({ elapsed, latest, unheard: options.unheard() });
    latest = 0;
    const listeners = createListeners(model, deliveries, options.endedPods);
    if (isFirst) inheritDebts(book.all(), listeners, deliveries);
    isFirst = false;
    book.look(listeners, clock.now(), elapsed, deaf);
    for (const finding of book.all()) {
      const { namespace, name } = finding.identity;
      buryIfDoomed(finding, ours.findings.get(namespace, name));
      if (isExpired(finding)) enqueue(finding.key, true);
    }
    tombstones.look();
    refusals.look();
    metrics.setRefused(refusals.all().length);
    if (model.setOpenFindings(workloadsOf(book.all()))) keeper.touch();
    metrics.setFindings(book.all());
  };

  const isExpired = ({ record: { state } }: LiveFinding): boolean =>
    state.phase === 'Resolved' &&
    state.resolvedAt !== undefined &&
    state.resolvedAt + options.retentionMs <= clock.now();

  const see = (object: RawObject): void => {
    const { namespace = '', name } = object.metadata;
    const { tombstone } = (object as { readonly status?: { readonly tombstone?: unknown } }).status ?? {};
    const isKnown = tombstone === undefined && book.get(`${namespace}/${name}`) !== undefined;
    // Of one that is known only what people have decided is new: its status is our own word, which is large, and comes back at each write.
    const parsed = readFinding(isKnown ? withoutStatus(object) : object);
    // What is left of a finding is none: it must not be looked at, or it would be cleared as one.
    if (parsed.ok && parsed.value.status?.tombstone !== undefined) tombstones.seen(name, parsed.value);
    else if (parsed.ok) book.seen(`${namespace}/${name}`, parsed.value);
    else
      log.warn(
        { finding: `${namespace}/${name}`, error: parsed.error },
        'a Finding cannot be read, and is left as it is',
      );
  };

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

  const write = async (key: string, finding: LiveFinding): Promise<void> => {
    // From its beginning: an event that comes during the write must not be the next one.
    writtenAt.set(key, clock.monotonic());
    const learned = await learn(model, reader, options.teamKeys, finding.record);
    finding.record = { ...finding.record, ...learned };
    const object = await objectOf(finding);
    for (const transition of untold.get(key) ?? []) recordTransition(options, finding, transition, object);
    untold.delete(key);
    book.writing(key);
    const { version, record, evidence } = finding;
    const now = clock.now();
    await status.write({
      resource: resources.findings,
      object,
      content: statusOf(record, detailsWith(finding, object), evidence, now),
      aspects: aspectsOf(record),
      now,
    });
    book.wrote(key, version, now);
  };

  /** The key is `NAMESPACE/NAME`. */
  const reconcile = async (key: string): Promise<void> => {
    const prefix = `${options.namespace}/`;
    if (key.startsWith(prefix) && (await tombstones.reconcile(key.slice(prefix.length)))) return;
    const finding = book.get(key);
    if (finding === undefined) {
      writtenAt.delete(key);
      untold.delete(key);
      refusals.clear(key);
      return;
    }
    finding.isQueued = false;
    const { namespace, name } = finding.identity;
    if (finding.version === finding.written) {
      const object = ours.findings.get(namespace, name);
      if (object === undefined || !isExpired(finding) || !options.mayGo(object)) return;
      const { uid } = object.metadata;
      await writer.delete(resources.findings, { namespace, name }, uid === undefined ? {} : { uid });
      return;
    }
    try {
      await write(key, finding);
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

  /** Events may come minutes after their pod, and after its namespace. */
  const isDoomed = (error: unknown, namespace: string): boolean => {
    const kind = classify(error);
    return kind === 'forbidden'
      ? model.isTerminating(namespace)
      : kind === 'notFound' && !model.hasNamespace(namespace);
  };

  const settleWaiting = (): void => {
    let done = 0;
    for (const taken of waiting) {
      if (settle(taken) === 'held') break;
      done++;
    }
    waiting.splice(0, done);
    tally.flush();
  };

  const accept = (taken: TakenEvent): void => {
    if (waiting.length === 0 && settle(taken) !== 'held') return;
    waiting.push(taken);
    if (waiting.length <= mostWaiting) return;
    // What cannot be told by now belongs to nobody.
    isPatient = false;
    settleWaiting();
    isPatient = true;
  };

  /** A sender that is limited to its node speaks of no other. */
  const noteLoss = (loss: EventLoss | undefined, { node }: Entry): void => {
    if (loss === undefined) return;
    const ofPod = loss.pod && options.pods.find(loss.pod.namespace, loss.pod.name)?.node;
    deliveries.noteShed(node ?? loss.node ?? ofPod, loss.duration);
  };

  const takeItem = (
    adapter: EventAdapter,
    entry: Entry,
    item: unknown,
    place: JournalPlace,
    position: number,
  ): void => {
    noteLoss(adapter.lossIn?.(item), entry);
    for (const event of adapter.eventsOf(item, entry.at)) {
      if (ids.isRepeated(event, entry.node, entry.at, position)) {
        tally.note(event.agentType, 'counted', undefined);
        continue;
      }
      noteArrival(model, deliveries, event, entry);
      accept({ event, senderNode: entry.node, receivedAt: entry.at, place, position });
    }
  };

  // Before the first event is taken: what an earlier leader has counted is not counted again.
  for (const object of ours.findings.list()) see(object);

  return {
    take: (entry, journal, position) => {
      latest = Math.max(latest, clock.now() - entry.at);
      if (entry.shed === true) deliveries.noteShed(entry.node);
      const adapter = options.adapters.get(entry.source);
      if (adapter === undefined) return;
      const place = entry.origin ?? { journal, position };
      let mistake: unknown;
      for (let index = 0; index < entry.items.length; index++) {
        const at = { journal: place.journal, position: place.position + index };
        try {
          takeItem(adapter, entry, entry.items[index], at, position + index);
        } catch (error) {
          // A mistake of ours must not stand in the way of those behind it.
          mistake ??= error;
        }
      }
      if (mistake !== undefined)
        log.error({ error: mistake, source: entry.source }, 'events could not be worked in, and are left out');
      tally.flush();
    },
    idsUpTo: ids.upTo,
    restoreIds: ids.restore,
    full: book.full,
    refused: refusals.all,
    mayClaimToLive: () => {
      if (book.mayClaimToLive(clock.now())) return true;
      // It is asked again and again until what stands in the clocks is written.
      if (clock.monotonic() - lookedAt >= gatherMs) look();
      return false;
    },
    included: (processed) => Math.min(book.included(processed), (waiting[0]?.position ?? processed + 1) - 1),
    run: async (signal) => {
      const ends = [
        ours.findings.subscribe(({ type, item }) => {
          if (type === 'deleted') deleted(item);
          else {
            see(item);
            book.follow(`${item.metadata.namespace ?? ''}/${item.metadata.name}`, clock.now());
          }
        }),
        whenChanged(keeper, clock, look),
        every(clock, longestLookMs, look),
      ];
      look();
      try {
        await queue.run({ workers, signal, handle: reconcile });
      } finally {
        for (const end of ends) end();
        metrics.setFindings([]);
        metrics.setRefused(0);
      }
    },
  };
};

const withoutStatus = (object: RawObject): RawObject => {
  const bare: RawObject & { readonly status?: undefined } = { ...object, status: undefined };
  return bare;
};

/** Workloads of which something is to be done. */
const workloadsOf = (findings: Iterable<LiveFinding>): ReadonlySet<string> => {
  const keys = new Set<string>();
  for (const { record } of findings) {
    const { subject, state } = record;
    const isOpen = state.phase !== 'Resolved' && state.phase !== 'RiskAccepted';
    if (isOpen && subject.namespace !== undefined) keys.add(workloadKey(subject.namespace, subject.kind, subject.name));
  }
  return keys;
};

/** As the last leader left it, before we write it anew. */
const evaluatedAt = (ours: OurObjects): number | undefined => {
  const report = ours.reports.get('', clusterReportName) as { status?: { evaluatedAt?: string } } | undefined;
  const at = report?.status?.evaluatedAt;
  return at === undefined ? undefined : Date.parse(at);
};

const noteArrival = (model: CoverageModel, deliveries: DeliveryBook, event: SecurityEvent, entry: Entry): void => {
  // A sender that is limited to its node speaks of no other.
  const node = entry.node ?? event.origin.node;
  if (node === undefined) return;
  for (const { type, name } of model.agents()) {
    if (type === event.agentType) deliveries.noteArrival(node, name, event, entry.at);
  }
};

/** Soon after an evaluation that changed anything, and not more often than once a second. */
const whenChanged = (keeper: CoverageKeeper, clock: Clock, look: () => void): (() => void) => {
  let cancel: (() => void) | undefined;
  const end = keeper.subscribe(({ nodes, workloads, pods }) => {
    if (nodes.length + workloads.length + pods === 0 || cancel !== undefined) return;
    cancel = clock.after(gatherMs, () => {
      cancel = undefined;
      look();
    });
  });
  return () => {
    cancel?.();
    end();
  };
};
