// The facts that decisions are made from, and the verdicts that come out. Every shape here is ours: adapters in facts/ turn
// Kubernetes objects into these, so that the core never depends on an API version. Times are epoch milliseconds.

import type { PostureRule } from './findings/types.ts';

export type Labels = Readonly<Record<string, string>>;

/** From best to worst: the order of an asset's state. `Exempt` stands apart and is never compared. */
export const states = ['Protected', 'Warning', 'Unknown', 'Incomplete', 'Failed', 'NoProtection', 'NoAgent'] as const;
export type State = (typeof states)[number];
export type AssetState = State | 'Exempt';

/** From weakest to strongest: what stands behind a verdict. */
export const evidenceLevels = ['Declared', 'Running', 'Reporting', 'Loaded'] as const;
export type Evidence = (typeof evidenceLevels)[number];

/** From least to most pressing: the order of work. */
export const criticalities = ['Low', 'Medium', 'High', 'Critical'] as const;
export type Criticality = (typeof criticalities)[number];

export interface LabelExpression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
}

/** A Kubernetes label selector; one without any condition selects everything. */
export interface LabelSelector {
  readonly matchLabels: Labels;
  readonly matchExpressions: readonly LabelExpression[];
}

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface Toleration {
  /** Empty with operator Exists tolerates every key. */
  readonly key: string;
  readonly operator: 'Exists' | 'Equal' | 'Lt' | 'Gt';
  readonly value: string;
  /** Empty tolerates every effect. */
  readonly effect: string;
}

export interface NodeExpression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';
  readonly values: readonly string[];
}

/** One term of required node affinity: all its expressions must hold; a term without any matches no node. */
export interface NodeTerm {
  readonly expressions: readonly NodeExpression[];
  /** On node fields; the API server allows `metadata.name` only. */
  readonly fields: readonly NodeExpression[];
}

/** What decides on which nodes a pod may land. */
export interface Scheduling {
  readonly nodeName: string | undefined;
  readonly nodeSelector: Labels;
  /** Alternatives; undefined where no affinity is required. */
  readonly affinity: readonly NodeTerm[] | undefined;
  readonly tolerations: readonly Toleration[];
  /** Resources beyond cpu, memory, storage and pods that the containers ask for, such as `nvidia.com/gpu`. */
  readonly extendedResources: readonly string[];
  readonly runtimeClass: string | undefined;
  /** `spec.os.name`, where the pod says it. */
  readonly operatingSystem: string | undefined;
}

export interface NodeFacts {
  readonly name: string;
  readonly uid: string;
  readonly labels: Labels;
  readonly taints: readonly Taint[];
  readonly unschedulable: boolean;
  readonly ready: boolean;
  /** Its kubelet has not been heard of for so long that whatever is known of its pods is of the past. Left out of all others. */
  readonly isSilent?: true;
  readonly operatingSystem: string;
  readonly architecture: string;
  readonly osImage: string;
  readonly kernelVersion: string;
  readonly containerRuntime: string;
  readonly kubeletVersion: string;
  /** Extended resources that the node offers (allocatable above zero). */
  readonly extendedResources: readonly string[];
  /** What makes the node virtual ("EKS Fargate", …), where no DaemonSet pod can run on it. */
  readonly virtual: string | undefined;
  readonly createdAt: number;
  /** The condition WorkloadProtected as it stands there, of the few fleets that ask for it. */
  readonly condition?: WrittenNodeCondition;
  /** Left out where the node has no internal address. */
  readonly kubelet?: KubeletFacts;
}

/** Where a kubelet serves. */
export interface KubeletFacts {
  readonly address: string;
  readonly port: number;
  /** Another after each start of the machine. */
  readonly bootId: string;
}

