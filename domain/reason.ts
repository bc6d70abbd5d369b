// The closed list of reasons. Each belongs to one state; an asset's state is the worst of its reasons.
import type { State } from './types.ts';

/** Why an asset stands as it does: reason → its state and one sentence of what it means. */
export const reasons = {
  AgentMissing: { state: 'NoAgent', means: 'No recognised agent runs where it could see the asset.' },
  ServerlessWithoutSidecar: {
    state: 'NoAgent',
    means: 'The pod runs on a virtual node, where no node agent can run, and carries no agent as a sidecar.',
  },
  UnsupportedOperatingSystem: { state: 'NoAgent', means: "None of the agents supports the node's operating system." },
  SandboxedRuntime: {
    state: 'NoAgent',
    means: "The pod's RuntimeClass isolates it in a sandbox that the node's agents cannot see into.",
  },
  ProtectionDisabled: { state: 'NoProtection', means: 'An agent runs, its runtime protection is switched off.' },
  AgentNotReady: { state: 'Failed', means: 'The agent is on the node and does not work.' },
  PolicyLoadFailed: { state: 'Failed', means: 'The agent could not load a detection policy.' },
  RuleLoadFailed: { state: 'Failed', means: 'The agent could not load a rule.' },
  SelfTestFailed: { state: 'Failed', means: "The agent's self test failed." },
  PolicyMissing: { state: 'Incomplete', means: 'A required detection policy is not loaded.' },
  PolicyOutdated: { state: 'Incomplete', means: 'A required detection policy is loaded in an older version.' },
  RuleMissing: { state: 'Incomplete', means: 'A required rule is not loaded.' },
  RuleDisabled: { state: 'Incomplete', means: 'A required rule is loaded and switched off.' },
  TechniqueUncovered: { state: 'Incomplete', means: 'No loaded rule covers a required ATT&CK technique.' },
  EvidenceTooWeak: { state: 'Incomplete', means: 'What is required cannot be proved with the evidence at hand.' },
  AgentOutdated: { state: 'Warning', means: 'The agent is older than the version that is required or current.' },
  TelemetryStale: { state: 'Warning', means: "The agent's last report is older than staleAfter." },
  EventsDropped: { state: 'Warning', means: 'The agent drops more events than allowed.' },
  PolicyDrift: { state: 'Warning', means: 'What the agent has loaded differs from what is declared.' },
  AgentHealth: { state: 'Warning', means: 'The agent reports trouble with its own health.' },
  NotYetReported: { state: 'Unknown', means: 'The agent may still be starting: the grace period is not over.' },
  TelemetryUnavailable: { state: 'Unknown', means: 'The agent does not answer, or has not for too long.' },
} as const satisfies Record<string, { readonly state: State; readonly means: string }>;

export type Reason = keyof typeof reasons;

export const stateOf = (reason: Reason): State => reasons[reason].state;
