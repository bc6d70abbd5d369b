// How much one sender may bring: a bucket of events for each, filled at a rate. A sender that floods is slowed down and nobody else.
import { placeLast } from '../place-last.ts';
import type { Sender } from './sender.ts';

export interface Rates {
  /** Takes so many events out; else the milliseconds until it would go. */
  take(sender: Sender, events: number): number;
  /** Of what was let through already. */
  charge(sender: Sender, events: number): void;
  /** The milliseconds until a sender may come again at all; 0 for now. */
  wait(sender: Sender): number;
}

interface Bucket {
  events: number;
  at: number;
}

/** Of one node: far above what any agent sends, each syscall that it watches counted. */
const perNode = { perSecond: 2000, most: 20_000 };
/** Of a forwarder for the whole cluster: what a core takes in. */
const perForwarder = { perSecond: 20_000, most: 100_000 };
/** Nodes of the largest cluster, and some. The one that was silent for longest is forgotten, which only does it good. */
const mostSenders = 10_000;

/** What bytes count for, whatever they hold: few events are as large, and what is refused costs as much to read. */
const bytesOfEvent = 4096;
export const eventsWorth = (bytes: number): number => Math.ceil(bytes / bytesOfEvent);

export const createRates = (monotonic: () => number): Rates => {
  const buckets = new Map<string, Bucket>();
  const of = (sender: Sender): { readonly bucket: Bucket; readonly perSecond: number } => {
    const { perSecond, most } = sender.node === undefined ? perForwarder : perNode;
    const key = `${sender.name}\n${sender.node ?? ''}`;
    const now = monotonic();
    const bucket = buckets.get(key) ?? { events: most, at: now };
    bucket.events = Math.min(most, bucket.events + ((now - bucket.at) * perSecond) / 1000);
    bucket.at = now;
    placeLast(buckets, key, bucket, mostSenders);
    return { bucket, perSecond };
  };
  return {
    take(sender, events) {
      const { bucket, perSecond } = of(sender);
      // A request may overdraw, or one that is larger than the bucket never came through; the next then waits for longer.
      if (bucket.events <= 0) return Math.ceil((1 - bucket.events) * (1000 / perSecond));
      bucket.events -= events;
      return 0;
    },
    charge(sender, events) {
      of(sender).bucket.events -= events;
    },
    wait(sender) {
      const { bucket, perSecond } = of(sender);
      return bucket.events > 0 ? 0 : Math.ceil((1 - bucket.events) * (1000 / perSecond));
    },
  };
};
