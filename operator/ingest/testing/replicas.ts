// Replicas of the operator as far as events go: each with a disk that outlives it, the journal, the duties and the findings as they are, on
// a network that loses what it carries, beside one API server. Who leads is decided here.
import type { CoverageModel } from '../../../domain/coverage/model.ts';
import { sleep, type Clock } from '../../../kube/clock.ts';
import { silentLog } from '../../../kube/log.ts';
import type { FindingKeeper } from '../../findings/keep.ts';
import type { Disk } from '../../journal/disk.ts';
import { openJournal, type Journal } from '../../journal/journal.ts';
import { memoryDisk, noSpace, type MemoryDisk } from '../../journal/testing/memory-disk.ts';
import type { EventConsumer } from '../consume.ts';
import type { Connection } from '../deliver.ts';
import { createDuty, type Duty } from '../duty.ts';
import { encodeEntry } from '../entry.ts';
import { bytesOfHashes, createKeptIds, type KeptIds } from '../kept-ids.ts';
import { createFakeFindings, type ApiMood } from './fake-findings.ts';
import { keepFindings } from './keep-findings.ts';
import { slowDisk } from './slow-disk.ts';
import { createTruth, workloads, type SentEvent, type SentRequest } from './truth.ts';
import { createVirtualTime, seeded, type VirtualProcess } from './virtual-time.ts';

interface Replica {
  disk: MemoryDisk;
  /** Ids that it must know after a restart, too. */
  known: Set<string>;
  /** The network does not carry what comes from it. */
  isCut: boolean;
  isUnreadable: boolean;
  life: Life | undefined;
}

/** One run of its process. */
interface Life {
  readonly replica: Replica;
  readonly process: VirtualProcess;
  readonly stop: AbortController;
  term: AbortController;
  /** Who leads, as far as it knows. */
  believed: Life | undefined;
  leading: Leading | undefined;
  opened: Opened | undefined;
  isEnding: boolean;
  /** Ids that it is about to keep. */
  about: Iterable<string>;
}

interface Opened {
  readonly journal: Journal;
  readonly ids: KeptIds;
  readonly duty: Duty;
}

interface Leading {
  readonly end: AbortController;
  readonly keeper: FindingKeeper;
  readonly done: Promise<unknown>;
}

/** Small, so that there are several, and that requests go over into the next. */
const segmentBytes = 4000;
const journalBytes = 4_000_000;
const mostTravelMs = 30;
/** As long as the one who asks has patience. */
const lostMs = 3000;
const lossRate = 0.03;
const mostElectionMs = 4000;
const retryMs = 5000;
const renewEveryMs = 1000;
const mostBehindMs = 300;
/** A watch of the Lease may be behind for longer. */
const mostUnawareMs = 8000;
/** A write that failed again and again is tried once a minute. */
const patienceMs = 200_000;
const leastMs = 6000;
/** Then it is killed. */
const endWithinMs = 8000;
/** Ids are remembered so long at the least. */
const rememberedMs = 3_600_000;

