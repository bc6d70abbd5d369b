// Which container has which id, asked node by node and only where an event tells no more than an id. The model does not keep ids:
// 300,000 of them would be tens of megabytes, and most agents name the pod.
import type { ContainerIdentity } from '../../domain/findings/attribute.ts';
import { containerStatusesOf } from '../../facts/container-status.ts';
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
  /** True where asking the node may tell more: it was not asked lately, and there is room to wait for the answer. */
  readonly ask: (node: string, then: () => void) => boolean;
}

export interface ContainerIdsOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What was learned holds so long; containers come and go. */
const keepMs = 5 * 60_000;
/** One node is not asked more often; an id that is not known by then belongs to nobody. */
const askEveryMs = 10_000;
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
  let waitingEvents = 0;
  let isAsking = false;

  const askNext = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    for (const node of waiting.keys()) {
      try {
        remember(node, await containersOn(transport, node, signal));
      } catch (error) {
        if (signal.aborted) break;
        remember(node, undefined);
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
    if (waiting.size > 0 && !signal.aborted) await askNext();
  };

  /** `containers`: undefined where they could not be read; then what was read before holds as long as it would have. */
  const remember = (node: string, containers: ReadonlyMap<string, ContainerIdentity> | undefined): void => {
    const askedAt = clock.monotonic();
    const before = nodes.get(node) ?? { readAt: askedAt, containers: new Map() };
    const known = containers === undefined ? { ...before, askedAt } : { askedAt, readAt: askedAt, containers };
    placeLast(nodes, node, known, mostNodes);
  };

  return {
    find: (node, id) => {
      const known = nodes.get(node);
      if (known === undefined || id.length < shortestId || clock.monotonic() - known.readAt > keepMs) return undefined;
      const whole = known.containers.get(id);
      if (whole !== undefined) return whole;
      const fitting = [...known.containers].filter(([each]) => each.startsWith(id));
      return fitting.length === 1 ? fitting[0]?.[1] : undefined;
    },
    ask: (node, then) => {
      const known = nodes.get(node);
      if (known !== undefined && clock.monotonic() - known.askedAt < askEveryMs) return false;
      if (waitingEvents >= mostWaiting) return false;
      waiting.set(node, [...(waiting.get(node) ?? []), then]);
      waitingEvents++;
      void askNext();
      return true;
    },
  };
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
        for (const { containerID, name: container } of containerStatusesOf(status)) {
          const id = text(containerID).replace(/^[a-z0-9.+-]+:\/\//, '');
          if (id !== '')
            containers.set(id, { namespace: text(namespace), pod: text(name), container: text(container) });
        }
      }
    },
    signal,
  );
  return containers;
};
