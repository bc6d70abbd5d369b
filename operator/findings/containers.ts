// Which container has which id, asked node by node and only where an event tells no more than an id. The model does not keep ids:
// 300,000 of them would be tens of megabytes, and most agents name the pod.
import type { ContainerIdentity } from '../../domain/findings/attribute.ts';
import { containerIdsOf } from '../../facts/container-status.ts';
import { object, text } from '../../facts/read.ts';
import type { Clock } from '../../kube/clock.ts';
import { listPages } from '../../kube/list.ts';
import type { Log } from '../../kube/log.ts';
import { resources } from '../../kube/resource.ts';
import type { Transport } from '../../kube/transport.ts';
import { placeLast } from '../place-last.ts';

export interface ContainerIds {
  /** By the whole id or its first characters. */
  readonly find: (node: string, id: string) => ContainerIdentity | undefined;
  /**
   * True where asking the node may tell more: it has not been asked since this id could have been known, and there is room to wait for the
   * answer. `receivedAt`: of the event that names it, epoch milliseconds.
   */
  readonly ask: (node: string, id: string, receivedAt: number, then: () => void) => boolean;
}

export interface ContainerIdsOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What was learned holds so long; containers come and go. */
const keepMs = 5 * 60_000;
/** One node is not asked more often. */
const askEveryMs = 5000;
/**
 * So long the kubelet may need to say which id a container got: an agent sees its first program before that. An id that is not known by
 * then belongs to nobody, and nobody waits for it again.
 */
const saidWithinMs = 5000;
/** Ids that were looked for. */
const mostMissed = 20_000;
const mostNodes = 1000;
/** Events that wait for nodes to be asked. */
const mostWaiting = 10_000;
/** Shorter ids would be guesses: agents cut to 12 at the least. */
const shortestId = 12;

interface Known {
  readonly askedAt: number;
  readonly readAt: number;
  readonly containers: ReadonlyMap<string, ContainerIdentity>;
}

export const createContainerIds = ({ transport, clock, log, signal }: ContainerIdsOptions): ContainerIds => {
  const nodes = new Map<string, Known>();
  const waiting = new Map<string, (() => void)[]>();
  /** Since when an id is looked for; the one of the longest ago first. */
  const missed = new Map<string, number>();
  let waitingEvents = 0;
  let isAsking = false;
  let cancel: (() => void) | undefined;
  signal.addEventListener('abort', () => cancel?.(), { once: true });

  const askNext = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    for (const node of waiting.keys()) {
      const began = clock.monotonic();
      if (began < mayAskAt(node)) continue;
      try {
        remember(node, began, await containersOn(transport, node, signal));
      } catch (error) {
        if (signal.aborted) break;
        remember(node, began, undefined);
        log.warn(
          { node, error },
          'the containers of a node could not be read: events that only name an id belong to nobody',
        );
      }
      // With those that came while it was asked.
      const callbacks = waiting.get(node) ?? [];
      waiting.delete(node);
      waitingEvents -= callbacks.length;
      for (const callback of callbacks) callback();
    }
    isAsking = false;
    if (waiting.size > 0 && !signal.aborted) wakeUp();
  };

  const mayAskAt = (node: string): number => (nodes.get(node)?.askedAt ?? Number.NEGATIVE_INFINITY) + askEveryMs;

  /** For the first of those that wait. */
  const wakeUp = (): void => {
    cancel?.();
    const first = Math.min(...[...waiting.keys()].map(mayAskAt));
    cancel = clock.after(Math.max(0, first - clock.monotonic()), () => void askNext());
  };

  /** `containers`: undefined where they could not be read; then what was read before holds as long as it would have. */
  const remember = (
    node: string,
    askedAt: number,
    containers: ReadonlyMap<string, ContainerIdentity> | undefined,
  ): void => {
    const before = nodes.get(node) ?? { readAt: askedAt, containers: new Map() };
    const known = containers === undefined ? { ...before, askedAt } : { askedAt, readAt: askedAt, containers };
    placeLast(nodes, node, known, mostNodes);
  };

  return {
    find: (node, id) => {
      const known = nodes.get(node);
      if (known === undefined || clock.monotonic() - known.readAt > keepMs) return undefined;
      return withId(known.containers, id);
    },
    ask: (node, id, receivedAt, then) => {
      if (id.length < shortestId || waitingEvents >= mostWaiting) return false;
      const now = clock.monotonic();
      const received = now - Math.max(0, clock.now() - receivedAt);
      const since = Math.min(missed.get(`${node}/${id}`) ?? received, received);
      placeLast(missed, `${node}/${id}`, since, mostMissed);
      const askedAt = nodes.get(node)?.askedAt ?? Number.NEGATIVE_INFINITY;
      // What was read too long ago is forgotten, and tells nothing of what has come since or was known then.
      if (askedAt >= since + saidWithinMs && now - askedAt <= keepMs) return false;
      waiting.set(node, [...(waiting.get(node) ?? []), then]);
      waitingEvents++;
      if (mayAskAt(node) <= now) void askNext();
      else wakeUp();
      return true;
    },
  };
};

/** Of one node: by the whole id or its first characters. */
export const withId = (
  containers: ReadonlyMap<string, ContainerIdentity>,
  id: string,
): ContainerIdentity | undefined => {
  if (id.length < shortestId) return undefined;
  const whole = containers.get(id);
  if (whole !== undefined) return whole;
  const fitting = [...containers].filter(([each]) => each.startsWith(id));
  return fitting.length === 1 ? fitting[0]?.[1] : undefined;
};

const containersOn = async (
  transport: Transport,
  node: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ContainerIdentity>> => {
  const containers = new Map<string, ContainerIdentity>();
  await listPages(
    transport,
    { resource: resources.pods, fieldSelector: `spec.nodeName=${node}` },
    (pods) => {
      for (const pod of pods) {
        const { metadata, status } = object(pod);
        const { namespace, name } = object(metadata);
        for (const { id, container } of containerIdsOf(status))
          containers.set(id, { namespace: text(namespace), pod: text(name), container });
      }
    },
    signal,
  );
  return containers;
};
