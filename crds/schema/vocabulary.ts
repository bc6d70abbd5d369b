/** The closed vocabularies of the API. Order matters where the comment says so. */

export const group = 'workloadprotection.dev';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}` as const;
export const category = 'workload-protection';

/** From best to worst; `Exempt` stands apart. */
export const states = [
  'Protected',
  'Warning',
  'Unknown',
  'Incomplete',
  'Failed',
  'NoProtection',
  'NoAgent',
  'Exempt',
] as const;

/** What an asset in a slice may be: a workload without a running pod is counted apart. */
export const assetStates = [...states, 'NotRunning'] as const;

export const reasons = [
  'AgentMissing',
  'ServerlessWithoutSidecar',
  'UnsupportedOperatingSystem',
  'SandboxedRuntime',
  'ProtectionDisabled',
  'AgentNotReady',
  'PolicyLoadFailed',
  'RuleLoadFailed',
  'SelfTestFailed',
  'PolicyMissing',
  'PolicyOutdated',
  'RuleMissing',
  'RuleDisabled',
  'TechniqueUncovered',
  'EvidenceTooWeak',
  'AgentOutdated',
  'TelemetryStale',
  'EventsDropped',
  'PolicyDrift',
  'AgentHealth',
  'NotYetReported',
  'TelemetryUnavailable',
] as const;

/** From weakest to strongest. */
export const evidenceLevels = ['Declared', 'Running', 'Reporting', 'Loaded'] as const;
/** `Declared` alone never makes an asset Protected, so no policy can ask for it. */
export const requirableEvidence = ['Running', 'Reporting', 'Loaded'] as const;
/** What proves that silence means something; from weakest to strongest. */
export const quietEvidenceLevels = ['Running', 'Reporting', 'Loaded', 'Delivered'] as const;

export const agentTypes = ['Falco', 'Tetragon', 'Datadog', 'KubeArmor', 'Kubescape', 'Tracee', 'Custom'] as const;

/** From lowest to highest; severities of findings and criticality of policies. */
export const ranks = ['Low', 'Medium', 'High', 'Critical'] as const;

/** What puts a gap before others of the same criticality; in this order. */
export const risks = ['Privileged', 'HostPID', 'HostNetwork', 'HostPath', 'Exposed', 'OpenFindings'] as const;

export const policyTypes = ['ThreatDetection', 'Compliance', 'BestPractice'] as const;
export const policyStatuses = [
  'Declared',
  'Loaded',
  'PartiallyLoaded',
  'Filtered',
  'Disabled',
  'Failed',
  'Missing',
  'Outdated',
  'Drifted',
] as const;
export const ruleStatuses = ['Loaded', 'Filtered', 'Disabled', 'Failed', 'Missing'] as const;

export const builtInBehaviours = [
  'CompilerInContainer',
  'PackageManagerInContainer',
  'InteractiveShell',
  'LegacyMetadataService',
  'OutdatedCgroups',
  'BinaryDrift',
  'NetworkToolInContainer',
  'SshServerInContainer',
  'OutdatedKernel',
  'OutdatedContainerRuntime',
] as const;

export const casePhases = ['New', 'Triaged', 'Remediating', 'Fixed', 'RiskAccepted'] as const;
export const findingPhases = ['Open', 'Remediating', 'Verifying', 'Resolved', 'RiskAccepted'] as const;
export const suspendedReasons = [
  'AgentBlind',
  'RuleNotLoaded',
  'DeliveryUnproven',
  'EventsShed',
  'NothingRunning',
  'OperatorDown',
  'StillPresent',
] as const;

export const admissionModes = ['Off', 'Audit', 'Warn', 'Deny'] as const;
export const admissionKinds = [
  'Pod',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
] as const;

export type State = (typeof states)[number];
export type AssetState = (typeof assetStates)[number];
export type Reason = (typeof reasons)[number];
export type Evidence = (typeof evidenceLevels)[number];
export type QuietEvidence = (typeof quietEvidenceLevels)[number];
export type AgentType = (typeof agentTypes)[number];
export type Risk = (typeof risks)[number];
export type Rank = (typeof ranks)[number];
