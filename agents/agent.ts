// The port between the operator and a vendor's agent. An adapter is pure: it says what to ask an agent for, makes a reading of the
// answers, and makes declarations of objects. All I/O, timing and bounds are the operator's. Whatever an agent answers, an adapter
// never throws: what it cannot understand becomes an issue of the reading, in words.
import type { Declarations, Reading } from '../domain/telemetry/types.ts';

/** What to ask an agent's pod for. */
export interface Probe {
  /** By which the answer is found again. */
  readonly name: string;
  readonly path: string;
  /** A probe that is not needed may fail, for instance because a setting switches it on; the adapter says what that means. */
  readonly needed: boolean;
}

/** What came of a probe: the answer, or why there is none, in words. */
export type Answer = { readonly status: number; readonly body: string } | { readonly failed: string };

/** What an adapter may keep between two readings of one pod, such as counters; plain data. */
export type Memory = Readonly<Record<string, number | string>>;

export interface ReadInput {
  readonly answers: ReadonlyMap<string, Answer>;
  /** Epoch milliseconds. */
  readonly at: number;
  /** What the last reading of this very pod left; undefined at the first, or where the agent restarted. */
  readonly memory: Memory | undefined;
  /** The spec.custom of its ProtectionAgent, for type Custom; as it is written. */
  readonly custom: unknown;
}

export type ReadResult =
  /** `hint`: the setting that would let the agent say more; said once of the ProtectionAgent, not of every node. */
  { readonly reading: Reading; readonly memory: Memory; readonly hint?: string } | { readonly failed: string };

/** A kind of object that declares an agent's policies. */
export interface DeclaringKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

export interface DeclareInput {
  /** The ProtectionAgent's name. */
  readonly agent: string;
  /** Of each declaring kind, by its plural: the objects as the API server gave them, without managedFields. */
  readonly objects: ReadonlyMap<string, readonly unknown[]>;
  /** ConfigMaps of the namespaces in which the agent runs, and the catalogues of rules in the operator's. */
  readonly configMaps: readonly ConfigMapContent[];
  /** The agent's DaemonSets as the API server gave them. */
  readonly daemonSets: readonly unknown[];
  /** `sha256:` and the hex digest of the text's bytes, for those whose agents tell the digest of what they loaded. */
  readonly digest: (text: string) => string;
}

/**
 * By this label, whose value is the ProtectionAgent's name, a ConfigMap gives the rules of contents that no object in the cluster
 * holds, such as those of an OCI artifact.
 */
export const catalogueLabel = 'workloadprotection.dev/rules-catalogue';

export interface ConfigMapContent {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
  readonly binaryData: Readonly<Record<string, string>>;
}

export interface AgentAdapter {
  readonly type: string;
  /** Empty for an agent that cannot be scraped. `path`: that of the ProtectionAgent's telemetry. */
  readonly probes: (path: string) => readonly Probe[];
  readonly read: (input: ReadInput) => ReadResult;
  /** Empty for an agent whose policies no object declares. ConfigMaps are asked for by `readsConfigMaps`. */
  readonly declaringKinds: readonly DeclaringKind[];
  readonly readsConfigMaps: boolean;
  readonly declare: (input: DeclareInput) => Declarations;
}