export const createReplicas = (model: CoverageModel, count: number, seed: number) => {
  const random = seeded(seed);
  const time = createVirtualTime();
  const truth = createTruth();
  const api = createFakeFindings(time, random);
  let journals = 0;
  /** Of the last that began to. */
  let leader: Life | undefined;

  const newDisk = (): MemoryDisk =>
    memoryDisk(new Map([['id', Buffer.from(`${Math.floor(random() * 1e9).toString(16)}-${journals++}`)]]));
  const replicas: readonly Replica[] = Array.from({ length: count }, () => ({
    disk: newDisk(),
    known: new Set<string>(),
    isCut: false,
    isUnreadable: false,
    life: undefined,
  }));

  const boot = async (life: Life): Promise<void> => {
    const { replica, process, stop } = life;
    const { clock } = process;
    await truth.find(replica.disk, String(await replica.disk.readWhole('id')));
    const disk = slowDisk(replica.disk, clock, random, () => replica.isUnreadable);
    const journal = await openPatiently(disk, clock);
    let isFailing = false;
    const warn = (): void => void (isFailing = true);
    const kept = createKeptIds({ disk, clock, log: { ...silentLog, warn } });
    const ids: KeptIds = {
      ...kept,
      keep: async (hashes) => {
        const { about } = life;
        life.about = [];
        isFailing = false;
        await kept.keep(hashes);
        if (!isFailing) for (const id of about) replica.known.add(id);
      },
    };
    const duty = createDuty({
      journal,
      ids,
      telemetry: { follow() {}, attach() {}, take() {}, look() {}, save: () => ({}), restore() {} },
      leader: () =>
        life.believed === undefined || life.believed === life
          ? undefined
          : { name: 'of a life', host: 'leader', port: 1 },
      connect: () => connect(life),
      term: () => life.term.signal,
      running: stop.signal,
      clock,
      random,
      log: silentLog,
    });
    life.opened = { journal, ids, duty };
    duty.standBy();
  };

  const openPatiently = async (disk: Disk, clock: Clock): Promise<Journal> => {
    for (;;) {
      try {
        return await openJournal({ disk, maxBytes: journalBytes, segmentBytes, log: silentLog });
      } catch {
        await sleep(clock, retryMs);
      }
    }
  };

  const connect = (life: Life): Connection => {
    const { process, replica } = life;
    const { clock } = process;
    const isLost = (): boolean => replica.isCut || random() < lossRate;
    const deliver: Connection['deliver'] = async ({ journal, body, mark }, signal) => {
      await sleep(clock, random() * mostTravelMs);
      if (isLost()) {
        await sleep(clock, lostMs, signal);
        return 'it was lost';
      }
      const meant = life.believed;
      // Who runs at that address by now.
      const to = meant?.replica.life;
      if (to?.opened === undefined || to === life || !to.process.isAlive()) return 'nobody leads';
      if (to !== meant) return 'this is meant for another leader';
      const { duty, ids } = to.opened;
      const why = duty.takeOver.closed();
      if (why !== undefined) return why;
      const taken = await Promise.race([duty.takeOver.take(journal, body), to.process.dead]);
      const [included, told, about] = [duty.takeOver.includedOf(journal), ids.since(mark), [...to.replica.known]];
      await sleep(clock, random() * mostTravelMs);
      if (taken === undefined) return 'it died';
      if (taken[0] !== 200) return taken[1];
      if (isLost()) {
        await sleep(clock, lostMs, signal);
        return 'the answer was lost';
      }
      if (!signal.aborted) life.about = about;
      return { included, ids: Buffer.concat(told.hashes.map(bytesOfHashes)), mark: told.mark };
    };
    return {
      close() {},
      deliver: (delivery, signal) => Promise.race([deliver(delivery, signal), aborted(signal).then(() => 'aborted')]),
    };
  };

  const lead = (life: Life): void => {
    const { process, opened } = life;
    if (opened === undefined) return;
    leader = life;
    for (const { life: other } of replicas) {
      other?.process.clock.after(random() * mostUnawareMs, () => {
        // What it hears of an earlier one by now is old.
        if (leader !== undefined && leader !== life) return;
        other.believed = life;
        other.term.abort();
        other.term = new AbortController();
      });
    }
    const end = new AbortController();
    truth.excuse(life.replica.known, api.all());
    // The Lease is renewed each second.
    const provenUntil = (): number =>
      leader === life ? Math.floor(time.monotonic() / renewEveryMs) * renewEveryMs : Number.NEGATIVE_INFINITY;
    const keeper = keepFindings({ model, api, process, random, provenUntil, mostBehindMs }, end.signal);
    const findings = noting(life, keeper);
    const done = Promise.all([opened.duty.lead(findings, end.signal), keeper.run(end.signal)]);
    life.leading = { end, keeper, done };
  };

  /** Tells which ids the leader keeps when it keeps what it is told to. */
  const noting = (life: Life, keeper: FindingKeeper): EventConsumer => {
    let taken: { readonly position: number; readonly id: string }[] = [];
    return {
      ...keeper,
      take: (entry, journal, position) => {
        for (const [index, { id }] of entry.items.entries()) {
          if (typeof id === 'string') taken.push({ position: position + index, id });
        }
        keeper.take(entry, journal, position);
      },
      idsUpTo: (position) => {
        life.about = taken.filter((each) => each.position <= position).map(({ id }) => id);
        taken = taken.filter((each) => each.position > position);
        return keeper.idsUpTo(position);
      },
    };
  };

  /** The memory that holds what is counted in findings that were let go of goes with the leader. */
  const noteLoss = ({ leading }: Life): void => {
    for (const { finding } of leading?.keeper.refused() ?? []) {
      for (const workload of workloads) if (finding.includes(`-${workload}-`)) truth.loosen(workload);
    }
  };

  const electSoon = (): void => {
    time.after(random() * mostElectionMs, () => {
      if (leader !== undefined) return;
      const able = replicas.flatMap(({ life }) => (life?.opened === undefined || life.isEnding ? [] : [life]));
      const elected = able[Math.floor(random() * able.length)];
      if (elected === undefined) electSoon();
      else lead(elected);
    });
  };
  const hasLost = (life: Life): void => {
    noteLoss(life);
    life.leading = undefined;
    if (leader !== life) return;
    leader = undefined;
    electSoon();
  };

  const start = (index: number): void => {
    const replica = replicas[index];
    if (replica === undefined || replica.life !== undefined) return;
    const life: Life = {
      replica,
      process: time.process(),
      stop: new AbortController(),
      term: new AbortController(),
      believed: leader,
      leading: undefined,
      opened: undefined,
      isEnding: false,
      about: [],
    };
    replica.life = life;
    void boot(life);
  };

  const crash = (index: number, kept = 0, isGarbled = false): void => {
    const replica = replicas[index];
    const life = replica?.life;
    if (replica === undefined || life === undefined) return;
    life.process.kill();
    replica.life = undefined;
    replica.disk = replica.disk.crash(kept, isGarbled);
    hasLost(life);
  };

  const send = (index: number, events: readonly SentEvent[], isHeard: boolean): void => {
    const request = truth.send(events, time.now());
    const opened = replicas[index]?.life?.opened;
    if (opened === undefined || events.length === 0) return;
    const at = time.now();
    const entry = { source: 'generic', sender: 's', node: undefined, at, items: truth.itemsOf(request, at) } as const;
    opened.journal.append(encodeEntry(entry), events.length, entry).then(
      (position) => {
        request.place ??= { journal: opened.journal.id, position };
        request.isAnswered = isHeard;
      },
      () => {},
    );
  };

  const contradictions = (isDone: boolean): readonly string[] => [
    ...truth.contradictions(api.all(), isDone),
    ...(isDone ? waitingIn(replicas) : []),
    ...(isDone && leader?.opened?.duty.takeOver.closed() !== undefined ? ['the leader takes nothing over'] : []),
  ];

  for (const index of replicas.keys()) start(index);
  electSoon();

  return {
    time,
    start,
    crash,
    send,
    requests: truth.requests,
    /** Sends again what was sent, to whichever replica: what has no id is another event then. */
    resend: (request: SentRequest, index: number): void => {
      if (time.now() - request.at > rememberedMs - 60_000) truth.forgive(request);
      send(index, request.events, true);
    },
    cut: (index: number, isCut: boolean): void => {
      const replica = replicas[index];
      if (replica !== undefined) replica.isCut = isCut;
    },
    failDisk: (index: number, failures: readonly boolean[]): void =>
      replicas[index]?.disk.fail(...failures.map((isFailing) => (isFailing ? noSpace() : undefined))),
    hinderReading: (index: number, isUnreadable: boolean): void => {
      const replica = replicas[index];
      if (replica !== undefined) replica.isUnreadable = isUnreadable;
    },
    /** Sets the wall clock: which ids are too old to be known is anybody's guess then. */
    setClock: (ms: number): void => {
      time.set(ms);
      for (const request of truth.requests) truth.forgive(request);
    },
    setMood: (mood: ApiMood, workload?: string): void => api.setMood(mood, workload),
    /** It loses the lead, and its process goes on or ends. */
    depose: async (goesOn: boolean): Promise<void> => {
      const life = leader;
      const index = replicas.findIndex((replica) => replica.life === life);
      if (life?.leading === undefined || index < 0) return;
      life.isEnding = true;
      life.leading.end.abort();
      if (!goesOn) life.stop.abort();
      const ending = { isDone: false };
      void life.leading.done.then(() => (ending.isDone = true));
      for (let left = endWithinMs; left > 0 && !ending.isDone && life.process.isAlive(); left -= 100)
        await time.pass(100);
      if (!ending.isDone || !goesOn) return crash(index);
      life.isEnding = false;
      hasLost(life);
    },
    /** Its volume is another; only where that loses nothing, since what waits there lies elsewhere, too. */
    renew: (index: number): void => {
      const replica = replicas[index];
      const journal = replica?.life?.opened?.journal;
      if (replica === undefined || journal === undefined || truth.liesFirst(journal.id, journal.released.position))
        return;
      crash(index);
      replica.disk = newDisk();
      replica.known = new Set();
      start(index);
    },
    contradictions,
    /** Everything is as it should be from now on, and has time to come to an end; answers what speaks against that. */
    heal: async (): Promise<readonly string[]> => {
      api.setMood('well');
      for (const [index, replica] of replicas.entries()) {
        replica.isCut = false;
        replica.isUnreadable = false;
        replica.disk.heal();
        start(index);
      }
      const end = time.monotonic() + patienceMs;
      // It may have been so before anything of this came about.
      await time.pass(leastMs);
      while (contradictions(true).length > 0 && time.monotonic() < end) await time.pass(leastMs);
      return contradictions(true);
    },
    leaderIndex: (): number => replicas.findIndex(({ life }) => life !== undefined && life === leader),
  };
};

const waitingIn = (replicas: readonly Replica[]): readonly string[] =>
  replicas.flatMap(({ life }, index) => {
    const waiting = life?.opened?.journal.usage().waiting;
    return waiting === 0 ? [] : [`${waiting} events wait in replica ${index}`];
  });

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
