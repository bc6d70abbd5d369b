// What makes each reason, and how it is mended in general. The gap itself has the cause and the remedy with names and numbers.
import type { Reason } from '../../domain/reason.ts';

export interface Explanation {
  /** What is found when an asset gets this reason. */
  readonly makes: readonly string[];
  readonly mends: readonly string[];
  /** Where to look for those that have it, beyond the list of assets. */
  readonly see?: string;
}

export const explanations: Readonly<Record<Reason, Explanation>> = {
  AgentMissing: {
    makes: [
      'no DaemonSet of a recognised agent is in the cluster',
      'its DaemonSet leaves the node out: a nodeSelector, an affinity, or a taint that it does not tolerate',
      "its pod for the node is Pending (with the scheduler's own words), cannot pull its image, or was evicted",
      'the agents that are there are none of those that a WorkloadPolicy asks for',
    ],
    mends: [
      'let the DaemonSet reach the node: the remedy holds the toleration, label or selector',
      'install an agent, or describe a house-made one in a ProtectionAgent',
    ],
  },
  ServerlessWithoutSidecar: {
    makes: ['the pod runs on a virtual node (Fargate, ACI, virtual-kubelet), and none of its containers is an agent'],
    mends: ["add the agent's sidecar to the pod template", 'run the workload on a node that can carry an agent'],
  },
  UnsupportedOperatingSystem: {
    makes: ["the node's operating system is in no spec.operatingSystems of the agents that are there"],
    mends: ['install an agent that supports it', 'exempt the nodes in the WorkloadPolicy, with a reason and an end'],
  },
  SandboxedRuntime: {
    makes: [
      "the pod's RuntimeClass has a handler such as Kata or gVisor, and no agent of the node lists it in spec.runtimeHandlers",
    ],
    mends: [
      'use an agent that sees into the sandbox, and list the handler in spec.runtimeHandlers of its ProtectionAgent',
      "exempt the workload in the WorkloadPolicy: the sandbox may be protection enough, and that is its owner's decision",
    ],
  },
  ProtectionDisabled: {
    makes: [
      "the agent runs and its runtime protection is switched off, as its containers, variables, ConfigMap or the node's labels show",
      'the agent runs without a source of events: Falco with the engine nodriver',
    ],
    mends: ["switch it on: the remedy holds the agent's own setting"],
  },
  AgentNotReady: {
    makes: [
      "the agent's pod is on the node and not ready: a crash loop, with its last exit and reason, or a failing probe",
    ],
    mends: ["read its log (kubectl logs), and mend what it says; the cause holds the container's last exit"],
  },
  PolicyLoadFailed: {
    makes: [
      'the agent says that it could not load a detection policy',
      "Falco's hot restart failed after a change of its rules",
      'the object that declares the policy says that it is not in force',
    ],
    mends: ["mend the policy as the agent's words say, and have it loaded again"],
    see: 'kubectl protection coverage policies --policy-status Failed,PartiallyLoaded -o wide',
  },
  RuleLoadFailed: {
    makes: ['the agent says that it refused a rule: a field that it does not know, a macro that is missing'],
    mends: ["mend the rule as the agent's words say, or update the agent that is too old for it"],
    see: 'kubectl protection coverage rules --rule-status Failed -o wide',
  },
  SelfTestFailed: {
    makes: ["the agent's self test did not see what it did on purpose"],
    mends: ["take it for blind: read its log, check the kernel's support and its privileges, and restart it"],
  },
  PolicyMissing: {
    makes: ['a WorkloadPolicy requires a detection policy (spec.require.policies) that the agents have not loaded'],
    mends: ['load it into the agent', 'mind the name: it must be as the agent reports it'],
    see: 'kubectl protection coverage policies --policy-status Missing,Declared -o wide',
  },
  PolicyOutdated: {
    makes: ['the required detection policy is loaded in a version older than minVersion'],
    mends: ['update it where the agent takes it from; the cause holds both versions'],
    see: 'kubectl protection coverage policies',
  },
  RuleMissing: {
    makes: ['a WorkloadPolicy requires a rule (spec.require.policies[].rules) that the loaded policy does not hold'],
    mends: ['add the rule, or the version of the policy that has it'],
    see: 'kubectl protection coverage rules --rule-status Missing',
  },
  RuleDisabled: {
    makes: ['the required rule is there and switched off, or left out by the agent: a filter, a priority floor'],
    mends: ['switch it on, or lower the floor; the cause says which'],
    see: 'kubectl protection coverage rules --rule-status Disabled,Filtered -o wide',
  },
  TechniqueUncovered: {
    makes: ['fewer loaded rules than required name a technique or tactic of spec.require.mitre, in their tags'],
    mends: [
      'load or switch on a rule that covers it: where somebody has one, it is named',
      'tag the rules that do cover it: an object without tags of its own takes an annotation',
    ],
    see: 'kubectl protection coverage attack',
  },
  EvidenceTooWeak: {
    makes: [
      "less is known than a WorkloadPolicy asks for (spec.require.evidence): Running where the agent's pod is ready, Reporting where the agent itself answers, Loaded where it proves its rules",
    ],
    mends: [
      "switch on the agent's telemetry, so that it can answer: its ProtectionAgent says with which setting",
      'ask for less, where the agent cannot prove more',
    ],
    see: 'kubectl get protectionagents',
  },
  AgentOutdated: {
    makes: ['the agent is older than spec.minVersion of its ProtectionAgent, or than a WorkloadPolicy asks for'],
    mends: ['update it'],
    see: 'kubectl protection coverage agents --outdated',
  },
  TelemetryStale: {
    makes: ["the agent's last answer is older than staleAfter of its ProtectionAgent"],
    mends: ['see why it cannot be asked: its pod, a NetworkPolicy, the port or credentials in its ProtectionAgent'],
    see: 'kubectl protection coverage agents',
  },
  EventsDropped: {
    makes: ['the share of events that the agent lost is above maxDropRatio of a WorkloadPolicy'],
    mends: ['give the agent more room: its buffers, its CPU, or fewer noisy rules'],
  },
  PolicyDrift: {
    makes: [
      'what the agent has loaded has another digest or version than what is declared, for instance a ConfigMap that was changed and not reloaded',
    ],
    mends: ['have the agent load it again', 'revert what was changed by hand'],
    see: 'kubectl protection coverage policies --policy-status Missing,Outdated,Drifted -o wide',
  },
  AgentHealth: {
    makes: ['the agent tells of trouble with its own health'],
    mends: ["mend it as the agent's words in the cause say"],
    see: 'kubectl protection coverage agents',
  },
  NotYetReported: {
    makes: [
      'the node or agent is younger than gracePeriod: an agent may still be starting. When it is over, what is then true is said',
    ],
    mends: ['nothing: wait. Where agents need longer, raise spec.gracePeriod of the WorkloadPolicy'],
  },
  TelemetryUnavailable: {
    makes: [
      'more than Running is required, or telemetry is configured, and the agent does not answer',
      'it has not answered for three times staleAfter',
    ],
    mends: ['make it reachable: its port, a NetworkPolicy, its credentials; the cause holds what went wrong'],
    see: 'kubectl protection coverage agents',
  },
};
