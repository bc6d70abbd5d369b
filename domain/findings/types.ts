// What happens at runtime, in our own shapes: adapters in agents/ make events of each vendor's formats, the core decides whose
// behaviour they are, whether it is a finding, and when it counts as gone. Times are epoch milliseconds.
import type { Criticality } from '../types.ts';

/** Findings and policies share one scale. */
export type Severity = Criticality;

/** What an agent saw, brought into the neutral form. What the agent did not say is left out. */
export interface SecurityEvent {
  /** Where the agent or its forwarder gives one. */
  readonly id?: string;
  readonly at: number;
  /** The ProtectionAgent's type: Falco, Tetragon, … */
  readonly agentType: string;
  /** Name of the detection policy and the rule that saw it. */
  readonly policy?: string;
  readonly rule?: string;
  readonly tags: readonly string[];
  /** ATT&CK ids. */
  readonly tactics: readonly string[];
  readonly techniques: readonly string[];
  readonly origin: EventOrigin;
  readonly process?: ProcessFacts;
  /** The file that was touched. */
  readonly file?: string;
  /** The address that was reached, with its port where it is known: `169.254.169.254:80`. */
  readonly destination?: string;
  /** The agent's own words. */
  readonly message?: string;
  /** Says of itself that it is about the agent, not about what it watches: never a finding, never a signal. */
  readonly isInternal?: true;
}

/** Where it happened, as far as the agent says. */
export interface EventOrigin {
  readonly node?: string;
  readonly namespace?: string;
  readonly pod?: string;
  readonly podUid?: string;
  /** Whole, or its first characters: agents cut it to 12 or 15. Without the runtime's prefix. */
  readonly containerId?: string;
  readonly container?: string;
  readonly image?: string;
  /** True where the agent says that it was on the node itself; false: in a container; left out where it does not say. */
  readonly onHost?: boolean;
}

export interface ProcessFacts {
  /** Path of the executable. */
  readonly executable?: string;
  /** Its name without the path. */
  readonly name?: string;
  readonly arguments?: string;
  readonly parentName?: string;
  readonly user?: string;
  /** Whether it has a terminal. */
  readonly terminal?: boolean;
}

export const eventFields = [
  'Agent',
  'Policy',
  'Rule',
  'Tag',
  'Executable',
  'ProcessName',
  'Arguments',
  'ParentName',
  'FilePath',
  'Destination',
  'Namespace',
  'Workload',
  'Container',
  'Image',
] as const;
export type EventField = (typeof eventFields)[number];

/** One field, compared with values of which one must match. In a glob `*` is any run of characters, `?` any one. */
export interface Comparison {
  readonly field: EventField;
  readonly equals: readonly string[];
  readonly prefix: readonly string[];
  readonly suffix: readonly string[];
  readonly glob: readonly string[];
}

/** All comparisons must hold. */
export interface EventMatcher {
  readonly allOf: readonly Comparison[];
}

export type QuietEvidence = 'Running' | 'Reporting' | 'Loaded' | 'Delivered';

/** One entry of a policy's `spec.posture`. */
export interface PostureRule {
  /** A built-in behaviour, or a name of the user's own together with `match`. */
  readonly behaviour: string;
  readonly match: readonly EventMatcher[];
  /** Undefined: the behaviour's own. */
  readonly severity: Severity | undefined;
  readonly quietPeriod: number;
  /** Undefined: the most that the agent as installed can show. */
  readonly quietEvidence: QuietEvidence | undefined;
  /** Share of the nodes that run the workload, from 0 to 1. */
  readonly quietNodes: number;
  readonly quietRuns: number;
  /** Undefined: the behaviour's own. */
  readonly minimumPodAge: number | undefined;
  readonly minimumVersion: string | undefined;
  readonly exclude: readonly EventMatcher[];
}

export type FindingPhase = 'Open' | 'Remediating' | 'Verifying' | 'Resolved' | 'RiskAccepted';
export type CasePhase = 'New' | 'Triaged' | 'Remediating' | 'Fixed' | 'RiskAccepted';
export type SuspendedReason =
  | 'AgentBlind'
  | 'RuleNotLoaded'
  | 'DeliveryUnproven'
  | 'EventsShed'
  | 'NothingRunning'
  | 'OperatorDown'
  /** Of a node that still stands so, as its own object says: there is no silence yet. */
  | 'StillPresent';

/** Whose behaviour it is: one finding for each behaviour and subject, however many pods show it. */
export interface FindingSubject {
  /** Kind of the workload, or Node. */
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  /** Of the container; undefined for a node. */
  readonly container: string | undefined;
}
