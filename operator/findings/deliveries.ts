// What arrived from which node, and whose events were turned away: without the first, silence at level Delivered proves nothing; with the
// second, it proves nothing at all.
import type { Deliveries } from './ears.ts';

export interface DeliveryBook extends Deliveries {
  readonly noteArrival: (node: string, agent: string) => void;
  /** Node undefined: the sender speaks for any. `forMs`: for how long more will be. */
  readonly noteShed: (node: string | undefined, forMs?: number) => void;
}

/** Nodes times agents, with room for what has gone. */
const mostPairs = 50_000;

export const createDeliveryBook = (monotonic: () => number): DeliveryBook => {
  const arrivals = new Map<string, number>();
  const sheds = new Map<string, number>();
  let shedByAll = Number.NEGATIVE_INFINITY;

  const note = (book: Map<string, number>, key: string, at = monotonic()): void => {
    const last = Math.max(at, book.get(key) ?? at);
    book.delete(key);
    book.set(key, last);
    if (book.size > mostPairs) book.delete(book.keys().next().value ?? '');
  };
  const isWithin = (at: number | undefined, ms: number): boolean => at !== undefined && monotonic() - at <= ms;

  return {
    noteArrival: (node, agent) => note(arrivals, `${node}\n${agent}`),
    noteShed: (node, forMs = 0) => {
      const until = monotonic() + forMs;
      if (node === undefined) shedByAll = Math.max(shedByAll, until);
      else note(sheds, node, until);
    },
    arrived: (node, agent, withinMs) => isWithin(arrivals.get(`${node}\n${agent}`), withinMs),
    shed: (node, withinMs) => isWithin(shedByAll, withinMs) || isWithin(sheds.get(node), withinMs),
  };
};
