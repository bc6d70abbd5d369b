// An agent's pod that is there and does not work: what its containers, the scheduler or the kubelet say.
import type { ContainerStatus, PodFacts } from '../types.ts';
import {
  hasEnded,
  installationOf,
  nearnessOf,
  upgradeOf,
  type AgentPod,
  type AgentPresence,
  type PresenceInput,
  type Trouble,
} from './presence.ts';
import { sharedWords, schedulerWords } from './words.ts';

const imageFailures = new Set(['ImagePullBackOff', 'ErrImagePull', 'InvalidImageName', 'ErrImageNeverPull']);

/** What a container says of an end that is no failure to start: restarts after these are not the cause. */
const noFailure = new Set(['Completed']);

export const whyNotReady = (input: PresenceInput, running: AgentPod): AgentPresence => {
  const { agent, node, installations } = input;
  const { trouble, isFailure, isOnNode } = diagnose(input, running.pod);
  return {
    agent: agent.name,
    version: running.version,
    evidence: isOnNode ? 'Declared' : undefined,
    trouble,
    // What has failed will not mend by waiting, but on a new node everything may still be settling.
    expectedSince: isFailure ? node.createdAt : Math.max(node.createdAt, running.pod.createdAt),
    nearness: isOnNode ? nearnessOf.onNode : nearnessOf.podExpected,
    upgrade: upgradeOf(agent, installationOf(running.pod, installations)),
    minVersion: agent.minVersion,
  };
};

interface Diagnosis {
  readonly trouble: Trouble;
  /** Something ended or was refused, so that waiting alone will not help. */
  readonly isFailure: boolean;
  /** Whether the agent's process is, or was, on the node. */
  readonly isOnNode: boolean;
}

const diagnose = ({ agent, node }: PresenceInput, pod: PodFacts): Diagnosis => {
  const subject = `${agent.name} (${ownerOf(pod)})`;
  const containers = pod.trouble?.containers ?? [];
  if (hasEnded(pod)) return ended(subject, pod);
  if (pod.node === undefined) return unscheduled(subject, pod);
  const unpulled = containers.find(
    ({ waitingReason }) => waitingReason !== undefined && imageFailures.has(waitingReason),
  );
  if (unpulled !== undefined) return notPulled(subject, pod, unpulled);
  const crashed = containers.find(isCrashing);
  if (crashed !== undefined) return crashing(subject, pod, crashed);
  if (!node.ready) return unreachable(subject);
  const waiting = containers.find(({ waitingReason }) => waitingReason !== undefined);
  const detail = waiting === undefined ? 'its containers run and are not ready' : describeWaiting(waiting, pod);
  return {
    trouble: {
      reason: 'AgentNotReady',
      cause: `${subject} is not ready: ${detail}`,
      remedy: `See what it waits for: ${describe(pod)}`,
    },
    isFailure: false,
    isOnNode: pod.phase === 'Running',
  };
};

/** `DaemonSet security/falco`; a static pod has the node for its owner, whose name would tell nodes apart. */
const ownerOf = ({ namespace, owner }: PodFacts): string =>
  owner?.kind === 'DaemonSet' ? `DaemonSet ${namespace}/${owner.name}` : `a static pod in namespace ${namespace}`;

const describe = ({ namespace }: PodFacts): string => `kubectl -n ${namespace} describe pod <pod>`;

const isCrashing = ({ ready, waitingReason, lastExitCode, lastExitReason }: ContainerStatus): boolean =>
  waitingReason === 'CrashLoopBackOff' ||
  (!ready && lastExitCode !== undefined && !noFailure.has(lastExitReason ?? ''));

const unreachable = (subject: string): Diagnosis => ({
  trouble: {
    reason: 'AgentNotReady',
    cause: `${subject} cannot be heard: the node is not ready`,
    remedy: 'Bring the node back (kubectl describe node <node>), or remove it',
  },
  isFailure: true,
  isOnNode: true,
});

