// Asks every agent once in its interval, and tells what came of it. When within the interval is its node's own moment, so that five
// thousand agents are asked evenly; only who has never been asked is asked at once, and soon whose next answer somebody waits for.
import type { AgentAdapter, Memory } from '../../agents/agent.ts';
import type { InstanceTelemetry, Reading } from '../../domain/telemetry/types.ts';
import { sleep, type Clock } from '../../kube/clock.ts';
import { ask, type Asked, type Held, type Resumption, type Trust } from './ask.ts';
import type { Credentials } from './credentials.ts';
import { createLane, type Lane } from './lanes.ts';
import { nextTurn } from './next-turn.ts';
import type { Restored } from './restore.ts';
import type { ScrapeSettings } from './settings.ts';
import { createSharing } from './sharing.ts';
import { standingOf, type ScrapeStanding } from './standing.ts';
import type { Target } from './targets.ts';
import { Trouble, type Outcome } from './trouble.ts';

export interface ScraperOptions {
  readonly adapters: ReadonlyMap<string, AgentAdapter>;
  readonly credentials: (settings: ScrapeSettings) => Promise<Credentials>;
  /**
   * Told whenever something is known anew of an agent on a node; undefined where it is gone. `askedAt`: where it has just answered, when
   * it was asked, by the monotonic clock.
   */
  readonly tell: (node: string, agent: string, telemetry: InstanceTelemetry | undefined, askedAt?: number) => void;
  readonly onScrape: (agent: string, outcome: Outcome, seconds: number) => void;
  readonly clock: Clock;
  readonly userAgent: string;
}

export interface Scraper {
  /** Whom to ask from now on; who is not among them is forgotten. `restored`: what an earlier leader knew of them. */
  readonly follow: (targets: readonly Target[], restored?: Restored) => void;
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Something that the agent told of its own accord, for its adapter to remember; false where it is not asked. */
  readonly note: (node: string, agent: string, memory: Memory) => boolean;
  /** Its next answer is waited for: it is asked before its turn, unless that comes first. */
  readonly readSoon: (node: string, agent: string) => void;
  /** Whether somebody whom it knows has not been asked yet. */
  readonly isPending: () => boolean;
  readonly standing: (agent: string) => ScrapeStanding;
  /** Agents' pods that are to be asked, by agent. */
  readonly asked: () => ReadonlyMap<string, number>;
  /** Pods that wait for a slot, and pods that have one. */
  readonly load: () => { readonly waiting: number; readonly running: number };
}

/**
 * At 5,000 agents a minute 83 are asked a second, each for about 10 ms: one slot is busy on average. The others are for the moment in
 * which a fifth of them stops answering: 17 a second for 5 s each.
 */
const steadySlots = 64;
/** For those that did not answer the last time: 3 a second where each takes 5 s, and all of them at once when they answer again. */
const troubledSlots = 16;
/** An agent is not asked before its turn more often than that, however much waits for it. */
const soonestMs = 10_000;
/** Of each tick: no more than as many again as have their turn where five thousand are asked a minute. */
const soonPerTick = 16;
/** Fine enough to spread a minute, and nothing to count: a comparison for each agent. */
const tickMs = 200;

interface Instance {
  target: Target;
  /** When its next turn is, by the monotonic clock. */
  dueAt: number;
  busy: boolean;
  /** When it was asked last, by the monotonic clock. */
  askedAt: number;
  wasAsked: boolean;
  reading: Reading | undefined;
  failure: string | undefined;
  hint: string | undefined;
  memory: Memory | undefined;
  resumption: { readonly trust: Trust | undefined; readonly kept: Resumption };
}

