// An agent's pod that is there and does not work: what its containers, the scheduler or the kubelet say.
import type { ContainerStatus, PodFacts } from '../types.ts';
import {
  installationOf,
  nearnessOf,
  upgradeOf,
  type AgentPod,
  type AgentPresence,
  type PresenceInput,
  type Trouble,
} from './presence.ts';

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
  const owner = `${agent.name} (DaemonSet ${pod.namespace}/${pod.owner?.name ?? pod.name})`;
  const look = `kubectl -n ${pod.namespace} describe pod <pod>`;
  const containers = pod.trouble?.containers ?? [];
  if (pod.phase === 'Failed') return ended(owner, pod);
  if (pod.node === undefined) return unscheduled(owner, pod);
  const unpulled = containers.find(
    ({ waitingReason }) => waitingReason !== undefined && imageFailures.has(waitingReason),
  );
  if (unpulled !== undefined) return notPulled(owner, pod, unpulled);
  const crashed = containers.find(isCrashing);
  if (crashed !== undefined) return crashing(owner, pod, crashed);
  if (!node.ready) {
    return {
      trouble: {
        reason: 'AgentNotReady',
        cause: `${owner} cannot be heard: the node is not ready`,
        remedy: 'Bring the node back (kubectl describe node <node>), or remove it',
      },
      isFailure: true,
      isOnNode: true,
    };
  }
  const waiting = containers.find(({ waitingReason }) => waitingReason !== undefined);
  const detail = waiting === undefined ? 'its containers run and are not ready' : describeWaiting(waiting);
  return {
    trouble: {
      reason: 'AgentNotReady',
      cause: `${owner} is not ready: ${detail}`,
      remedy: `See what it waits for: ${look}`,
    },
    isFailure: false,
    isOnNode: pod.phase === 'Running',
  };
};

const isCrashing = ({ ready, waitingReason, lastExitCode, lastExitReason }: ContainerStatus): boolean =>
  waitingReason === 'CrashLoopBackOff' ||
  (!ready && lastExitCode !== undefined && !noFailure.has(lastExitReason ?? ''));

const ended = (owner: string, pod: PodFacts): Diagnosis => {
  const reason = pod.trouble?.reason ?? 'Failed';
  // The first sentence: what follows holds figures that differ from node to node.
  const words = pod.trouble?.message?.split('. ', 1)[0];
  return {
    trouble: {
      reason: 'AgentMissing',
      cause:
        reason === 'Evicted'
          ? `${owner} was evicted from the node${words === undefined ? '' : `: ${words}`}`
          : `${owner} ended as ${reason}${words === undefined ? '' : `: ${words}`}`,
      remedy:
        reason === 'Evicted'
          ? `Give DaemonSet ${pod.namespace}/${pod.owner?.name ?? pod.name} the priority of node agents: kubectl -n ${pod.namespace} patch daemonset ${pod.owner?.name ?? pod.name} --type=merge -p '{"spec":{"template":{"spec":{"priorityClassName":"system-node-critical"}}}}'; and free what the node ran out of`
          : `See why it ended: kubectl -n ${pod.namespace} describe pod <pod>`,
    },
    isFailure: true,
    isOnNode: false,
  };
};

const unscheduled = (owner: string, pod: PodFacts): Diagnosis => {
  const words = pod.trouble?.scheduling;
  const daemonSet = pod.owner?.name ?? pod.name;
  return {
    trouble: {
      reason: 'AgentMissing',
      cause: `${owner} is Pending: ${words === undefined ? 'the scheduler has not placed its pod yet' : `the scheduler says "${words}"`}`,
      remedy:
        words !== undefined && /insufficient|too many pods/i.test(words)
          ? `Make room on the node, lower the agent's requests (kubectl -n ${pod.namespace} set resources daemonset ${daemonSet} --requests=cpu=…,memory=…), or let it evict others: kubectl -n ${pod.namespace} patch daemonset ${daemonSet} --type=merge -p '{"spec":{"template":{"spec":{"priorityClassName":"system-node-critical"}}}}'`
          : `Mend what the scheduler names: kubectl -n ${pod.namespace} describe pod <pod>`,
    },
    isFailure: false,
    isOnNode: false,
  };
};

const notPulled = (owner: string, pod: PodFacts, { name, waitingReason }: ContainerStatus): Diagnosis => {
  const image = pod.shape.containers.find((container) => container.name === name)?.image ?? 'its image';
  return {
    trouble: {
      reason: 'AgentMissing',
      cause: `${owner} cannot pull ${image} for container ${name} (${waitingReason ?? 'ErrImagePull'})`,
      remedy: `Make ${image} available to the node (registry, name, imagePullSecrets), or set one that is: kubectl -n ${pod.namespace} set image daemonset/${pod.owner?.name ?? pod.name} ${name}=IMAGE`,
    },
    isFailure: true,
    isOnNode: false,
  };
};

const crashing = (owner: string, pod: PodFacts, container: ContainerStatus): Diagnosis => ({
  trouble: {
    reason: 'AgentNotReady',
    cause: `${owner}: container ${container.name} ${container.waitingReason === 'CrashLoopBackOff' ? 'is in CrashLoopBackOff' : 'keeps ending'}, last exit code ${container.lastExitCode ?? 'unknown'} (${container.lastExitReason ?? 'no reason given'})`,
    remedy: `Read why it ended and mend it: kubectl -n ${pod.namespace} logs <pod> -c ${container.name} --previous`,
  },
  isFailure: true,
  isOnNode: true,
});

/** Only errors of configuration carry words worth repeating; other messages name the single pod. */
const describeWaiting = ({ name, waitingReason = 'no reason given', waitingMessage }: ContainerStatus): string => {
  const words = waitingReason.endsWith('Error') && waitingMessage !== undefined ? `: ${waitingMessage}` : '';
  return `container ${name} waits (${waitingReason}${words})`;
};
