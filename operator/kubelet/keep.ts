// What kubelets say of their nodes, asked for by the leader alone. A node is asked when it is first seen and whenever it was started
// anew, and then once in an interval. What was said holds for that start of that machine only, and only until the kubelet is silent.
import type { NodeEntry } from '../../domain/coverage/inventory.ts';
import type { CgroupAnswer } from '../../domain/findings/node-standing.ts';
import type { KubeletFacts, NodeFacts } from '../../domain/types.ts';
import { sleep, type Clock } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import { createLane } from '../telemetry/lanes.ts';
import { nextTurn } from '../telemetry/next-turn.ts';
import { troubleOf, type KubeletOutcome, type KubeletTrouble } from './trouble.ts';

export interface Kubelets {
  readonly cgroups: (facts: NodeFacts) => CgroupAnswer;
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface KubeletMetrics {
  readonly asked: (outcome: KubeletOutcome) => void;
  /** Of the nodes that are asked now; undefined while this replica does not lead. */
  readonly setAnswers: (answers: (() => Iterable<CgroupAnswer>) | undefined) => void;
}

export interface KubeletsOptions {
  readonly nodes: () => Iterable<Pick<NodeEntry, 'name' | 'facts'>>;
  /** Nodes whose findings wait for an answer. */
  readonly urgent: () => ReadonlySet<string>;
  /** Fails with a KubeletTrouble. */
  readonly ask: (kubelet: KubeletFacts, signal: AbortSignal) => Promise<1 | 2>;
  readonly intervalMs: number;
  readonly metrics: KubeletMetrics;
  readonly clock: Clock;
  readonly log: Log;
}

/** Nobody waits for it: a cgroup version changes with a restart, which takes a minute. */
const tickMs = 1000;
/** Of nodes that come together, as to a new leader: 5,000 in 100 s, so that TLS takes a tenth of a core and not all of it. */
const betweenMs = 20;
/** One is busy on average; the others are for when a fifth of the nodes hangs, for 10 s each. */
const steadySlots = 32;
/** For those that did not answer the last time, so that nobody else waits for them. */
const troubledSlots = 8;
/** Doubled after each failure, up to the interval: a kubelet that is started anew is back within a minute. */
const retryAfterMs = 30_000;
/** One word on each kind of trouble: 5,000 kubelets with certificates of their own are one mistake. */
const sayAgainAfterMs = 600_000;

interface Asked {
  facts: NodeFacts;
  readonly kubelet: KubeletFacts;
  dueAt: number;
  busy: boolean;
  failures: number;
  answer: CgroupAnswer;
}

export const createKubelets = (options: KubeletsOptions): Kubelets => {
  const { ask, metrics, clock, log } = options;
  const intervalMs = Math.max(options.intervalMs, tickMs);
  const asked = new Map<string, Asked>();
  const steady = createLane(steadySlots);
  const troubled = createLane(troubledSlots);
  const stopped = new AbortController();
  const saidAt = new Map<KubeletOutcome, number>();
  let isFirstRound = true;

  /** Whom to ask from now on. */
  const follow = (): void => {
    const gone = new Set(asked.keys());
    const fresh: Asked[] = [];
    for (const { name, facts } of options.nodes()) {
      const known = asked.get(name);
      const kubelet = facts && kubeletOf(facts);
      if (facts === undefined || kubelet === undefined) continue;
      gone.delete(name);
      if (known !== undefined && isSame(known.facts, facts)) {
        known.facts = facts;
        continue;
      }
      const entry = { facts, kubelet, dueAt: clock.monotonic(), busy: false, failures: 0, answer: notYet };
      asked.set(name, entry);
      fresh.push(entry);
    }
    for (const name of gone) asked.delete(name);
    if (fresh.length > 1) spread(fresh);
  };

  const spread = (fresh: readonly Asked[]): void => {
    const urgent = options.urgent();
    const isUrgent = ({ facts }: Asked): boolean => urgent.has(facts.name);
    const ordered = [...fresh.filter(isUrgent), ...fresh.filter((entry) => !isUrgent(entry))];
    for (const [index, entry] of ordered.entries()) entry.dueAt += index * betweenMs;
  };

  const say = (name: string, { outcome, message }: KubeletTrouble): void => {
    const now = clock.monotonic();
    if (now - (saidAt.get(outcome) ?? Number.NEGATIVE_INFINITY) < sayAgainAfterMs) return;
    saidAt.set(outcome, now);
    const unanswered = [...asked.values()].filter(({ failures }) => failures > 0).length;
    log.warn(
      { node: name, outcome, why: message, unanswered },
      'a kubelet does not say which cgroup version it runs with',
    );
  };

  const turn = async (name: string, entry: Asked): Promise<void> => {
    let trouble: KubeletTrouble | undefined;
    let answer: CgroupAnswer;
    try {
      const version = await ask(entry.kubelet, stopped.signal);
      answer = { version, at: clock.now() };
    } catch (error) {
      trouble = troubleOf(error, entry.kubelet.port);
      answer = { version: undefined, why: `its kubelet does not say: ${trouble.message}` };
    }
    // While it was asked it may have gone, or have been started anew.
    if (stopped.signal.aborted || asked.get(name) !== entry) return;
    entry.busy = false;
    entry.answer = answer;
    entry.failures = trouble === undefined ? 0 : entry.failures + 1;
    entry.dueAt = nextTurn(name, intervalMs, clock.monotonic());
    metrics.asked(trouble?.outcome ?? 'ok');
    if (trouble === undefined) return;
    entry.dueAt = clock.monotonic() + Math.min(intervalMs, retryAfterMs * 2 ** (entry.failures - 1));
    say(name, trouble);
  };

  const tick = (): void => {
    follow();
    const now = clock.monotonic();
    for (const [name, entry] of asked) {
      // One that is not ready has its turn as soon as it is.
      if (entry.busy || entry.dueAt > now || !entry.facts.ready) continue;
      entry.busy = true;
      (entry.failures === 0 ? steady : troubled).add(() => turn(name, entry));
    }
    if (!isFirstRound || [...asked.values()].some(({ answer, facts }) => answer === notYet && facts.ready)) return;
    isFirstRound = false;
    const answered = [...asked.values()].filter(({ answer }) => answer.version !== undefined).length;
    log.info({ kubelets: asked.size, answered }, 'every kubelet has been asked for its cgroup version');
  };

  return {
    cgroups: (facts) => {
      if (kubeletOf(facts) === undefined) return noKubelet;
      const entry = asked.get(facts.name);
      return entry !== undefined && isSame(entry.facts, facts) ? entry.answer : notYet;
    },
    run: async (signal) => {
      metrics.setAnswers(() => [...asked.values()].map(({ answer }) => answer));
      try {
        while (!signal.aborted) {
          tick();
          await sleep(clock, tickMs, signal);
        }
      } finally {
        stopped.abort();
        metrics.setAnswers(undefined);
        await Promise.all([steady.drain(), troubled.drain()]);
      }
    },
  };
};

const notYet: CgroupAnswer = {
  version: undefined,
  why: 'its kubelet has not been asked yet, since the operator or the node was started',
};
const noKubelet: CgroupAnswer = {
  version: undefined,
  why: 'the node has no kubelet of Linux with an internal address, which could be asked',
};

/** No machine of its own stands behind a virtual node, and Windows has no cgroups. */
const kubeletOf = ({ kubelet, virtual, operatingSystem }: NodeFacts): KubeletFacts | undefined =>
  virtual === undefined && operatingSystem === 'linux' ? kubelet : undefined;

/** Whether what was said of the one holds for the other: the same start of the same machine, with the same kubelet. */
const isSame = (a: NodeFacts, b: NodeFacts): boolean =>
  a === b ||
  (a.uid === b.uid &&
    a.kubeletVersion === b.kubeletVersion &&
    a.kubelet?.bootId === b.kubelet?.bootId &&
    a.kubelet?.address === b.kubelet?.address &&
    a.kubelet?.port === b.kubelet?.port);
