import { type Clock } from './clock.ts';
import { KubeError, errorFromStatus } from './errors.ts';
import { LineSplitter } from './lines.ts';
import { type Scope, acceptFor, selectors } from './list.ts';
import { pathOf } from './resource.ts';
import type { Transport } from './transport.ts';

export interface WatchOptions {
  readonly transport: Transport;
  readonly scope: Scope;
  readonly clock: Clock;
  /** Undefined: everything that there is, first, then what changes (WatchList). */
  readonly resourceVersion: string | undefined;
  readonly timeoutSeconds: number;
  /** How long silence is believed, asked anew whenever it matters. */
  readonly idleLimitMs: () => number;
  readonly onOpen: () => void;
  readonly onBytes: () => void;
  readonly onEvent: (event: WatchEvent) => void;
  /** A line that is not JSON or not an event. */
  readonly onGarbage: (error: unknown) => void;
  readonly signal: AbortSignal;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: WatchedObject;
}

export interface WatchedObject {
  readonly metadata: {
    readonly name?: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** Two hundred objects of 6.5 KB hold the event loop for about 10 ms; then others have their turn. */
const yieldEvery = 200;

/** One watch request, until the server ends it. Silence, an ERROR event and a broken connection are errors. */
export async function watchOnce(options: WatchOptions): Promise<void> {
  const { transport, scope, clock, signal } = options;
  const path = pathOf(scope.resource, { namespace: scope.namespace });
  const watchdog = startWatchdog(clock, options.idleLimitMs, signal);
  const lines = new LineSplitter();
  let handled = 0;
  try {
    const chunks = transport.stream({
      path,
      query: watchQuery(options),
      accept: acceptFor(scope, 'PartialObjectMetadata'),
      signal: watchdog.signal,
      onOpen() {
        watchdog.heard();
        options.onOpen();
      },
    });
    for await (const chunk of chunks) {
      watchdog.heard();
      options.onBytes();
      for (const line of lines.push(chunk)) {
        if (signal.aborted) return;
        handle(line, path, options);
        handled += 1;
        if (handled % yieldEvery === 0) await nextTurn();
      }
    }
  } catch (error) {
    if (!watchdog.fired) throw error;
    throw new KubeError({
      code: 0,
      reason: 'WatchSilent',
      message: `nothing was heard for ${watchdog.limitMs} ms, so the connection is taken for dead`,
      request: `WATCH ${path}`,
    });
  } finally {
    watchdog.stop();
  }
}

function watchQuery({
  scope,
  resourceVersion,
  timeoutSeconds,
}: WatchOptions): Record<string, string | number | boolean | undefined> {
  const common = { ...selectors(scope), watch: true, allowWatchBookmarks: true, timeoutSeconds };
  return resourceVersion === undefined
    ? { ...common, sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }
    : { ...common, resourceVersion };
}

function handle(line: string, path: string, options: WatchOptions): void {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch (error) {
    options.onGarbage(error);
    return;
  }
  if (isEvent(event)) options.onEvent(event);
  else if (isError(event)) throw errorFromStatus(`WATCH ${path}`, event.object);
  else options.onGarbage(new TypeError('not a watch event'));
}

function isEvent(value: unknown): value is WatchEvent {
  if (typeof value !== 'object' || value === null || !('type' in value) || !('object' in value)) return false;
  const { type, object } = value;
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED' && type !== 'BOOKMARK') return false;
  return (
    typeof object === 'object' &&
    object !== null &&
    'metadata' in object &&
    typeof object.metadata === 'object' &&
    object.metadata !== null
  );
}

function isError(value: unknown): value is { readonly object: unknown } {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'ERROR' && 'object' in value;
}

interface Watchdog {
  readonly signal: AbortSignal;
  readonly fired: boolean;
  readonly limitMs: number;
  heard(): void;
  stop(): void;
}

/** Aborts when nothing was heard for the limit. Its timer looks at when bytes last came, rather than being set again by each. */
function startWatchdog(clock: Clock, limit: () => number, outer: AbortSignal): Watchdog {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  let heardAt = clock.monotonic();
  let limitMs = limit();
  let fired = false;
  let cancel = (): void => {};
  // Short of the limit too, since the first bookmark makes it shorter while the timer runs.
  const arm = (ms: number): void => {
    cancel = clock.after(Math.max(1, Math.min(ms, checkEveryMs)), look);
  };
  const look = (): void => {
    limitMs = limit();
    const leftMs = heardAt + limitMs - clock.monotonic();
    if (leftMs > 0) return arm(leftMs);
    fired = true;
    abort();
  };
  arm(limitMs);
  if (outer.aborted) abort();
  outer.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    get fired() {
      return fired;
    },
    get limitMs() {
      return limitMs;
    },
    heard() {
      heardAt = clock.monotonic();
    },
    stop() {
      cancel();
      outer.removeEventListener('abort', abort);
    },
  };
}

const checkEveryMs = 15_000;

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
