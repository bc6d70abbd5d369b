// What arrived from which node, and whose events were turned away: without the first, silence at level Delivered proves nothing; with the
// second, it proves nothing at all.
import type { Deliveries } from './ears.ts';

export interface DeliveryBook extends Deliveries {
  readonly noteArrival: (node: string, agent: string) => void;
  /** Undefined where the sender speaks for any node. */
  readonly noteShed: (node: string | undefined) => void;
}

/** Nodes times agents, with room for what has gone. */
const mostPairs = 50_000;

export const createDeliveryBook = (monotonic: () => number): DeliveryBook => {
  const arrivals = new Map<string, number>();
  const sheds = new Map<string, number>();
  let shedByAll = Number.NEGATIVE_INFINITY;

  const note = (book: Map<string, number>, key: string): void => {
    book.delete(key);
    book.set(key, monotonic());
    if (book.size > mostPairs) book.delete(book.keys().next().value ?? '');
  };
  const isWithin = (at: number | undefined, ms: number): boolean => at !== undefined && monotonic() - at <= ms;

  return {
    noteArrival: (node, agent) => note(arrivals, `${node}\n${agent}`),
    noteShed: (node) => {
      if (node === undefined) shedByAll = monotonic();
      else note(sheds, node);
    },
    arrived: (node, agent, withinMs) => isWithin(arrivals.get(`${node}\n${agent}`), withinMs),
    shed: (node, withinMs) => isWithin(shedByAll, withinMs) || isWithin(sheds.get(node), withinMs),
  };
};
