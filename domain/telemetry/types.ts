// What agents say of themselves and what objects declare of them, in our own shapes: adapters in agents/ make these from each
// vendor's formats. Times are epoch milliseconds. Everything is immutable, so that nodes which say the same can share it.
import type { LabelSelector } from '../types.ts';

/** Where a detection policy comes from. */
export const policySources = ['ConfigMap', 'OCI', 'CustomResource', 'RemoteConfiguration', 'File', 'BuiltIn'] as const;
export type PolicySource = (typeof policySources)[number];

export type PolicyType = 'ThreatDetection' | 'Compliance' | 'BestPractice';

/** A rule in one detection policy. */
export interface RuleFacts {
  readonly name: string;
  /** Filtered: left out by the agent on purpose, for instance because it is for another version of it. */
  readonly status: 'Loaded' | 'Disabled' | 'Filtered' | 'Failed';
  /** Why it is filtered or failed, in the agent's words. */
  readonly message?: string;
  /** ATT&CK ids as `TA0002`, `T1059`, `T1059.004`; one that cannot be read stays as it was written. */
  readonly tactics: readonly string[];
  readonly techniques: readonly string[];
  readonly type?: PolicyType;
}

export interface ObjectReference {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** A detection policy as an agent on a node says that it has loaded it. */
export interface LoadedPolicy {
  /** As the agent reports it: the name of a rules file, a TracingPolicy, a policy. */
  readonly name: string;
  readonly version?: string;
  /** `sha256:` and the hex digest of its content, where the agent tells it. */
  readonly digest?: string;
  readonly source?: PolicySource;
  readonly type?: PolicyType;
  readonly status: 'Loaded' | 'PartiallyLoaded' | 'Filtered' | 'Disabled' | 'Failed';
  /** What the agent says of the status. */
  readonly message?: string;
  /** Its rules, where the agent lists them; left out where it does not. */
  readonly rules?: readonly RuleFacts[];
}

/** Trouble that an agent tells of itself. The words name no node, so that nodes in the same plight share one gap. */
export interface HealthIssue {
  readonly reason: 'PolicyLoadFailed' | 'RuleLoadFailed' | 'SelfTestFailed' | 'ProtectionDisabled' | 'AgentHealth';
  readonly cause: string;
  readonly remedy: string;
}

/** Events that the agent lost between its last two readings. */
export interface Drops {
  readonly lost: number;
  /** All events of that time, lost ones included; left out where the agent does not count them. */
  readonly total?: number;
  /** Where they were lost, in words: `kernel buffer`, `output queue`. */
  readonly where: string;
}

/** What an agent's instance on one node last said. */
export interface Reading {
  /** When the agent said it. */
  readonly at: number;
  /** As the agent itself tells it, which is believed over image tags. */
  readonly version?: string;
  /** The detection policies that it has loaded; left out where it cannot tell. */
  readonly policies?: readonly LoadedPolicy[];
  /**
   * What `policies` proves. Complete: what it does not list is not loaded. Partial: there may be more. An agent that can only tell
   * how many there are, or which have fired, gives Partial.
   */
  readonly policiesAre?: 'Complete' | 'Partial';
  /** Empty where it lost nothing, left out where it does not count. */
  readonly drops?: readonly Drops[];
  /** What it has seen, to be compared with what arrived; left out where it does not count that. */
  readonly emitted?: Emitted;
  readonly issues: readonly HealthIssue[];
}

/** How often each rule has matched on the node, by the agent's own counters. Times are by the clock of the agent. */
export interface Emitted {
  /** Each rule once. One that is not there has never matched. */
  readonly matches: readonly { readonly rule: string; readonly count: number }[];
  /** When the counters stood at zero; where it changes they have begun anew. */
  readonly since: number;
  /** What happened later is not among them. */
  readonly until: number;
}

/** Which pods a declared policy is for; left-out parts select everything. */
export interface PodScope {
  readonly namespace?: string;
  readonly namespaceSelector?: LabelSelector;
  readonly podSelector?: LabelSelector;
  /** Names of containers; left out for all. */
  readonly containers?: readonly string[];
}

/** A detection policy as an object in the cluster declares it. */
export interface DeclaredPolicy {
  /** The ProtectionAgent that is to load it. */
  readonly agent: string;
  /** As the agent would report it. */
  readonly name: string;
  readonly version?: string;
  /** Of the content, where the object holds it: compared with what the agent reports. */
  readonly digest?: string;
  readonly source: PolicySource;
  readonly type?: PolicyType;
  readonly declaredBy: ObjectReference;
  /** What it would load; left out where the object only points at it. */
  readonly rules?: readonly RuleFacts[];
  /** Nodes that it is for; left out for all that run the agent. */
  readonly nodeSelector?: LabelSelector;
  /** Pods that it is for; left out for all on its nodes. */
  readonly pods?: PodScope;
  /** The object itself says that it is not in force: not resolved, not programmed, refused. */
  readonly trouble?: { readonly cause: string; readonly remedy: string };
}

/** The rules of a content that is known by its digest: from a ConfigMap that declares it, or a catalogue. */
export interface KnownContent {
  readonly digest: string;
  readonly rules: readonly RuleFacts[];
  readonly version?: string;
}

/** A part of the fleet that an agent leaves out although it runs on the node. */
export interface Exclusion {
  readonly agent: string;
  readonly pods?: PodScope;
  /** The pod's own annotation or label that takes it out. */
  readonly annotation?: { readonly key: string; readonly value: string };
  /** Trailing part of an image's repository. */
  readonly image?: string;
  readonly cause: string;
  readonly remedy: string;
}

/** What the objects of the cluster declare for one agent. */
export interface Declarations {
  readonly policies: readonly DeclaredPolicy[];
  readonly contents: readonly KnownContent[];
  readonly exclusions: readonly Exclusion[];
  /** Said of the ProtectionAgent as a whole: what cannot be read and how it could, rules that cannot be parsed. */
  readonly notes: readonly string[];
}

/** All that is known from one agent on one node: the last thing it said, and why nothing has come since. */
export interface InstanceTelemetry {
  /** Undefined where it has never said anything. */
  readonly reading: Reading | undefined;
  /** Since when it has been asked, or expected to post. */
  readonly askedSince: number;
  /** Why the last attempt failed, in words without a node's name; undefined where it succeeded, or none was made. */
  readonly failure: string | undefined;
}
