// Requests to the API server: few connections, a deadline on everything, a rate that is polite, retries only where they are safe.

import type { Dispatcher } from 'undici';
import type { ClusterAccess } from './access.ts';
import { type Clock, type Random, sleep, systemClock } from './clock.ts';
import { type Deadline, startDeadline } from './deadline.ts';
import { KubeError, classify, errorFromNetwork, errorFromStatus } from './errors.ts';
import { createPoolSource } from './pools.ts';
import { type Lane, RateLimiter } from './rate-limit.ts';
import { describeRequest } from './request-name.ts';
import { warningsIn } from './warnings.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export const contentTypes = {
  json: 'application/json',
  apply: 'application/apply-patch+yaml',
  jsonPatch: 'application/json-patch+json',
  mergePatch: 'application/merge-patch+json',
} as const;

export interface KubeRequest {
  readonly method: Method;
  /** Without query; see `pathOf`. */
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** For the whole of it, waiting and retries included. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  readonly priority?: Lane;
  /** Default: only what can be repeated without harm, GET and server-side apply. */
  readonly retry?: boolean;
  /** Asked right before each sending: a request may wait for long, and who asks may have lost its right to it meanwhile. */
  readonly mayStill?: () => boolean;
}

export interface StreamRequest {
  readonly path: string;
  readonly query?: Query;
  readonly accept?: string;
  readonly signal: AbortSignal;
  readonly headersTimeoutMs?: number;
  /** The server has accepted; bytes may be minutes away. */
  readonly onOpen?: () => void;
}

export interface TransportMetrics {
  /** `code` is the HTTP status, or `error` where none came. */
  request(verb: string, resource: string, code: string, seconds: number): void;
  /** Time spent waiting for the client's own rate limit. */
  throttled?(lane: Lane, seconds: number): void;
}

