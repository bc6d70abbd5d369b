// Why a pod is not ready, in the words of the scheduler and the kubelet.
import type { ContainerStatus, PodTrouble } from '../domain/types.ts';
import { condition, isObject, list, object, type Raw, text, textOrNone } from './read.ts';

/** Long enough for every message seen of a kubelet but a stack trace, which no report could show. */
const messageLimit = 1024;

/** Undefined where nothing is said. In a large outage thousands of pods say the same, so the words are pooled. */
export const projectPodTrouble = (status: Raw, pooled: (value: string) => string): PodTrouble | undefined => {
  const words = (value: unknown): string | undefined => {
    const said = textOrNone(value);
    return said === undefined
      ? undefined
      : pooled(said.length > messageLimit ? `${said.slice(0, messageLimit)}…` : said);
  };
  const scheduled = condition(status, 'PodScheduled');
  const scheduling = scheduled?.status === 'False' ? words(scheduled.message || scheduled.reason) : undefined;
  const [reason, message] = [words(status.reason), words(status.message)];
  // Ready ones are kept too: in a pod that is not, an agent's own container may well be.
  const containers = [
    ...list(status.initContainerStatuses).map(object).filter(isUnfinished),
    ...list(status.containerStatuses).map(object),
  ].map((container) => statusOf(container, words));
  if (scheduling === undefined && reason === undefined && message === undefined && containers.length === 0) {
    return undefined;
  }
  return { scheduling, reason, message, containers };
};

/** An init container that ended well is behind us. */
const isUnfinished = (container: Raw): boolean =>
  container.ready !== true || !isObject(object(container.state).terminated);

const statusOf = (container: Raw, words: (value: unknown) => string | undefined): ContainerStatus => {
  const state = object(container.state);
  const waiting = object(state.waiting);
  const ended = isObject(state.terminated) ? state.terminated : object(object(container.lastState).terminated);
  return {
    name: words(container.name) ?? text(container.name),
    ready: container.ready === true,
    waitingReason: words(waiting.reason),
    waitingMessage: words(waiting.message),
    lastExitCode: typeof ended.exitCode === 'number' ? ended.exitCode : undefined,
    lastExitReason: words(ended.reason),
  };
};
