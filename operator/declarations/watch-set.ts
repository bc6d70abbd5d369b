// Watches that come and go: those that the agents of the moment need.
import type { Clock } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import { createReflector, type ReflectorMetrics } from '../../kube/reflector.ts';
import { resourceName, type Resource } from '../../kube/resource.ts';
import type { Transport } from '../../kube/transport.ts';
import { createKeptObjects, keep, type KeptObjects, type Room } from './kept-objects.ts';

export interface Wanted {
  readonly resource: Resource;
  /** Undefined for the whole cluster. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** Fields that nobody reads and that change often. */
  readonly omit?: readonly string[];
}

export interface Watched {
  readonly wanted: Wanted;
  readonly objects: KeptObjects;
  /** Whether it has been read, or has failed at that. */
  readonly isTried: () => boolean;
  /** It has never been read, or not for so long that what is held is of the past. */
  readonly isUnreadable: () => boolean;
}

export interface WatchSet {
  /** Watches these from now on, and no others. */
  readonly follow: (wanted: readonly Wanted[], signal: AbortSignal) => void;
  readonly of: (wanted: Wanted) => Watched | undefined;
  /** Ends when all watches have, after the signal that they were given. */
  readonly ended: () => Promise<void>;
}

export interface WatchSetOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ReflectorMetrics;
}

/** A hiccup of the API server is nothing to tell. */
const tolerableMs = 60_000;

export const createWatchSet = ({ transport, clock, log, metrics }: WatchSetOptions): WatchSet => {
  const room: Room = { bytes: 0 };
  const watches = new Map<string, Watched & { readonly stop: () => void }>();
  const running = new Set<Promise<void>>();
  // What may not be read is told on the ProtectionAgent, once; a line every half minute would tell no more.
  const quiet: Log = {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.debug(fields, message),
    error: (fields, message) => log.error(fields, message),
  };

  const start = (wanted: Wanted, signal: AbortSignal): Watched & { readonly stop: () => void } => {
    const { resource, namespace, labelSelector, omit } = wanted;
    const objects = createKeptObjects(room);
    const reflector = createReflector({
      transport,
      resource,
      namespace,
      labelSelector,
      optional: true,
      project: (raw) => keep(raw, omit),
      sink: objects,
      log: quiet,
      metrics,
    });
    const end = new AbortController();
    const stop = (): void => end.abort();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const run = reflector.run(end.signal).finally(() => {
      signal.removeEventListener('abort', stop);
      objects.clear();
      running.delete(run);
    });
    running.add(run);
    const isUnreadable = (): boolean => {
      const { synced, state, lastError, lastHeardAt = 0 } = reflector.state();
      return synced ? state === 'backoff' && clock.now() - lastHeardAt > tolerableMs : lastError !== undefined;
    };
    const isTried = (): boolean => reflector.state().synced || isUnreadable();
    return { wanted, objects, isUnreadable, isTried, stop };
  };

  return {
    follow: (wanted, signal) => {
      const keys = new Set(wanted.map(keyOf));
      for (const [key, { stop }] of watches) {
        if (keys.has(key)) continue;
        stop();
        watches.delete(key);
      }
      for (const each of wanted) {
        const key = keyOf(each);
        if (!watches.has(key)) watches.set(key, start(each, signal));
      }
    },
    of: (wanted) => watches.get(keyOf(wanted)),
    ended: async () => {
      await Promise.all(running);
    },
  };
};

export const keyOf = ({ resource, namespace = '', labelSelector = '' }: Wanted): string =>
  `${resourceName(resource)} ${namespace} ${labelSelector}`;
