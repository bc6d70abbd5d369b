// Keeps a sink equal to the objects of one kind: everything first, then every change, for as long as the process runs, through
// whatever the API server and the network do.

import { Backoff } from './backoff.ts';
import { type Clock, type Random, sleep, systemClock } from './clock.ts';
import { KubeError, classify } from './errors.ts';
import { type Scope, listPages } from './list.ts';
import { type Log, silentLog } from './log.ts';
import { apiVersionOf, resourceName } from './resource.ts';
import { compareResourceVersions } from './resource-version.ts';
import type { Sink } from './sink.ts';
import type { Transport } from './transport.ts';
import { type WatchEvent, type WatchedObject, watchOnce } from './watch.ts';
import { WatchListTrust } from './watch-list-trust.ts';

export interface ReflectorOptions<T> extends Scope {
  readonly transport: Transport;
  readonly sink: Sink<T>;
  /** The few fields that the domain reads; undefined for an object that is of no interest. */
  project(raw: unknown): T | undefined;
  /** The kind may not be installed: then it counts as empty, and is looked for again every minute. */
  readonly optional?: boolean;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
  readonly metrics?: ReflectorMetrics;
}

export interface ReflectorMetrics {
  /** A watch or list failed; `kind` is its class (see errors.ts). */
  error?(resource: string, kind: string): void;
  relist?(resource: string): void;
  /** An object or a line that could not be read. */
  skipped?(resource: string): void;
}

export interface ReflectorState {
  readonly state: 'idle' | 'syncing' | 'live' | 'backoff' | 'absent';
  /** When the server last sent anything, epoch milliseconds. */
  readonly lastHeardAt: number | undefined;
  readonly resourceVersion: string | undefined;
  readonly objects: number | undefined;
  /** What is wrong now; undefined once all is well again. */
  readonly lastError: string | undefined;
  readonly synced: boolean;
  readonly relists: number;
  readonly watchErrors: number;
  readonly skipped: number;
}

export interface Reflector {
  /** Ends when the signal aborts, and never otherwise. */
  run(signal: AbortSignal): Promise<void>;
  /** When the sink first held everything, or the kind proved to be absent. Rejected if the run ends before. */
  readonly synced: Promise<void>;
  state(): ReflectorState;
  /** Reads everything again, now; for when the sink was found to be wrong. Resolves when that is done, or the run has ended. */
  relist(): Promise<void>;
}

export function createReflector<T>(options: ReflectorOptions<T>): Reflector {
  return new WatchingReflector(options);
}

/** client-go's numbers: gentle on a server that is ill, and quick to be back after one hiccup. */
const backoffOptions = { firstMs: 800, capMs: 30_000, resetAfterMs: 120_000 };
/** The server ends a watch after 5 to 10 minutes, so that a hanging one cannot last and watches do not renew all at once. */
const watchSeconds = { least: 300, most: 600 };
/** Bookmarks come about once a minute; with them, silence of one and a half is a dead connection. */
const silenceWithBookmarksMs = 90_000;
/** Without them a quiet kind is silent until the server ends the watch. */
const silenceMs = 600_000;
/** Initial events come in one go. */
const initialSilenceMs = 60_000;
const veryShortMs = 1000;
const absentRetryMs = 60_000;
/** Whatever a server asks for, two minutes later it is asked again. */
const maxRetryAfterMs = 120_000;
const initialEventsEnd = 'k8s.io/initial-events-end';

