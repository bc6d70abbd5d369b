// What arrived from which node, beside what the agents there have counted, and whose events were turned away: without the first, silence at
// level Delivered proves nothing; with the last, it proves nothing at all.
import { createDeliveryAccount, type DeliveryAccount, type DeliveryStanding } from '../../domain/findings/delivery.ts';
import type { Undelivered } from '../../domain/findings/observe.ts';
import { isStoredRule } from '../../domain/findings/rule-name.ts';
import type { SecurityEvent } from '../../domain/findings/types.ts';
import type { Reading } from '../../domain/telemetry/types.ts';
import type { Clock } from '../../kube/clock.ts';
import { placeLast } from '../place-last.ts';
import type { Deliveries } from './ears.ts';

export interface DeliveryBook extends Deliveries {
  /** `receivedAt`: when a replica took it in, by the wall clock; it may have waited in the journal since. */
  readonly noteArrival: (node: string, agent: string, event: Arrived, receivedAt: number) => void;
  /** `askedAt`: when it was asked that gave this answer, by the clock that never jumps; undefined where it gave none, and this is an earlier one. */
  readonly noteReading: (node: string, agent: string, reading: Reading | undefined, askedAt?: number) => void;
  /** Something was lost before this replica led: nothing is proven until something arrives. */
  readonly noteDebt: (node: string, agent: string) => void;
  /** Node undefined: the sender speaks for any. `forMs`: for how long more will be. */
  readonly noteShed: (node: string | undefined, forMs?: number) => void;
  /** Who begins to lead has not seen what arrived meanwhile. */
  readonly begin: () => void;
}

const never = Number.NEGATIVE_INFINITY;

type Arrived = Pick<SecurityEvent, 'rule' | 'at' | 'isInternal'>;

/** Nodes times agents, with room for what has gone. */
const mostPairs = 50_000;
/** Names of rules: some hundreds are known to anybody. */
const mostRules = 5000;
/** Those that were heard last are kept; to order them by the second is exact enough, and costs nothing per event. */
const orderedToMs = 1000;

/** An agent on a node. */
interface Pair {
  arrivedAt: number;
  /** When it was asked that answered last, and when that last told its counters. */
  answeredAt: number;
  countedAt: number;
  isIndebted: boolean;
  /** Of one whose counters are read. */
  account: DeliveryAccount | undefined;
}

