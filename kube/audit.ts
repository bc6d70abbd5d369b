// Does the store really hold what the cluster holds? Once an hour the names are read again and compared. What is missed must be nothing:
// this is not how the store is kept right, but how we would learn that it is not.

import { type Clock, type Random, sleep, systemClock } from './clock.ts';
import { type Scope, listPages } from './list.ts';
import { type Log, silentLog } from './log.ts';
import { resourceName } from './resource.ts';
import type { Transport } from './transport.ts';
import type { WatchedObject } from './watch.ts';

export interface AuditOptions extends Scope {
  readonly transport: Transport;
  /** Only of kinds of which every object is kept: one that project() leaves out would count as missed. */
  readonly sink: { has(namespace: string, name: string): boolean };
  /** Told of objects that the store should have had; a good answer is `reflector.relist()`. */
  readonly onMissed: (missed: number, examples: readonly string[]) => void;
  readonly everyMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
}

const hourMs = 3_600_000;
/** A watch that is alive brings a new object well within this. */
const settleMs = 10_000;
/** Each is read once more, so only so many; a store that misses more is as wrong as one that misses these. */
const maxSuspects = 20;

/** Runs until the signal aborts. Failures are left to the reflector to tell. */
export async function runAudit(options: AuditOptions, signal: AbortSignal): Promise<void> {
  const { clock = systemClock, random = Math.random, log = silentLog, everyMs = hourMs } = options;
  while (!signal.aborted) {
    // Jittered, so that the kinds are not all read at once.
    await sleep(clock, everyMs * (0.75 + 0.5 * random()), signal);
    if (signal.aborted) return;
    try {
      const missed = await findMissed(options, clock, signal);
      if (missed.length === 0) continue;
      log.error({ resource: resourceName(options.resource), missed }, 'the store misses objects that the cluster has');
      options.onMissed(missed.length, missed);
    } catch (error) {
      if (!signal.aborted)
        log.info(
          { error: error instanceof Error ? error.message : String(error) },
          'the audit could not read the cluster',
        );
    }
  }
}

async function findMissed(options: AuditOptions, clock: Clock, signal: AbortSignal): Promise<string[]> {
  const { sink } = options;
  const suspects: { readonly namespace: string; readonly name: string }[] = [];
  const look = (item: unknown): void => {
    const { namespace = '', name = '' } = (item as WatchedObject).metadata;
    if (suspects.length < maxSuspects && !sink.has(namespace, name)) suspects.push({ namespace, name });
  };
  await listPages(options.transport, { ...options, metadataOnly: true }, (items) => items.forEach(look), signal);
  if (suspects.length === 0) return [];
  await sleep(clock, settleMs, signal);
  const missed: string[] = [];
  for (const { namespace, name } of suspects) {
    if (sink.has(namespace, name) || signal.aborted) continue;
    // Made after the watch's last event, or deleted since the list: not missed.
    if (await exists(options, namespace, name, signal)) missed.push(`${namespace}/${name}`);
  }
  return missed.filter((key) => !sink.has(...split(key)));
}

/** By a list of one name, since whoever may list and watch a kind need not be allowed to get. */
async function exists(
  { transport, resource }: AuditOptions,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  let found = false;
  const one = {
    resource,
    ...(namespace === '' ? {} : { namespace }),
    fieldSelector: `metadata.name=${name}`,
    metadataOnly: true,
  };
  await listPages(transport, one, (items) => void (found ||= items.length > 0), signal);
  return found;
}

function split(key: string): [string, string] {
  const at = key.indexOf('/');
  return [key.slice(0, at), key.slice(at + 1)];
}
