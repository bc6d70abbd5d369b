// A watch that is behind, or silent, looks like one of a kind that does not change. Before a store is taken for what stands in the cluster,
// its versions are held against a read that is made now; where it is behind, everything is read again.
import { Backoff } from './backoff.ts';
import { type Clock, type Random, sleep, systemClock } from './clock.ts';
import { type Scope, listPages } from './list.ts';
import { type Log, silentLog } from './log.ts';
import type { Reflector } from './reflector.ts';
import { resourceName } from './resource.ts';
import { compareResourceVersions } from './resource-version.ts';
import type { Transport } from './transport.ts';
import type { WatchedObject } from './watch.ts';

export interface CatchUpOptions extends Scope {
  readonly transport: Transport;
  /** What the store holds, of every object of the scope. */
  readonly held: () => Iterable<HeldVersion>;
  readonly reflector: Pick<Reflector, 'relist'>;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
}

export interface HeldVersion {
  /** '' for what has none. */
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
}

/** A page of metadata comes in far less; a connection that hangs must not cost a takeover a minute. */
const pageDeadlineMs = 10_000;
const backoffOptions = { firstMs: 200, capMs: 5000, resetAfterMs: 60_000 };

/**
 * Settles when the store is at least as new as a consistent read that was made after the call, however long it takes to get one; or when
 * the signal aborts, and never otherwise. Only names and versions are read where nothing is behind: a third of what whole objects are.
 */
export async function catchUp(options: CatchUpOptions, signal: AbortSignal): Promise<void> {
  const { clock = systemClock, random = Math.random, log = silentLog, held, reflector } = options;
  const resource = resourceName(options.resource);
  const backoff = new Backoff(backoffOptions, clock, random);
  while (!signal.aborted) {
    try {
      const standing = await readVersions(options, signal);
      const behind = firstBehind(held(), standing);
      if (behind === undefined || signal.aborted) return;
      log.warn(
        { resource, object: behind },
        'the watch is behind what stands in the cluster; reading everything again',
      );
      await Promise.race([reflector.relist(), aborted(signal)]);
      return;
    } catch (error) {
      if (signal.aborted) return;
      const waitMs = backoff.next();
      log.warn(
        { resource, error: error instanceof Error ? error.message : String(error), waitMs: Math.round(waitMs) },
        'what stands in the cluster cannot be read, and nothing is done before it is; trying again',
      );
      await sleep(clock, waitMs, signal);
    }
  }
}

interface Standing {
  readonly listVersion: string;
  /** By `NAMESPACE/NAME`. */
  readonly versions: Map<string, string>;
}

async function readVersions(options: CatchUpOptions, signal: AbortSignal): Promise<Standing> {
  const versions = new Map<string, string>();
  const note = (item: unknown): void => {
    const { namespace = '', name = '', resourceVersion = '' } = (item as WatchedObject).metadata;
    versions.set(`${namespace}/${name}`, resourceVersion);
  };
  const scope = { ...options, metadataOnly: true };
  const onPage = (items: readonly unknown[]): void => items.forEach(note);
  const listVersion = await listPages(options.transport, scope, onPage, signal, pageDeadlineMs);
  return { listVersion, versions };
}

/** An object of which the store holds less than was read, if there is one. What the watch brought meanwhile is newer, and well. */
function firstBehind(held: Iterable<HeldVersion>, { listVersion, versions }: Standing): string | undefined {
  for (const { namespace, name, resourceVersion } of held) {
    const key = `${namespace}/${name}`;
    const read = versions.get(key);
    versions.delete(key);
    if (resourceVersion === read) continue;
    // One that was not read is gone, unless it was made since.
    if ((compareResourceVersions(resourceVersion, read ?? listVersion) ?? 0) <= 0) return key;
  }
  const [missing] = versions.keys();
  return missing;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
