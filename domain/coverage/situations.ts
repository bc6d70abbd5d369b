// Situations that were judged before: nodes with the same agents in the same plight share a number, and pods on them that are
// selected by the same policies share a verdict.
import type { AgentPresence } from './presence.ts';
import type { TimedVerdict } from './judgements.ts';

export interface Situations {
  /** The same number for presences that are equal. */
  readonly numberOf: (presences: readonly AgentPresence[]) => number;
  /** What was said of the situation, while it holds; else what `judge` says now. */
  readonly recall: (presences: number, situation: string, now: number, judge: () => TimedVerdict) => TimedVerdict;
  readonly size: () => number;
}

export const createSituations = (): Situations => {
  const numbers = new Map<string, number>();
  const remembered = new Map<number, Map<string, TimedVerdict>>();
  return {
    numberOf: (presences) => {
      const key = textOf(presences);
      const known = numbers.get(key);
      if (known !== undefined) return known;
      const next = numbers.size;
      numbers.set(key, next);
      return next;
    },
    recall: (presences, situation, now, judge) => {
      let bySituation = remembered.get(presences);
      if (bySituation === undefined) remembered.set(presences, (bySituation = new Map()));
      const known = bySituation.get(situation);
      if (known !== undefined && known.validUntil > now) return known;
      const timed = judge();
      bySituation.set(situation, timed);
      return timed;
    },
    size: () => numbers.size,
  };
};

/** All that a verdict hangs on, with what is loaded told by its name: it may be hundreds of rules. */
export const textOf = (presences: readonly AgentPresence[]): string =>
  JSON.stringify(presences.map((presence) => (presence.ruleset === undefined ? presence : named(presence))));

const named = ({ ruleset, ...presence }: AgentPresence): object => ({ ...presence, ruleset: ruleset?.id });