export interface NodeConditionFacts {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export interface WrittenNodeCondition extends NodeConditionFacts {
  /** As it is written there. */
  readonly lastTransitionTime: string;
}

export type ContainerRole = 'main' | 'init' | 'sidecar' | 'ephemeral';

export interface ContainerFacts {
  readonly name: string;
  readonly image: string;
  readonly role: ContainerRole;
  /** Environment variables that switch something on or off, where there are any: of an agent's sidecar they are all that tells. */
  readonly switches?: Readonly<Record<string, string>>;
}

/** What all pods of one template have in common; one object serves them all. */
export interface PodShape {
  readonly labels: Labels;
  /** The few that agents heed, where there are any. */
  readonly annotations?: Labels;
  readonly containers: readonly ContainerFacts[];
  readonly runtimeClass: string | undefined;
  readonly privileged: boolean;
  readonly hostPID: boolean;
  readonly hostNetwork: boolean;
  readonly hostPath: boolean;
}

/** What a pod's annotations ask for in an emergency: to be let through unprotected, and left alone until then. */
export interface BreakGlass {
  readonly reason: string;
  readonly until: number;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';

export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  /** `CrashLoopBackOff`, `ImagePullBackOff`, …; undefined where the container is not waiting. */
  readonly waitingReason: string | undefined;
  readonly waitingMessage: string | undefined;
  /** How it last ended, where it ever did. */
  readonly lastExitCode: number | undefined;
  readonly lastExitReason: string | undefined;
}

/** Why a pod is not ready; kept for such pods only, since most pods are. */
export interface PodTrouble {
  /** The scheduler's own words while the pod has no node. */
  readonly scheduling: string | undefined;
  /** `status.reason` and `status.message`: `Evicted`, … */
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly containers: readonly ContainerStatus[];
}

export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  /** The node that runs it; undefined while unscheduled. */
  readonly node: string | undefined;
  /** The node that a DaemonSet's controller pinned it to, while unscheduled. */
  readonly pinnedNode: string | undefined;
  readonly shape: PodShape;
  readonly owner: OwnerReference | undefined;
  readonly phase: PodPhase;
  readonly ready: boolean;
  readonly deleting: boolean;
  readonly createdAt: number;
  readonly trouble: PodTrouble | undefined;
  /** Of the few pods that ask for it, with what tells the pod from a later one of its name. */
  readonly breakGlass?: BreakGlass & { readonly uid: string };
  /** Where it can be asked. Of pods that may be an agent's only, those of DaemonSets and of nodes: of all others it would be dead weight. */
  readonly address?: string;
}

/** An object that owns pods or owners of pods. */
export interface OwnerFacts {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly owner: OwnerReference | undefined;
  readonly labels: Labels;
}

export interface TemplateContainer extends ContainerFacts {
  /** Literal values only. */
  readonly env: Readonly<Record<string, string>>;
}

export interface DaemonSetFacts {
  readonly namespace: string;
  readonly name: string;
  readonly owner: OwnerReference | undefined;
  readonly labels: Labels;
  readonly podLabels: Labels;
  readonly containers: readonly TemplateContainer[];
  /** ConfigMaps that its pods mount. */
  readonly configMaps: readonly string[];
  readonly scheduling: Scheduling;
  readonly hostNetwork: boolean;
  readonly createdAt: number;
}

export interface NamespaceFacts {
  readonly name: string;
  readonly labels: Labels;
  readonly terminating: boolean;
}

export interface RuntimeClassFacts {
  readonly name: string;
  readonly handler: string;
  readonly nodeSelector: Labels;
  readonly tolerations: readonly Toleration[];
}

/** What makes workloads reachable from outside: a Service, Ingress or HTTPRoute. */
export interface ExposureFacts {
  readonly kind: 'Service' | 'Ingress' | 'HTTPRoute';
  readonly namespace: string;
  readonly name: string;
  /** Service: whether it is a LoadBalancer. */
  readonly loadBalancer: boolean;
  /** Service: its selector; undefined where it has none. */
  readonly selector: Labels | undefined;
  /** Ingress and HTTPRoute: the Services behind it. */
  readonly services: readonly { readonly namespace: string; readonly name: string }[];
}

export interface ConfigMapFacts {
  readonly namespace: string;
  readonly name: string;
  readonly data: Readonly<Record<string, string>>;
}

/** How a container of an agent is told from others: labels, container name and image are one kind of evidence each. */
export interface Recognition {
  readonly selector: LabelSelector | undefined;
  readonly containerNames: readonly string[];
  /** Trailing part of the image's repository, `falcosecurity/falco`. */
  readonly images: readonly string[];
  /** How many of the kinds that are given must agree. */
  readonly minimumEvidence: number;
}