export interface Transport {
  /** The answer, parsed; text where it is not JSON. Fails with a KubeError. */
  request<T>(request: KubeRequest): Promise<T>;
  /** The bytes of a watch as they come, with no deadline: the caller's signal ends it. Fails with a KubeError. */
  stream(request: StreamRequest): AsyncIterable<Buffer>;
  /** Ends all connections. */
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly userAgent: string;
  readonly metrics?: TransportMetrics;
  /** What the API server says beside its answer, such as warnings of admission webhooks. */
  readonly onWarning?: (text: string) => void;
  readonly qps?: number;
  readonly burst?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

const defaultDeadlineMs = 30_000;
/** A watch's headers come at once, unless priority and fairness queues it. */
const defaultHeadersTimeoutMs = 30_000;
const maxAttempts = 5;
const firstRetryMs = 200;
const maxRetryMs = 5000;

export function createTransport(access: ClusterAccess, options: TransportOptions): Transport {
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const pools = createPoolSource(access, clock);
  const limiter = new RateLimiter({ qps: options.qps ?? 50, burst: options.burst ?? 100, clock });
  const prefix = new URL(access.server).pathname.replace(/\/$/, '');

  /** Sends once, and gives the answer whatever its status. */
  const send = async (
    pool: 'api' | 'lease' | 'watch',
    request: Omit<KubeRequest, 'signal'>,
    signal: AbortSignal,
    fresh: boolean,
  ): Promise<Dispatcher.ResponseData> => {
    const [chosen, identity] = await Promise.all([pools.current(fresh), access.authorise(fresh)]);
    const headers: Record<string, string> = {
      accept: request.accept ?? contentTypes.json,
      'user-agent': options.userAgent,
      ...identity,
    };
    let body: string | null = null;
    if (request.body !== undefined) {
      headers['content-type'] = request.contentType ?? contentTypes.json;
      body = JSON.stringify(request.body);
    }
    if (request.mayStill?.() === false) throw noMore(`${request.method} ${request.path}`);
    return chosen[pool].request({
      method: request.method,
      path: prefix + request.path + queryString(request.query),
      headers,
      body,
      signal,
    });
  };

  const attempt = async <T>(request: KubeRequest, deadline: Deadline, fresh: boolean): Promise<T> => {
    const label = `${request.method} ${request.path}`;
    const lane = request.priority ?? 'normal';
    const asked = clock.monotonic();
    if (!(await limiter.take(lane, deadline.signal)) && !deadline.signal.aborted) {
      throw new KubeError({
        code: 0,
        reason: 'TooManyWaiting',
        message: 'not sent: too many requests wait for the client rate limit already',
        request: label,
      });
    }
    const started = clock.monotonic();
    if (started > asked) options.metrics?.throttled?.(lane, (started - asked) / 1000);
    const { verb, resource } = describeRequest(request.method, request.path, request.contentType);
    let code = 'error';
    try {
      const response = await send(lane === 'lease' ? 'lease' : 'api', request, deadline.signal, fresh);
      code = String(response.statusCode);
      if (options.onWarning !== undefined) warningsIn(response.headers['warning']).forEach(options.onWarning);
      if (response.statusCode >= 300) throw await errorFromResponse(label, response, clock);
      return (await parseBody(response)) as T;
    } catch (error) {
      throw deadline.signal.aborted ? abortError(label, request, deadline) : errorFromNetwork(label, error);
    } finally {
      options.metrics?.request(verb, resource, code, (clock.monotonic() - started) / 1000);
    }
  };

  const request = async <T>(request: KubeRequest): Promise<T> => {
    const repeatable = request.retry ?? (request.method === 'GET' || request.contentType === contentTypes.apply);
    const deadline = startDeadline(clock, request.deadlineMs ?? defaultDeadlineMs, request.signal);
    let fresh = false;
    try {
      for (let tried = 1; ; tried += 1) {
        try {
          return await attempt<T>(request, deadline, fresh);
        } catch (error) {
          if (!(error instanceof KubeError) || deadline.signal.aborted || tried >= maxAttempts) throw error;
          const kind = classify(error);
          // A refused token was not acted on, whatever the verb: once more, with the token and the trust read anew.
          if (kind === 'unauthorized' && !fresh) {
            fresh = true;
            continue;
          }
          if (!repeatable || (kind !== 'retryable' && kind !== 'tooMany')) throw error;
          fresh = error.code === 0;
          const jittered = random() * Math.min(maxRetryMs, firstRetryMs * 2 ** (tried - 1));
          const waitMs = Math.max(jittered, error.retryAfterMs ?? 0);
          if (waitMs >= deadline.remainingMs()) throw error;
          await sleep(clock, waitMs, deadline.signal);
          if (deadline.signal.aborted) throw error;
        }
      }
    } finally {
      deadline.done();
    }
  };

  async function* stream(request: StreamRequest): AsyncGenerator<Buffer> {
    const label = `WATCH ${request.path}`;
    const started = clock.monotonic();
    const { resource } = describeRequest('GET', request.path, undefined);
    const controller = new AbortController();
    const stop = (): void => controller.abort();
    request.signal.addEventListener('abort', stop, { once: true });
    if (request.signal.aborted) stop();
    const headersTimeoutMs = request.headersTimeoutMs ?? defaultHeadersTimeoutMs;
    let late = false;
    const cancelTimer = clock.after(headersTimeoutMs, () => {
      late = true;
      stop();
    });
    let code = 'error';
    try {
      await limiter.take('normal', controller.signal);
      const response = await send('watch', { ...request, method: 'GET' }, controller.signal, false);
      code = String(response.statusCode);
      if (response.statusCode !== 200) throw await errorFromResponse(label, response, clock);
      cancelTimer();
      request.onOpen?.();
      for await (const chunk of response.body) yield chunk as Buffer;
    } catch (error) {
      if (late) {
        throw new KubeError({
          code: 0,
          reason: 'HeadersTimeout',
          message: `no answer within ${headersTimeoutMs} ms`,
          request: label,
        });
      }
      if (request.signal.aborted) throw aborted(label);
      // Whatever a rejected token was, the next stream must not wait a minute to read the new one.
      if (error instanceof KubeError && classify(error) === 'unauthorized')
        await access.authorise(true).catch(() => ({}));
      throw errorFromNetwork(label, error);
    } finally {
      cancelTimer();
      request.signal.removeEventListener('abort', stop);
      // Leaving early must end the socket too.
      stop();
      options.metrics?.request('watch', resource, code, (clock.monotonic() - started) / 1000);
    }
  }

  return { request, stream, close: () => pools.close() };
}

function queryString(query: Query | undefined): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
}

async function parseBody(response: Dispatcher.ResponseData): Promise<unknown> {
  const text = await response.body.text();
  return String(response.headers['content-type'] ?? '').includes('json') ? JSON.parse(text) : text;
}

async function errorFromResponse(label: string, response: Dispatcher.ResponseData, clock: Clock): Promise<KubeError> {
  const status = await parseBody(response).catch(() => undefined);
  return errorFromStatus(label, status, {
    code: response.statusCode,
    retryAfterMs: retryAfter(response.headers['retry-after'], clock),
  });
}

/** Seconds, or a date. */
function retryAfter(header: string | string[] | undefined, clock: Clock): number | undefined {
  if (typeof header !== 'string') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - clock.now());
}

function abortError(label: string, request: KubeRequest, deadline: Deadline): KubeError {
  const within = request.deadlineMs ?? defaultDeadlineMs;
  return deadline.expired
    ? new KubeError({
        code: 0,
        reason: 'DeadlineExceeded',
        message: `no complete answer within ${within} ms`,
        request: label,
      })
    : aborted(label);
}

function aborted(label: string): KubeError {
  return new KubeError({ code: 0, reason: 'Aborted', message: 'given up, as the caller is stopping', request: label });
}

/** To be given up, as what the caller itself gave up. */
function noMore(label: string): KubeError {
  return new KubeError({
    code: 0,
    reason: 'Aborted',
    message: 'not sent: this process may do so no more, as another may lead by now',
    request: label,
  });
}