export const createDeliveryBook = (clock: Pick<Clock, 'now' | 'monotonic'>): DeliveryBook => {
  const pairs = new Map<string, Pair>();
  /** By agent: rules that are known to come through. */
  const come = new Map<string, Set<string>>();
  /** Agents that have shown on some node that they count. */
  const counting = new Set<string>();
  const names = new Map<string, string>();
  const sheds = new Map<string, number>();
  let shedByAll = Number.NEGATIVE_INFINITY;
  /** What was taken in before lay in a journal. */
  let begunAt = never;

  const pairOf = (key: string): Pair =>
    pairs.get(key) ??
    heard(key, { arrivedAt: never, answeredAt: never, countedAt: never, isIndebted: false, account: undefined });

  const heard = (key: string, pair: Pair): Pair => placeLast(pairs, key, pair, mostPairs);

  const noteRule = (agent: string, rule: string): void => {
    const rules = come.get(agent) ?? new Set<string>();
    if (rules.has(rule) || rules.size >= mostRules) return;
    come.set(agent, rules.add(rule));
  };

  /** Thousands of nodes count the same rules: each name is held once. */
  const named = (rule: string): string => {
    const known = names.get(rule);
    if (known === undefined && names.size < mostRules) names.set(rule, rule);
    return known ?? rule;
  };

  const noteShed = (node: string, until: number): void => {
    placeLast(sheds, node, Math.max(until, sheds.get(node) ?? until), mostPairs);
  };

  /** Undefined where its counters have never been read. */
  const standingOf = (
    pair: Pair | undefined,
    agent: string,
    rules: readonly string[],
  ): DeliveryStanding | undefined => {
    const known = come.get(agent);
    return pair?.account?.standing(
      (rule) => known?.has(rule) === true || rules.some((stored) => isStoredRule(stored, rule)),
    );
  };

  const isWithin = (at: number | undefined, ms: number): boolean => at !== undefined && clock.monotonic() - at <= ms;

  return {
    begin: () => {
      begunAt = clock.monotonic();
      for (const held of [pairs, come, counting, names]) held.clear();
    },
    noteArrival: (node, agent, { rule, at, isInternal }, receivedAt) => {
      const key = keyOf(node, agent);
      const pair = pairOf(key);
      const now = clock.monotonic();
      const arrivedAt = now - Math.max(0, clock.now() - receivedAt);
      if (arrivedAt - pair.arrivedAt > orderedToMs) heard(key, pair);
      pair.arrivedAt = Math.max(pair.arrivedAt, arrivedAt);
      if (arrivedAt > begunAt) pair.isIndebted = false;
      if (rule === undefined || isInternal === true) return;
      noteRule(agent, rule);
      pair.account?.arrived(rule, at, arrivedAt);
    },
    noteReading: (node, agent, reading, askedAt) => {
      if (reading === undefined || askedAt === undefined) return;
      const key = keyOf(node, agent);
      const pair = heard(key, pairOf(key));
      pair.answeredAt = askedAt;
      if (reading.emitted === undefined) return;
      pair.countedAt = askedAt;
      const matches = reading.emitted.matches.map(({ rule, count }) => ({ rule: named(rule), count }));
      pair.account ??= createDeliveryAccount();
      pair.account.read({ ...reading.emitted, matches }, clock.monotonic());
      if (matches.length > 0) counting.add(agent);
    },
    noteDebt: (node, agent) => {
      const pair = pairOf(keyOf(node, agent));
      pair.isIndebted ||= pair.arrivedAt <= begunAt;
    },
    noteShed: (node, forMs = 0) => {
      const until = clock.monotonic() + forMs;
      if (node === undefined) shedByAll = Math.max(shedByAll, until);
      else noteShed(node, until);
    },
    counts: (agent) => counting.has(agent),
    undelivered: ({ node, agent, rules, withinMs, staleAfter }) => {
      const pair = pairs.get(keyOf(node, agent));
      if (pair?.isIndebted === true) {
        return missing(
          `before the operator was started ${agent} had counted more than arrived, and nothing of it has arrived since`,
        );
      }
      const standing = standingOf(pair, agent, rules);
      const hasArrived = pair !== undefined && isWithin(pair.arrivedAt, withinMs);
      if (standing?.kind === 'owing') {
        // While others arrive, it may still be on its way.
        if (!standing.isLost && hasArrived && pair !== undefined && pair.arrivedAt > standing.since) return undefined;
        return missing(
          `${agent} counted ${standing.count} more of rule ${standing.rule} than arrived${standing.isLost ? '' : ' so far'}`,
        );
      }
      if (hasArrived) return undefined;
      if (standing?.kind === 'balanced' && counting.has(agent) && staleAfter !== undefined) {
        return isWithin(standing.readAt, staleAfter)
          ? undefined
          : untold(
              `nothing has arrived of ${agent}, and its counters have not been read, for more than ${staleAfter / 1000} s`,
            );
      }
      return untold(
        standing === undefined || staleAfter === undefined
          ? `nothing has arrived of ${agent} for more than ${withinMs / 1000} s`
          : `nothing has arrived of ${agent}, and its counters have not been compared yet`,
      );
    },
    answeredAgo: (node, agent, staleAfter) => {
      const answeredAt = pairs.get(keyOf(node, agent))?.answeredAt ?? never;
      return clock.monotonic() - (answeredAt === never ? begunAt - staleAfter : answeredAt);
    },
    delivered: ({ node, agent, rules, staleAfter, isOften }) => {
      const pair = pairs.get(keyOf(node, agent));
      const ago = (at = never): number => clock.monotonic() - at;
      const byArrivals = { ago: isOften ? ago(pair?.arrivedAt) : 0, isOpen: false };
      if (staleAfter === undefined || !counting.has(agent)) return byArrivals;
      const standing = standingOf(pair, agent, rules);
      // Before what is owed was told, and before this replica led, it was proven at intervals shorter than that.
      const before = 2 * staleAfter;
      if (standing?.kind === 'owing') return { ago: ago(standing.since) + before, isOpen: !standing.isLost };
      // Whoever does not tell its counters any more may still be heard.
      if (ago(pair?.countedAt) > staleAfter) return { ago: ago(pair?.arrivedAt), isOpen: false };
      if (standing?.kind === 'balanced') return { ago: ago(pair?.countedAt), isOpen: false };
      return standing?.isEarly === true ? { ago: ago(begunAt) + before, isOpen: true } : byArrivals;
    },
    shed: (node, withinMs) => isWithin(shedByAll, withinMs) || isWithin(sheds.get(node), withinMs),
  };
};

const keyOf = (node: string, agent: string): string => `${node}\n${agent}`;

const missing = (why: string): Undelivered => ({ why, isMissing: true });
const untold = (why: string): Undelivered => ({ why, isMissing: false });
