// What a simulated agent is, and how it can be told to misbehave.

export type AgentKind = 'falco' | 'tetragon' | 'tracee' | 'kubescape' | 'sysdig';

export interface SimulatedAgent {
  /** A loopback address: the one that its pod reports. */
  readonly ip: string;
  readonly agent: AgentKind;
  readonly version: string;
  /** Reported where the agent reports it. */
  readonly node?: string;
  /** Falco: file name → digest of what it has loaded; the default rules of its version where absent. */
  readonly rulesFiles?: Readonly<Record<string, string>>;
  /** When it started, or last took its rules anew, in epoch milliseconds. An hour before it first answers where absent. */
  readonly startedAt?: number;
  readonly behaviour?: Partial<Behaviour>;
}

export interface Behaviour {
  /**
   * `not-ready`: health answers 503 and nothing else changes. `hanging`: takes the connection and never answers. `garbage`: answers 200
   * with bytes that are no metrics. `endless`: never stops answering. `refusing`: closes each connection at once. `error`: 500.
   */
  readonly answers: 'normal' | 'not-ready' | 'hanging' | 'garbage' | 'endless' | 'refusing' | 'error';
  /** Numbers stand still from when this was set, though it answers. */
  readonly stale: boolean;
  /** In place of its own. */
  readonly version: string | undefined;
  /** Of the events since this was set. */
  readonly dropRatio: number;
  /** Falco: this rules file is not loaded. */
  readonly missingRulesFile: string | undefined;
  /** Falco: this rules file has another digest than it should. */
  readonly changedRulesFile: string | undefined;
  /** Falco: how often rules have matched since it started, by name; they do not grow by themselves. */
  readonly matches: Readonly<Record<string, number>>;
  /** Falco, Kubescape, Sysdig: the metrics endpoint is not switched on (it is off in their charts). */
  readonly metricsOff: boolean;
  /** Tetragon: so many policies could not be loaded. */
  readonly policiesInError: number;
}

export const healthy: Behaviour = {
  answers: 'normal',
  stale: false,
  version: undefined,
  dropRatio: 0,
  missingRulesFile: undefined,
  changedRulesFile: undefined,
  matches: { 'Terminal shell in container': 1 },
  metricsOff: false,
  policiesInError: 0,
};

/** What an agent says at one moment. */
export interface Reading {
  readonly agent: SimulatedAgent;
  readonly behaviour: Behaviour;
  readonly version: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** The moment that the numbers are of: it lags behind where they are stale. */
  readonly now: number;
  /** Events seen and lost since the start. */
  readonly events: number;
  readonly drops: number;
}

export type Answer = { readonly status: number; readonly type: string; readonly body: string } | undefined;

/** The agent's own ports, and what each answers on a path; undefined: no such path. */
export interface AgentServer {
  readonly ports: readonly number[];
  readonly answer: (port: number, path: string, reading: Reading) => Answer;
}

export const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

export const text = (body: string, type = 'text/plain'): Answer => ({ status: 200, type, body });
export const json = (body: unknown): Answer => ({ status: 200, type: 'application/json', body: JSON.stringify(body) });
export const unavailable = (body: string): Answer => ({ status: 503, type: 'text/plain', body });
