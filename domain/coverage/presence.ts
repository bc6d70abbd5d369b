// What one agent does on one node: it runs there, it is there and does not work, or it is not there, and why.
import type { Reason } from '../reason.ts';
import type { Ruleset } from '../telemetry/ruleset.ts';
import type { AgentDefinition, ConfigMapFacts, DaemonSetFacts, Evidence, NodeFacts, PodFacts } from '../types.ts';
import { likeTag } from '../version.ts';
import { whyAbsent } from './absence.ts';
import { isLost, type Heard } from './heard.ts';
import { whyNotReady } from './not-ready.ts';
import { protectionSwitchedOn } from './protection-switch.ts';
import { compareText } from './verdict.ts';

/** A reason with its words; `cause` names no single node, so that nodes in the same plight share one gap. */
export interface Trouble {
  readonly reason: Reason;
  readonly cause: string;
  readonly remedy: string;
}

export interface AgentPresence {
  readonly agent: string;
  readonly version: string | undefined;
  /** Undefined where nothing of the agent is on the node. */
  readonly evidence: Evidence | undefined;
  /** Undefined where the agent protects the node. */
  readonly trouble: Trouble | undefined;
  /**
   * Since when the agent could have been expected to work here; within a grace period from then the trouble is only
   * "not yet reported". Undefined where waiting cannot help.
   */
  readonly expectedSince: number | undefined;
  /** How little is missing, for choosing which of several absent agents to name: higher is nearer. */
  readonly nearness: number;
  /** How to bring it to a newer version, where it runs; `versionWanted` stands for the version. */
  readonly upgrade: string;
  readonly minVersion: string | undefined;
  /** A command that has it load everything anew, where its DaemonSet is known. */
  readonly restart?: string;
  /** What it says of itself; left out where it is not asked, or does not work. */
  readonly heard?: Heard;
  /** What it has loaded; left out where nobody says, or it does not work. */
  readonly ruleset?: Ruleset;
}

/** What an agent says of itself on a node. */
export interface Said {
  readonly heard: Heard | undefined;
  readonly version: string | undefined;
  readonly ruleset: Ruleset | undefined;
}

/** A DaemonSet in which the agent was recognised. */
export interface Installation {
  readonly daemonSet: DaemonSetFacts;
  readonly containerName: string;
  readonly repository: string;
  readonly tag: string | undefined;
}

/** An agent's pod on the node, with what its image says. */
export interface AgentPod {
  readonly pod: PodFacts;
  readonly containerName: string;
  readonly version: string | undefined;
}

export interface PresenceInput {
  readonly agent: AgentDefinition;
  readonly node: NodeFacts;
  readonly pods: readonly AgentPod[];
  readonly installations: readonly Installation[];
  readonly configMap: (namespace: string, name: string) => ConfigMapFacts | undefined;
  /** When the agent's last pod on the node was seen to go; undefined if none was. */
  readonly goneAt: number | undefined;
  readonly said?: Said;
}

/** Stands for a version in the words on upgrading: no name and no image can contain it. */
export const versionWanted = '{version}';

/** Higher is nearer; the gaps between are left for the kinds of misfit in `absence.ts`. */
export const nearnessOf = { running: 100, onNode: 90, podExpected: 80, uninstalled: 0 } as const;

export const presenceOn = (input: PresenceInput): AgentPresence => {
  // No node agent works on a virtual node, whatever its pods say.
  const running = input.node.virtual === undefined ? bestOf(input.pods) : undefined;
  if (running === undefined) return whyAbsent(input);
  // Who is not heard of cannot say that the pod is ready no more.
  return running.pod.ready && input.node.isSilent !== true ? working(input, running) : whyNotReady(input, running);
};

const working = (input: PresenceInput, running: AgentPod): AgentPresence => {
  const { agent, node, installations, configMap, said } = input;
  const installation = installationOf(running.pod, installations);
  const present = {
    agent: agent.name,
    // An image tag says what somebody called it.
    version: said?.version ?? running.version,
    evidence: evidenceOf(said),
    trouble: undefined,
    expectedSince: undefined,
    nearness: nearnessOf.running,
    upgrade: upgradeOf(agent, installation),
    minVersion: agent.minVersion,
    ...(installation === undefined ? {} : { restart: restartOf(installation) }),
    ...(said?.heard === undefined ? {} : { heard: said.heard }),
    ...(said?.ruleset === undefined ? {} : { ruleset: said.ruleset }),
  };
  const switchedOn = protectionSwitchedOn(agent, node, running.pod, installation?.daemonSet, configMap);
  if (switchedOn.known && !switchedOn.on) {
    const trouble = { reason: 'ProtectionDisabled', cause: switchedOn.cause, remedy: agent.protectionRemedy } as const;
    return { ...present, trouble };
  }
  const disabled = said?.heard?.issues.find(({ reason }) => reason === 'ProtectionDisabled');
  if (disabled !== undefined) return { ...present, trouble: disabled };
  // Who tells which policies are at work proves what the settings do not say.
  if (switchedOn.known || (said?.ruleset?.proof ?? 'None') !== 'None') return present;
  const { cause, remedy } = switchedOn;
  return { ...present, evidence: 'Declared', trouble: { reason: 'EvidenceTooWeak', cause, remedy } };
};

const evidenceOf = (said: Said | undefined): Evidence => {
  if (said?.heard === undefined || !said.heard.hasAnswered || isLost(said.heard)) return 'Running';
  return said.ruleset === undefined || said.ruleset.proof === 'None' ? 'Reporting' : 'Loaded';
};

const restartOf = ({ daemonSet: { namespace, name } }: Installation): string =>
  `kubectl -n ${namespace} rollout restart daemonset/${name}`;

export const installationOf = (pod: PodFacts, installations: readonly Installation[]): Installation | undefined =>
  installations.find(({ daemonSet }) => daemonSet.namespace === pod.namespace && daemonSet.name === pod.owner?.name);

export const upgradeOf = (agent: AgentDefinition, installation: Installation | undefined): string => {
  if (installation === undefined) return `Bring ${agent.name} to ${versionWanted} or later`;
  const { daemonSet, containerName, repository, tag } = installation;
  const { namespace, name } = daemonSet;
  return (
    `Bring DaemonSet ${namespace}/${name} to ${versionWanted} or later: ` +
    `kubectl -n ${namespace} set image daemonset/${name} ${containerName}=${repository}:${likeTag(tag, versionWanted)}`
  );
};

/** A ready pod before one that is not, one that stays before one that goes, one that lives before one that ended. */
const bestOf = (pods: readonly AgentPod[]): AgentPod | undefined =>
  pods.toSorted(
    (a, b) =>
      Number(b.pod.ready) - Number(a.pod.ready) ||
      Number(a.pod.deleting) - Number(b.pod.deleting) ||
      Number(hasEnded(a.pod)) - Number(hasEnded(b.pod)) ||
      b.pod.createdAt - a.pod.createdAt ||
      compareText(a.pod.name, b.pod.name),
  )[0];

export const hasEnded = ({ phase }: PodFacts): boolean => phase === 'Failed' || phase === 'Succeeded';
