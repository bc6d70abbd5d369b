// How an agent's numbers grow: by the clock, stopped while it is stale, with drops from when it began to drop.
import { healthy, type Behaviour, type Reading, type SimulatedAgent } from './simulated-agent.ts';

const eventsPerMs = 2;

export class AgentState {
  readonly agent: SimulatedAgent;
  readonly #startedAt: number;
  #behaviour: Behaviour;
  /** What had been counted when the behaviour last changed, and when that was by the agent's own clock. */
  #events = 0;
  #drops = 0;
  #countedAt: number;

  constructor(agent: SimulatedAgent, now: number) {
    this.agent = agent;
    // It has run for a while already, unless it is one that was restarted: an agent without a past would be a special case.
    this.#startedAt = agent.startedAt ?? now - 3_600_000;
    this.#countedAt = this.#startedAt;
    this.#behaviour = healthy;
    this.set(agent.behaviour ?? {}, now);
  }

  set(change: Partial<Behaviour>, now: number): void {
    const { events, drops, now: at } = this.reading(now);
    this.#events = events;
    this.#drops = drops;
    // One that was stale goes on from now: it does not make up for what it has not counted.
    this.#countedAt = this.#behaviour.stale ? now : at;
    this.#behaviour = { ...this.#behaviour, ...change };
  }

  get behaviour(): Behaviour {
    return this.#behaviour;
  }

  reading(now: number): Reading {
    const at = this.#behaviour.stale ? this.#countedAt : Math.max(now, this.#countedAt);
    const added = Math.floor((at - this.#countedAt) * eventsPerMs);
    return {
      agent: this.agent,
      behaviour: this.#behaviour,
      version: this.#behaviour.version ?? this.agent.version,
      startedAt: this.#startedAt,
      now: at,
      // What was dropped is among what was seen.
      events: this.#events + added,
      drops: this.#drops + Math.floor(added * this.#behaviour.dropRatio),
    };
  }
}
