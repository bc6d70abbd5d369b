// Keeps findings: takes events from the journal, looks at who listens whenever the fleet changes and every quarter of a minute, and
// writes what came of it, each finding at most every five seconds.
import { clusterReportName } from '../../crds/schema/coverage-report.ts';
import type { CoverageModel } from '../../domain/coverage/model.ts';
import { longestLookMs } from '../../domain/findings/quiet-clock.ts';
import type { Writer } from '../../kube/apply.ts';
import { every, type Clock } from '../../kube/clock.ts';
import type { EventRecorder } from '../../kube/events.ts';
import type { Log } from '../../kube/log.ts';
import type { Transport } from '../../kube/transport.ts';
import { WorkQueue, type WorkQueueMetrics } from '../../kube/workqueue.ts';
import type { CoverageKeeper } from '../keeper.ts';
import type { OurObjects } from '../watches.ts';
import { createAuthorship } from './authorship.ts';
import { createFindingBook, type FindingBook, type FindingBookOptions } from './book/book.ts';
import { createBuryDoomed } from './bury-doomed.ts';
import { createClockLooks, type ClockLooksOptions } from './clock-looks.ts';
import { createContainerIds } from './containers.ts';
import { createEventIds, type EventIds } from './event-ids.ts';
import { createExpiry, type ExpiryOptions } from './expiry.ts';
import type { FindingMetrics } from './metrics.ts';
import { createLooksAgain } from './looks-again.ts';
import { createObjectReader } from './object-reader.ts';
import { openWorkloads } from './open-workloads.ts';
import { createReconcile } from './reconcile.ts';
import { createRefusals, type RefusedFinding } from './refusals.ts';
import { createSeeObjects } from './see-objects.ts';
import { createEntryTaker, type EntryTaker, type EntryTakerOptions } from './take-entry.ts';
import { createTally } from './tally.ts';
import type { Tenure } from './tenure.ts';
import { createTransitionTeller } from './tell-transitions.ts';
import { createTombstones, type TombstonesOptions } from './tombstones.ts';
import type { UnattributedBook } from './unattributed.ts';
import { createWaitingEvents } from './waiting-events.ts';
import { createWriteFinding, type WriteFindingOptions } from './write-finding.ts';
import { createWriteTurns } from './write-turns.ts';