/** One way to see that runtime protection is switched on, where the agent's presence does not prove it. */
export type ProtectionSwitch =
  | { readonly kind: 'containerPresent'; readonly container: string }
  | { readonly kind: 'env'; readonly container: string | undefined; readonly name: string; readonly value: string }
  | {
      readonly kind: 'configMap';
      readonly nameSuffix: string;
      readonly key: string;
      /** Dotted path into the YAML document under the key. */
      readonly path: string;
      readonly value: string;
    }
  | { readonly kind: 'nodeLabel'; readonly key: string; readonly notValues: readonly string[] };

/** How an agent says how it is, and how often. Times are milliseconds. */
export interface AgentTelemetry {
  readonly mode: 'Scrape' | 'Push' | 'None';
  readonly interval: number;
  /** Age at which a reading is too old to be relied on. */
  readonly staleAfter: number;
}

export interface AgentDefinition {
  readonly name: string;
  readonly type: string;
  /** Empty: every namespace. */
  readonly namespaces: readonly string[];
  readonly pods: Recognition;
  readonly sidecar: Recognition | undefined;
  /** Any of these proves that protection is on; empty: presence is enough. */
  readonly protection: readonly ProtectionSwitch[];
  readonly protectionRemedy: string;
  readonly minVersion: string | undefined;
  readonly operatingSystems: readonly string[];
  /** Sandboxing RuntimeClass handlers that the agent can see into all the same. */
  readonly runtimeHandlers: readonly string[];
  readonly telemetry: AgentTelemetry;
  /** Milliseconds between two events that something lets the agent see on each node; left out where nothing does. */
  readonly canary?: number;
}

export interface AssetSelector {
  readonly namespace: LabelSelector | undefined;
  readonly pod: LabelSelector | undefined;
  readonly node: LabelSelector | undefined;
}

export interface AgentRequirement {
  readonly name: string;
  readonly minVersion: string | undefined;
}

export interface Requirement {
  /** Any of these satisfies; empty: any recognised agent. */
  readonly agents: readonly AgentRequirement[];
  readonly evidence: Evidence;
  /** Detection policies that must be loaded. */
  readonly policies: readonly PolicyRequirement[];
  readonly mitre: readonly AttackRequirement[];
  /** How old a reading may be, in milliseconds; undefined: the agent's own staleAfter. */
  readonly telemetryMaxAge: number | undefined;
  /** The share of its events that an agent may lose; undefined: drops are not judged. */
  readonly maxDropRatio: number | undefined;
}

export interface PolicyRequirement {
  readonly name: string;
  readonly minVersion: string | undefined;
  /** Where it must come from; undefined: anywhere. */
  readonly source: string | undefined;
  /** Rules of it that must be loaded. */
  readonly rules: readonly string[];
}

/** ATT&CK techniques (`T1611`) that must be covered, or, where none is named, a tactic. */
export interface AttackRequirement {
  readonly tactic: string | undefined;
  readonly techniques: readonly string[];
  /** How many loaded rules must cover each technique, or the tactic. */
  readonly minimumRules: number;
}

export interface Exemption {
  readonly name: string;
  readonly selector: AssetSelector;
  readonly reason: string;
  readonly expiresAt: number;
}

export type AdmissionMode = 'Off' | 'Audit' | 'Warn' | 'Deny';

export interface Policy {
  readonly name: string;
  readonly selector: AssetSelector;
  readonly criticality: Criticality;
  readonly require: Requirement;
  readonly gracePeriod: number;
  readonly exemptions: readonly Exemption[];
  readonly nodes: NodeMarks;
  /** Risky behaviours that are findings where this policy selects. */
  readonly posture: readonly PostureRule[];
  readonly admission: {
    readonly mode: AdmissionMode;
    readonly when: 'AllNodes' | 'AnyNode';
    /** Kinds whose creation is judged. */
    readonly kinds: readonly string[];
    /** Those of them that Deny refuses; it warns of the others. */
    readonly refuses: readonly string[];
    readonly breakGlass: 'Allowed' | 'Forbidden';
  };
}

/** What is written onto the nodes that a policy selects. */
export interface NodeMarks {
  /** Keep the node condition `WorkloadProtected`. */
  readonly condition: boolean;
  readonly startupTaint: {
    readonly enabled: boolean;
    /** Milliseconds from the node's creation. */
    readonly timeLimit: number;
    readonly onTimeLimit: 'Remove' | 'Keep';
  };
}