export const createScraper = (options: ScraperOptions): Scraper => {
  const { adapters, credentials, tell, onScrape, clock, userAgent } = options;
  const instances = new Map<string, Instance>();
  /** Of `instances`, in the order in which somebody began to wait. */
  const wanted = new Set<string>();
  const steady = createLane(steadySlots);
  const troubled = createLane(troubledSlots);
  const held: Held = { bytes: 0 };
  const share = createSharing();
  const stopped = new AbortController();

  const report = ({ target, reading, failure }: Instance, askedAt?: number): void =>
    tell(target.node, target.settings.agent, { reading, askedSince: target.createdAt, failure }, askedAt);

  const createInstance = (target: Target, restored: Restored | undefined): Instance => {
    const instance: Instance = {
      target,
      dueAt: clock.monotonic(),
      busy: false,
      askedAt: Number.NEGATIVE_INFINITY,
      wasAsked: false,
      reading: undefined,
      failure: undefined,
      hint: undefined,
      memory: undefined,
      resumption: { trust: undefined, kept: {} },
    };
    const before = restored?.(target);
    if (before !== undefined) {
      instance.reading = before.reading && share(before.reading);
      instance.failure = before.failure;
      report(instance);
    }
    return instance;
  };

  const update = (instance: Instance, target: Target): void => {
    const { target: before } = instance;
    instance.target = target;
    if (identityOf(before) !== identityOf(target) || before.settings.type !== target.settings.type) {
      // Another pod: what the first one said is not true of this one.
      Object.assign(instance, { reading: undefined, failure: undefined, hint: undefined, memory: undefined });
      instance.resumption = { trust: undefined, kept: {} };
      instance.wasAsked = false;
      instance.dueAt = clock.monotonic();
      tell(target.node, target.settings.agent, undefined);
    }
    // It may have started anew: counters of before are not comparable.
    if (target.address === undefined) instance.memory = undefined;
    else if (before.address !== target.address || before.settings !== target.settings)
      instance.dueAt = clock.monotonic();
  };

  const question = async (instance: Instance): Promise<Asked | Trouble> => {
    const { settings, address, trusted } = instance.target;
    const adapter = adapters.get(settings.type);
    try {
      if (adapter === undefined || address === undefined) throw new Trouble('unreachable', 'its pod is not ready');
      if (!trusted) throw new Trouble('credentials', unvouched);
      const { trust, token } = await credentials(settings);
      // A session holds what was verified when it was made: with other trust it is verified anew.
      if (instance.resumption.trust !== trust) instance.resumption = { trust, kept: {} };
      return await ask(
        { address, port: settings.port, tls: trust, token },
        adapter.probes(settings.path),
        instance.resumption.kept,
        { clock, held, userAgent },
        stopped.signal,
      );
    } catch (error) {
      return error instanceof Trouble ? error : new Trouble('broken', 'it could not be asked');
    }
  };

  /** The outcome to count. */
  const understand = (instance: Instance, asked: Asked): Outcome => {
    const { settings } = instance.target;
    const adapter = adapters.get(settings.type);
    const at = clock.now();
    try {
      const result = adapter?.read({
        answers: asked.answers,
        at,
        memory: instance.memory,
        custom: settings.custom,
      }) ?? { failed: asked.trouble?.message ?? 'it cannot be read' };
      if ('failed' in result) {
        instance.failure = result.failed;
        return asked.trouble?.outcome ?? 'garbage';
      }
      instance.reading = share(result.reading);
      instance.memory = result.memory;
      instance.hint = result.hint;
      instance.failure = undefined;
      return 'ok';
    } catch {
      // It promised not to; an agent's words must not end the operator all the same.
      instance.failure = 'its answer could not be understood';
      return 'garbage';
    }
  };

  const turn = async (key: string, instance: Instance): Promise<void> => {
    const { target } = instance;
    const began = clock.monotonic();
    instance.askedAt = began;
    wanted.delete(key);
    const answer = await question(instance);
    // While it was asked it may have gone, or another may have come in its place.
    const isSame = instances.get(key) === instance && identityOf(instance.target) === identityOf(target);
    instance.busy = false;
    if (!isSame || stopped.signal.aborted) return;
    instance.dueAt = nextTurn(key, instance.target.settings.intervalMs, clock.monotonic());
    if (target.address === undefined) return;
    let outcome: Outcome;
    if (answer instanceof Trouble) {
      instance.failure = answer.message;
      ({ outcome } = answer);
    } else outcome = understand(instance, answer);
    instance.wasAsked = true;
    onScrape(target.settings.agent, outcome, (clock.monotonic() - began) / 1000);
    report(instance, outcome === 'ok' ? began : undefined);
    instance.reading = instance.reading && withoutCounts(instance.reading);
  };

  const laneOf = ({ failure }: Instance): Lane => (failure === undefined ? steady : troubled);

  const hasten = (now: number): void => {
    let left = soonPerTick;
    for (const key of wanted) {
      const instance = instances.get(key);
      // One that is being asked now was asked before somebody waited: it is asked again.
      if (instance === undefined) wanted.delete(key);
      else if (!instance.busy && now - instance.askedAt >= soonestMs) {
        wanted.delete(key);
        instance.dueAt = Math.min(instance.dueAt, now);
        left--;
      }
      if (left === 0) return;
    }
  };

  const tick = (): void => {
    const now = clock.monotonic();
    hasten(now);
    for (const [key, instance] of instances) {
      if (instance.busy || instance.dueAt > now || instance.target.address === undefined) continue;
      instance.busy = true;
      laneOf(instance).add(() => turn(key, instance));
    }
  };

  return {
    follow: (targets, restored) => {
      const gone = new Set(instances.keys());
      for (const target of targets) {
        if ((adapters.get(target.settings.type)?.probes(target.settings.path).length ?? 0) === 0) continue;
        const key = keyOf(target.node, target.settings.agent);
        gone.delete(key);
        const known = instances.get(key);
        if (known === undefined) instances.set(key, createInstance(target, restored));
        else update(known, target);
      }
      for (const key of gone) {
        const { target } = instances.get(key) ?? {};
        instances.delete(key);
        if (target !== undefined) tell(target.node, target.settings.agent, undefined);
      }
    },
    run: async (signal) => {
      try {
        while (!signal.aborted) {
          tick();
          await sleep(clock, tickMs, signal);
        }
      } finally {
        stopped.abort();
        await Promise.all([steady.drain(), troubled.drain()]);
      }
    },
    note: (node, agent, memory) => {
      const instance = instances.get(keyOf(node, agent));
      // A pod that is not ready starts anew, and what it told is of before.
      if (instance === undefined || instance.target.address === undefined) return false;
      instance.memory = { ...instance.memory, ...memory };
      instance.dueAt = clock.monotonic();
      return true;
    },
    readSoon: (node, agent) => {
      const key = keyOf(node, agent);
      if (instances.has(key)) wanted.add(key);
    },
    isPending: () => {
      for (const { wasAsked, target } of instances.values()) if (!wasAsked && target.address !== undefined) return true;
      return false;
    },
    standing: (agent) => standingOf([...instances.values()].filter(({ target }) => target.settings.agent === agent)),
    asked: () => {
      const counts = new Map<string, number>();
      for (const { target } of instances.values()) {
        if (target.address === undefined) continue;
        counts.set(target.settings.agent, (counts.get(target.settings.agent) ?? 0) + 1);
      }
      return counts;
    },
    load: () => ({
      waiting: steady.waiting() + troubled.waiting(),
      running: steady.running() + troubled.running(),
    }),
  };
};

/** They are of the moment at which they were read, and are not told again. */
const withoutCounts = (reading: Reading): Reading => {
  const { emitted, ...others } = reading;
  return emitted === undefined ? reading : others;
};

const unvouched =
  'its pod is sent no credentials: no DaemonSet of the agent in a namespace of spec.pods.namespaces controls it';

const keyOf = (node: string, agent: string): string => `${node}/${agent}`;

/** A pod of a node keeps its name when it is made anew. */
const identityOf = ({ namespace, pod, createdAt }: Target): string => `${namespace}/${pod}@${createdAt}`;