export interface FindingKeeper {
  /** An entry of the journal. */
  readonly take: EntryTaker['take'];
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

export interface FindingKeeperOptions
  extends
    Pick<EntryTakerOptions, 'adapters' | 'pods'>,
    Pick<FindingBookOptions, 'policies' | 'cgroups' | 'readSoon' | 'mostPerNamespace'>,
    Pick<ClockLooksOptions, 'deliveries' | 'endedPods' | 'unheard'>,
    Pick<WriteFindingOptions, 'teamKeys' | 'status'>,
    Pick<TombstonesOptions, 'isExported'>,
    Pick<ExpiryOptions, 'mayGo' | 'retentionMs'> {
  readonly keeper: CoverageKeeper;
  readonly model: CoverageModel;
  readonly ours: OurObjects;
  readonly unattributed: UnattributedBook;
  readonly transport: Transport;
  readonly writer: Pick<Writer, 'apply' | 'delete' | 'get'>;
  readonly tenure: Tenure;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly metrics: FindingMetrics;
  /** Of the operator. */
  readonly namespace: string;
  readonly queueMetrics: WorkQueueMetrics;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Each waits for the network. */
const workers = 4;
/** Changes of the fleet that come together are one look. */
const gatherMs = 1000;

export const createFindingKeeper = (options: FindingKeeperOptions): FindingKeeper => {
  const { keeper, model, ours, namespace, metrics, clock, log } = options;
  const aliveUntil = evaluatedAt(ours);
  const queue = new WorkQueue({
    name: 'findings',
    clock,
    metrics: options.queueMetrics,
    onError: (finding, error, retryInMs) =>
      log.warn({ finding, error, retryInMs }, 'cannot write a finding; will try again'),
  });
  const turns = createWriteTurns(queue, clock);
  const transitions = createTransitionTeller(options);
  const reader = createObjectReader({ ...options, keys: options.teamKeys });

  const ids = createEventIds();
  const tally = createTally(metrics);
  const containers = createContainerIds({ ...options });
  const waiting = createWaitingEvents({
    take: (taken) => {
      const outcome = book.take(taken);
      tally.note(taken.event.agentType, outcome, taken.event.rule);
      return outcome;
    },
    onSettled: tally.flush,
  });
  const entries = createEntryTaker({ ...options, ids, tally, accept: waiting.accept });

  const again = createLooksAgain(clock, () => look());
  const book: FindingBook = createFindingBook({
    model,
    policies: options.policies,
    pod: options.pods.find,
    container: (node, id) => containers.find(node, id) ?? options.pods.container(node, id),
    hold: (node, id, receivedAt) => waiting.isPatient() && containers.ask(node, id, receivedAt, waiting.settle),
    cgroups: options.cgroups,
    readSoon: (node, agent) => {
      options.readSoon(node, agent);
      again.awaiting();
    },
    reader,
    operatorNamespace: namespace,
    mostPerNamespace: options.mostPerNamespace,
    isTerminating: model.isTerminating,
    enqueue: turns.enqueue,
    onTransition: transitions.tell,
    onUnattributed: options.unattributed.note,
    aliveUntil: () => aliveUntil,
    proof: { now: () => clock.monotonic(), until: options.tenure.provenUntil },
  });

  const expiry = createExpiry(options);
  const refusals = createRefusals({ letGo: book.letGo, clock, log });
  const tombstones = createTombstones({
    ...options,
    most: options.mostPerNamespace,
    enqueue: (name) => queue.add(`${namespace}/${name}`),
  });
  const authorship = createAuthorship(options);
  const write = createWriteFinding({ ...options, reader, book, authorship, turns, transitions });
  const reconcile = createReconcile({
    model,
    ours,
    namespace,
    book,
    write,
    expiry,
    tombstones,
    refusals,
    turns,
    transitions,
    clock,
  });
  const buryDoomed = createBuryDoomed(model, tombstones, namespace);
  const objects = createSeeObjects({ book, authorship, tombstones, buryDoomed, namespace, clock, log });

  const clocks = createClockLooks({ ...options, book, latest: entries.latest });
  const look = (): void => {
    again.looking();
    clocks.look();
    for (const finding of book.all()) {
      buryDoomed(finding, ours.findings.get(finding.identity.namespace, finding.identity.name));
      if (expiry.isOver(finding)) turns.enqueue(finding.key, true);
    }
    tombstones.look();
    refusals.look();
    metrics.setRefused(refusals.all().length);
    if (model.setOpenFindings(openWorkloads(book.all()))) keeper.touch();
    metrics.setFindings(book.all());
  };

  // Before the first event is taken: what an earlier leader has counted is not counted again.
  for (const object of ours.findings.list()) objects.see(object);

  return {
    take: entries.take,
    idsUpTo: ids.upTo,
    restoreIds: ids.restore,
    full: book.full,
    refused: refusals.all,
    mayClaimToLive: () => {
      if (book.mayClaimToLive(clock.now())) return true;
      // It is asked again and again until what stands in the clocks is written.
      if (clocks.elapsed() >= gatherMs) look();
      return false;
    },
    included: (processed) => Math.min(book.included(processed), waiting.workedIn(processed)),
    run: async (signal) => {
      const ends = [
        ours.findings.subscribe((change) => {
          const { type, item } = change;
          if (type === 'deleted') objects.deleted(item);
          else {
            objects.see(item, type === 'modified' ? change.previous : undefined);
            book.follow(`${item.metadata.namespace ?? ''}/${item.metadata.name}`, clock.now());
          }
        }),
        whenChanged(keeper, clock, look),
        every(clock, longestLookMs, look),
        again.end,
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

/** As the last leader left it, before we write it anew. */
const evaluatedAt = (ours: OurObjects): number | undefined => {
  const report = ours.reports.get('', clusterReportName) as { status?: { evaluatedAt?: string } } | undefined;
  const at = report?.status?.evaluatedAt;
  return at === undefined ? undefined : Date.parse(at);
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
