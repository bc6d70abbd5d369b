// The port for agents that speak to us instead of being asked: events go in one at a time, and what is known of the agent on its node
// comes out. An adapter is pure and never throws. Events come late, more than once, out of order or not at all: what it makes of them
// depends on which have come, never on when, and of two that contradict each other the one of the newer date holds.
import type { LoadedPolicy, Reading } from '../domain/telemetry/types.ts';
import type { Memory } from './agent.ts';

/** What is kept of one agent on one node; plain data. */
export interface PushState {
  /** The large part, which thousands of nodes have alike and share. */
  readonly ruleset: readonly LoadedPolicy[] | undefined;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What an event tells of where it comes from; the operator knows which of it is a node. */
export interface EventOrigin {
  readonly nodes: readonly string[];
  /** What the agent takes for its host's name, which may be a node's. */
  readonly hostnames: readonly string[];
  /** The agent's own pod. */
  readonly pod: { readonly namespace: string; readonly name: string } | undefined;
}

export interface PushAdapter {
  /** As a ProtectionAgent names it. */
  readonly type: string;
  /** Whether the event speaks of the agent itself; all others are for nobody here. */
  readonly speaksOfAgent: (event: unknown) => boolean;
  readonly originOf: (event: unknown) => EventOrigin;
  /** `at`: when it came, epoch milliseconds. Undefined for an event that says nothing of the agent itself. */
  readonly absorb: (state: PushState | undefined, event: unknown, at: number) => PushState | undefined;
  /** `since`: when its pod was made, epoch milliseconds. What it complained of before is not of the process that runs now. */
  readonly readingOf: (state: PushState, since?: number) => Reading;
  /**
   * A state to go on from where only a reading is left of what was known. Every event that comes is newer than what it says of rules. Left
   * out where events tell everything anew.
   */
  readonly seed?: (reading: Reading) => PushState;
  /**
   * Of an event that an agent posts although it is asked, too: what its adapter is to remember, since no answer tells it. Left out where
   * answers tell everything.
   */
  readonly noteOf?: (event: unknown, at: number) => Memory | undefined;
}