/** The kubelet makes no new process of it; its controller will replace it, where it may. */
const ended = (subject: string, pod: PodFacts): Diagnosis => {
  const reason = pod.trouble?.reason ?? pod.phase;
  // The first clause: what follows holds figures that differ from node to node.
  const words = pod.trouble?.message?.split(/[.,] /, 1)[0];
  const because = words === undefined ? '' : `: ${sharedWords(words, pod)}`;
  return {
    trouble: {
      reason: 'AgentMissing',
      cause:
        reason === 'Evicted'
          ? `${subject} was evicted from the node${because}`
          : `${subject} ended as ${reason}${because}`,
      remedy:
        reason === 'Evicted' && pod.owner?.kind === 'DaemonSet'
          ? `Free what the node ran out of, and give the agent the priority of node agents: ${raisePriority(pod, pod.owner.name)}`
          : `See why it ended: ${describe(pod)}`,
    },
    isFailure: true,
    isOnNode: false,
  };
};

const raisePriority = ({ namespace }: PodFacts, daemonSet: string): string =>
  `kubectl -n ${namespace} patch daemonset ${daemonSet} --type=merge -p '{"spec":{"template":{"spec":{"priorityClassName":"system-node-critical"}}}}'`;

const unscheduled = (subject: string, pod: PodFacts): Diagnosis => {
  const words = pod.trouble?.scheduling && schedulerWords(pod.trouble.scheduling);
  const daemonSet = pod.owner?.name ?? '<daemonset>';
  const lacksRoom = words !== undefined && /insufficient|too many pods/i.test(words);
  return {
    trouble: {
      reason: 'AgentMissing',
      cause: `${subject} is Pending: ${words === undefined ? 'the scheduler has not placed its pod yet' : `the scheduler says "${words}"`}`,
      remedy: lacksRoom
        ? `Make room on the node, ask for less (kubectl -n ${pod.namespace} set resources daemonset ${daemonSet} --requests=cpu=<cpu>,memory=<memory>), or let the agent displace others: ${raisePriority(pod, daemonSet)}`
        : `Mend what the scheduler names: ${describe(pod)}`,
    },
    isFailure: false,
    isOnNode: false,
  };
};

/** Pulling alternates between the two while it fails. */
const settled = (reason = ''): string => (reason === 'ErrImagePull' ? 'ImagePullBackOff' : reason);

const notPulled = (subject: string, pod: PodFacts, { name, waitingReason }: ContainerStatus): Diagnosis => {
  const image = pod.shape.containers.find((container) => container.name === name)?.image ?? 'its image';
  return {
    trouble: {
      reason: 'AgentMissing',
      cause: `${subject} cannot pull ${image} for container ${name} (${settled(waitingReason)})`,
      remedy: `Make ${image} available to the node (registry, name, imagePullSecrets), or set one that is: kubectl -n ${pod.namespace} set image daemonset/${pod.owner?.name ?? '<daemonset>'} ${name}=<image>`,
    },
    isFailure: true,
    isOnNode: false,
  };
};

/** In the same words whether it waits to be started again or has just been, since these change every few seconds. */
const crashing = (subject: string, pod: PodFacts, container: ContainerStatus): Diagnosis => ({
  trouble: {
    reason: 'AgentNotReady',
    cause: `${subject}: container ${container.name} keeps crashing (CrashLoopBackOff), last exit code ${container.lastExitCode ?? 'unknown'} (${container.lastExitReason ?? 'no reason given'})`,
    remedy: `Read why it ended and mend it: kubectl -n ${pod.namespace} logs <pod> -c ${container.name} --previous`,
  },
  isFailure: true,
  isOnNode: true,
});

/** Only errors carry words worth repeating: `ContainerCreating` says all of itself. */
const describeWaiting = ({ name, waitingReason = '', waitingMessage }: ContainerStatus, pod: PodFacts): string => {
  const hasWords = waitingReason.endsWith('Error') && waitingMessage !== undefined;
  return `container ${name} waits (${waitingReason}${hasWords ? `: ${sharedWords(waitingMessage, pod)}` : ''})`;
};