class WatchingReflector<T> implements Reflector {
  readonly synced: Promise<void>;
  readonly #options: ReflectorOptions<T>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #name: string;
  readonly #backoff: Backoff;
  readonly #synced = Promise.withResolvers<void>();
  #state: ReflectorState['state'] = 'idle';
  #resourceVersion: string | undefined;
  #lastHeardAt: number | undefined;
  #lastError: string | undefined;
  #hasSynced = false;
  #relists = 0;
  #watchErrors = 0;
  #skipped = 0;
  readonly #watchList = new WatchListTrust();
  #bookmarksCome = false;
  #interrupt = (): void => {};
  #onRelisted: (() => void)[] = [];

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#log = options.log ?? silentLog;
    this.#name = resourceName(options.resource);
    this.#backoff = new Backoff(backoffOptions, this.#clock, this.#random);
    this.synced = this.#synced.promise;
    // Who does not wait for it must not be ended by its rejection.
    this.synced.catch(() => {});
  }

  state(): ReflectorState {
    return {
      state: this.#state,
      lastHeardAt: this.#lastHeardAt,
      resourceVersion: this.#resourceVersion,
      objects: this.#options.sink.size,
      lastError: this.#lastError,
      synced: this.#hasSynced,
      relists: this.#relists,
      watchErrors: this.#watchErrors,
      skipped: this.#skipped,
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Also ends the wait after a failure: who asks for a new list has just reached the server, or knows better than our backoff.
      const round = new AbortController();
      this.#interrupt = () => round.abort();
      signal.addEventListener('abort', this.#interrupt, { once: true });
      try {
        await this.#round(round.signal);
      } catch (error) {
        if (!round.signal.aborted) await this.#recover(error, round.signal);
      } finally {
        signal.removeEventListener('abort', this.#interrupt);
      }
    }
    this.#state = 'idle';
    this.#tellRelisted();
    this.#synced.reject(new Error(`stopped before the list of ${this.#name} was complete`));
  }

  relist(): Promise<void> {
    this.#resourceVersion = undefined;
    this.#interrupt();
    return new Promise((resolve) => this.#onRelisted.push(resolve));
  }

  #tellRelisted(): void {
    for (const resolve of this.#onRelisted.splice(0)) resolve();
  }

  /** One request's worth of progress: a list, or a watch until it ends. */
  async #round(signal: AbortSignal): Promise<void> {
    if (this.#resourceVersion !== undefined) return this.#follow(this.#resourceVersion, signal);
    // Looking for an absent kind again is no change until it is found.
    if (this.#state !== 'absent') {
      this.#state = 'syncing';
      if (this.#hasSynced) {
        this.#relists += 1;
        this.#options.metrics?.relist?.(this.#name);
      }
    }
    if (this.#watchList.isUsable) return this.#follow(undefined, signal);
    return this.#list(signal);
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { transport, sink } = this.#options;
    sink.beginReplace();
    const resourceVersion = await listPages(
      transport,
      this.#options,
      (items) => {
        this.#heard();
        for (const item of items) {
          if (isObject(item)) this.#put(item);
          else this.#skip('an entry of the list', new TypeError('not a Kubernetes object'));
        }
      },
      signal,
    );
    // One that was asked for meanwhile is to be newer.
    if (!signal.aborted) this.#replaced(resourceVersion);
  }

  /** Without a resourceVersion the watch brings everything first, and goes on as a watch from there. */
  async #follow(from: string | undefined, signal: AbortSignal): Promise<void> {
    const { transport, sink } = this.#options;
    const startedAt = this.#clock.monotonic();
    const seconds = watchSeconds.least + Math.floor(this.#random() * (watchSeconds.most - watchSeconds.least));
    const watch = { complete: from !== undefined, events: 0, bookmarks: 0, regressions: 0 };
    if (!watch.complete) sink.beginReplace();
    try {
      await watchOnce({
        transport,
        scope: this.#options,
        clock: this.#clock,
        resourceVersion: from,
        timeoutSeconds: seconds,
        idleLimitMs: () => {
          if (!watch.complete) return initialSilenceMs;
          return this.#bookmarksCome || watch.bookmarks > 0 ? silenceWithBookmarksMs : silenceMs;
        },
        onOpen: () => {
          this.#heard();
          if (watch.complete) this.#live();
        },
        onBytes: () => this.#heard(),
        onEvent: (event) => {
          watch.events += 1;
          if (event.type !== 'BOOKMARK') this.#change(event, watch.complete);
          else if (watch.complete) this.#bookmark(event.object, watch, startedAt, seconds);
          else {
            this.#initialBookmark(event.object);
            watch.complete = true;
          }
        },
        onGarbage: (error) => this.#skip('a line of the watch', error),
        signal,
      });
    } catch (error) {
      if (!watch.complete && this.#blamesWatchList(error)) return;
      // A server may have stopped sending bookmarks (another one behind the same address): then silence proves less.
      if (error instanceof KubeError && error.reason === 'WatchSilent' && watch.bookmarks === 0)
        this.#bookmarksCome = false;
      throw error;
    }
    if (signal.aborted) return;
    if (!watch.complete) {
      const error = this.#failure('WatchListUnfinished', 'the watch ended before its initial events did');
      if (!this.#blamesWatchList(error)) throw error;
    } else if (watch.events === 0 && this.#clock.monotonic() - startedAt < veryShortMs) {
      throw this.#failure('VeryShortWatch', 'the watch ended within a second and brought nothing');
    }
  }

  #change({ type, object }: WatchEvent, advance: boolean): void {
    if (type === 'DELETED') this.#remove(object);
    else this.#put(object);
    if (advance) this.#advance(object.metadata.resourceVersion);
  }

  #initialBookmark(object: WatchedObject): void {
    const { annotations, resourceVersion } = object.metadata;
    if (annotations?.[initialEventsEnd] !== 'true' || !resourceVersion) {
      throw this.#failure('WatchListIgnored', 'the server does not know sendInitialEvents');
    }
    this.#watchList.finished();
    this.#replaced(resourceVersion);
  }

  #bookmark(
    object: WatchedObject,
    watch: { bookmarks: number; regressions: number },
    startedAt: number,
    seconds: number,
  ): void {
    const { resourceVersion } = object.metadata;
    watch.bookmarks += 1;
    // One just before the end of the watch says nothing about bookmarks in between.
    if (this.#clock.monotonic() - startedAt < (seconds - 15) * 1000) this.#bookmarksCome = true;
    if (this.#olderThanOurs(resourceVersion)) {
      watch.regressions += 1;
      // One may come from a replica that lags. Again means that the cluster was restored from a backup: we wait for a version that it
      // reaches in hours, and would miss everything until then.
      if (watch.regressions > 1) {
        this.#resourceVersion = undefined;
        throw this.#failure(
          'ResourceVersionRegressed',
          'the server is behind what we have seen; was it restored from a backup?',
        );
      }
      return;
    }
    this.#advance(resourceVersion);
  }

  /** True when it is WatchList that does not work here, so that the next round lists instead. */
  #blamesWatchList(error: unknown): boolean {
    if (!this.#watchList.blames(error)) return false;
    this.#log.info(
      { resource: this.#name, error: messageOf(error) },
      'the server does not stream lists; reading pages instead',
    );
    return true;
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const kind = classify(error);
    if (kind === 'notFound' && this.#options.optional) return this.#absent(signal);
    this.#watchErrors += 1;
    this.#options.metrics?.error?.(this.#name, kind);
    if (endsHistory(error)) this.#resourceVersion = undefined;
    this.#state = 'backoff';
    this.#lastError = messageOf(error);
    const asked = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(this.#backoff.next(), Math.min(asked, maxRetryAfterMs));
    const fields = { resource: this.#name, error: this.#lastError, waitMs: Math.round(waitMs) };
    if (kind === 'gone') this.#log.info(fields, 'the watch fell behind; listing again');
    else this.#log.warn(fields, 'watching failed; trying again');
    await sleep(this.#clock, waitMs, signal);
  }

  async #absent(signal: AbortSignal): Promise<void> {
    if (this.#state !== 'absent') {
      this.#log.info({ resource: this.#name }, 'the cluster does not have this kind; looking again every minute');
      this.#options.sink.beginReplace();
      this.#options.sink.endReplace();
    }
    this.#state = 'absent';
    this.#resourceVersion = undefined;
    this.#lastError = undefined;
    this.#heard();
    this.#settle();
    await sleep(this.#clock, absentRetryMs * (0.9 + 0.2 * this.#random()), signal);
  }

  #put(object: WatchedObject): void {
    try {
      const item = this.#options.project(object);
      if (item === undefined) this.#remove(object);
      else this.#options.sink.upsert(item);
    } catch (error) {
      const { namespace, name } = object.metadata;
      this.#skip(
        `${apiVersionOf(this.#options.resource)} ${this.#options.resource.kind} ${namespace ?? ''}/${name ?? ''}`,
        error,
      );
    }
  }

  #remove(object: WatchedObject): void {
    const { namespace, name } = object.metadata;
    if (name !== undefined) this.#options.sink.remove(namespace ?? '', name, object);
  }

  #skip(what: string, error: unknown): void {
    this.#skipped += 1;
    this.#options.metrics?.skipped?.(this.#name);
    this.#log.warn({ resource: this.#name, what, error: messageOf(error) }, 'skipped what could not be read');
  }

  #replaced(resourceVersion: string): void {
    this.#options.sink.endReplace();
    this.#resourceVersion = resourceVersion;
    this.#live();
    this.#settle();
  }

  #live(): void {
    this.#state = 'live';
    this.#lastError = undefined;
  }

  #settle(): void {
    this.#tellRelisted();
    this.#hasSynced = true;
    this.#synced.resolve();
  }

  #heard(): void {
    this.#lastHeardAt = this.#clock.now();
  }

  #advance(resourceVersion: string | undefined): void {
    if (resourceVersion && !this.#olderThanOurs(resourceVersion)) this.#resourceVersion = resourceVersion;
  }

  #olderThanOurs(resourceVersion: string | undefined): boolean {
    const ours = this.#resourceVersion;
    return (
      resourceVersion !== undefined && ours !== undefined && (compareResourceVersions(resourceVersion, ours) ?? 0) < 0
    );
  }

  #failure(reason: string, message: string): KubeError {
    return new KubeError({ code: 0, reason, message, request: `WATCH ${this.#name}` });
  }
}

/** Whether going on from the same resourceVersion can no longer work. */
function endsHistory(error: unknown): boolean {
  const kind = classify(error);
  if (kind === 'gone' || kind === 'invalid' || kind === 'notFound') return true;
  return error instanceof KubeError && error.details.some((cause) => cause.reason === 'ResourceVersionTooLarge');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isObject(value: unknown): value is WatchedObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    'metadata' in value &&
    typeof value.metadata === 'object' &&
    value.metadata !== null
  );
}
