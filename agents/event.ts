// The port for what agents see at runtime: an event as the agent or its forwarder sends it, brought into the neutral form. An adapter is
// pure and never throws; what it cannot read is simply not said. Nothing is guessed: a field that the agent leaves out stays out.
import type { SecurityEvent } from '../domain/findings/types.ts';

export interface EventAdapter {
  /** The last step of the path that its events are posted to: `falco`, `tetragon`, … */
  readonly source: string;
  /** Events in one posted item: most are one, a list of alerts is several, what is no event is none. `receivedAt`: epoch milliseconds. */
  readonly eventsOf: (item: unknown, receivedAt: number) => readonly SecurityEvent[];
  /** Why the item can be nothing that the agent sends; left out for agents whose events come mixed with other lines of a log. */
  readonly faultIn?: (item: unknown) => EventFault | undefined;
  /** Where the item says that the agent drops what it sees; undefined for every other. Left out where the agent never says so. */
  readonly lossIn?: (item: unknown) => EventLoss | undefined;
}

export interface EventFault {
  /** Which field is at fault; empty for the whole. */
  readonly field: string;
  readonly message: string;
}

/** What an agent drops, as it says itself. */
export interface EventLoss {
  readonly node?: string;
  readonly pod?: { readonly namespace: string; readonly name: string };
  /** For how long it will go on, in milliseconds; 0 for what is over. */
  readonly duration: number;
}
