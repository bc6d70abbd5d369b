// Situations that were judged before: nodes with the same agents in the same plight share a number, and pods on them that are
// selected by the same policies share a verdict.
import type { AgentPresence } from './presence.ts';
import type { TimedVerdict } from './judgements.ts';

export interface Situations {
  /** The same for presences that are equal. */
  readonly of: (presences: readonly AgentPresence[]) => Situation;
  /** What was said of the situation, while it holds; else what `judge` says now. */
  readonly recall: (presences: number, situation: string, now: number, judge: () => TimedVerdict) => TimedVerdict;
  readonly size: () => number;
}

export interface Situation {
  readonly number: number;
  /** Those of the node that was first in it: thousands of nodes share them, rather than hold as many of their own. */
  readonly presences: readonly AgentPresence[];
}

export const createSituations = (): Situations => {
  const situations = new Map<string, Situation>();
  const remembered = new Map<number, Map<string, TimedVerdict>>();
  return {
    of: (presences) => {
      const key = textOf(presences);
      const known = situations.get(key);
      if (known !== undefined) return known;
      const created = { number: situations.size, presences };
      situations.set(key, created);
      return created;
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
    size: () => situations.size,
  };
};

/** All that a verdict hangs on, with what is loaded told by its name: it may be hundreds of rules. */
export const textOf = (presences: readonly AgentPresence[]): string =>
  JSON.stringify(presences.map((presence) => (presence.ruleset === undefined ? presence : named(presence))));

const named = ({ ruleset, ...presence }: AgentPresence): object => ({ ...presence, ruleset: ruleset?.id });
