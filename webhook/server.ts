// The HTTPS server that the API server calls. It decodes, times and encodes; what is decided is decided elsewhere.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { sleep, type Clock } from '../kube/clock.ts';
import type { Log } from '../kube/log.ts';
import type { Address } from '../process/flag-kinds.ts';
import { say, sendJson } from './answer.ts';
import { createLoad, type Admitted, type Load, type Shed } from './load.ts';
import type { WebhookMetrics } from './metrics.ts';
import { isPlain, readPlain } from './plain-body.ts';
import { answerReview, parseReview, type AdmissionRequest, type Ruling } from './review.ts';
import { createTurns, type Turns } from './turns.ts';

export interface ServerCertificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

/** Most know the answer at once; who must read something first sets a deadline of its own. */
export type Webhook = (request: AdmissionRequest) => Ruling | Promise<Ruling>;

export interface AdmissionServerOptions {
  readonly address: Address;
  readonly certificate: ServerCertificate;
  /** Path → who answers there. */
  readonly webhooks: Readonly<Record<string, Webhook>>;
  /** What an error of our own amounts to. */
  readonly failurePolicy: 'Ignore' | 'Fail';
  /** How long connections are sent elsewhere before the server closes. */
  readonly drainMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<
    WebhookMetrics,
    'answered' | 'decided' | 'panicked' | 'refusedConnection' | 'inFlight' | 'shed'
  >;
}

export interface AdmissionServer {
  /** Serves until the signal aborts, then drains. */
  run(signal: AbortSignal): Promise<void>;
  /** The port, once it listens. Rejected where it never does. */
  readonly listening: Promise<number>;
  /** From the next handshake on. */
  use(certificate: ServerCertificate): void;
}

/** The API server keeps idle connections for 90 s; the side that closes first loses requests that are on their way. */
const keepAliveMs = 95_000;
const headersMs = 32_000;
const requestMs = 30_000;
/** An old and a new object of 3 MB each, and their envelope. */
const largestBytes = 7 * 1024 * 1024;
/** After the drain, answers that are still being written. */
const lastAnswersMs = 5000;

export function createAdmissionServer(options: AdmissionServerOptions): AdmissionServer {
  const { address, certificate, drainMs, clock, log } = options;
  const listening = Promise.withResolvers<number>();
  // Who does not wait for it must not be ended by its rejection.
  listening.promise.catch(() => {});
  let isDraining = false;
  const server = createServer(
    { ...certificate, minVersion: 'TLSv1.2' },
    createListener(options, () => isDraining),
  );
  server.keepAliveTimeout = keepAliveMs;
  server.headersTimeout = headersMs;
  server.requestTimeout = requestMs;
  server.on('tlsClientError', (error) => log.debug({ error: error.message }, 'a TLS handshake failed'));

  return {
    listening: listening.promise,
    use: (next) => server.setSecureContext({ ...next, minVersion: 'TLSv1.2' }),
    async run(signal) {
      try {
        const port = await listen(server, address);
        listening.resolve(port);
        await aborted(signal);
      } catch (error) {
        listening.reject(error);
        throw error;
      }
      // The API server goes on using open connections to a pod that ends: each is told to go with its next answer.
      isDraining = true;
      log.info({ drainMs }, 'draining');
      await sleep(clock, drainMs);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cancel = clock.after(lastAnswersMs, () => server.closeAllConnections());
      await closed;
      cancel();
    },
  };
}

const createListener = (options: AdmissionServerOptions, isDraining: () => boolean): RequestListener => {
  const { metrics, log, webhooks } = options;
  const monotonic = (): number => options.clock.monotonic();
  const load = createLoad({ monotonic, onChange: metrics.inFlight, onTurnedAway: metrics.shed });
  const turns = createTurns({ monotonic, defer: setImmediate });
  // Who would rather have nothing than something unjudged asks the second path; the operator's fail-closed configuration does.
  const strict: AdmissionServerOptions = { ...options, failurePolicy: 'Fail' };
  const handlers = new Map(
    Object.entries(webhooks).flatMap(([path, webhook]): [string, ReviewHandler][] => [
      [path, reviewHandler(options, webhook, load, turns)],
      [`${path}/fail-closed`, reviewHandler(strict, webhook, load, turns)],
    ]),
  );
  const app = createApp(options, handlers, load);
  return (request, response) => {
    if (isDraining()) response.setHeader('connection', 'close');
    const handle = isPlain(request, largestBytes) ? handlers.get(pathOf(request)) : undefined;
    if (handle === undefined) return void app(request, response);
    load.admit(request, response, (admitted) =>
      readPlain(request, (body) => {
        if (body.kind === 'json') return handle(response, body.value, admitted);
        metrics.refusedConnection(body.kind);
        if (body.kind === 'malformed') say(response, 400, `the body is not JSON: ${body.error}`);
        else log.warn({}, 'a request ended before its body');
      }),
    );
  };
};

const pathOf = ({ url = '' }: IncomingMessage): string => {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
};

/** Says what is wrong with a request, and takes bodies that are written in another way. */
const createApp = (
  options: AdmissionServerOptions,
  handlers: ReadonlyMap<string, ReviewHandler>,
  load: Load,
): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  const readBody = express.json({ limit: largestBytes, type: 'application/json' });
  for (const [path, handle] of handlers) {
    app.post(path, (request, response, next) =>
      load.admit(request, response, (admitted) =>
        readBody(request, response, (error?: unknown) => {
          if (error !== undefined) return next(error);
          // Express leaves the body undefined where the content type is another.
          if (request.body !== undefined) return handle(response, request.body, admitted);
          options.metrics.refusedConnection('not_json');
          say(response, 415, 'the content type must be application/json');
        }),
      ),
    );
  }
  app.use((_request, response) => say(response, 404, `there are ${[...handlers.keys()].join(', ')}, for POST`));
  app.use(bodyErrors(options));
  return app;
};

type ReviewHandler = (response: ServerResponse, body: unknown, admitted: Admitted) => void;

const reviewHandler =
  (options: AdmissionServerOptions, webhook: Webhook, load: Load, turns: Turns): ReviewHandler =>
  (response, body, admitted) => {
    const { clock, metrics } = options;
    const began = clock.monotonic();
    const parsed = parseReview(body);
    if (!parsed.ok) {
      metrics.refusedConnection('malformed');
      return say(response, 400, parsed.error);
    }
    turns.take(() => {
      const { uid, kind, operation } = parsed.request;
      const tell = (ruling: Ruling): void => {
        sendJson(response, answerReview(uid, ruling));
        if (isRemarkable(ruling)) remember(options.log, parsed.request, ruling);
        const answer = !ruling.allowed ? 'deny' : (ruling.warnings ?? []).length > 0 ? 'warn' : 'allow';
        const seconds = (clock.monotonic() - began) / 1000;
        metrics.answered({ kind: kind.kind, operation, verdict: ruling.verdict, answer, seconds });
      };
      const ruling = judge(options, webhook, parsed.request, load.excess(admitted));
      if (ruling instanceof Promise) void ruling.then(tell);
      else tell(ruling);
    });
  };

/** What somebody will ask about one day. */
const isRemarkable = ({ allowed, auditAnnotations }: Ruling): boolean =>
  !allowed || auditAnnotations?.['break-glass'] !== undefined;

/** The audit log of the API server has the same decision under its number. */
const remember = (
  log: Log,
  { uid, kind, namespace, name, operation, dryRun }: AdmissionRequest,
  ruling: Ruling,
): void => {
  const { allowed, verdict, message, auditAnnotations } = ruling;
  const subject = { kind: kind.kind, namespace, name, operation, dryRun: dryRun === true };
  log.info(
    { decision: uid, ...subject, verdict, policies: auditAnnotations?.['policies'], message },
    allowed ? 'let through by break-glass' : 'refused',
  );
};

const judge = (
  { clock, log, metrics, failurePolicy }: AdmissionServerOptions,
  webhook: Webhook,
  request: AdmissionRequest,
  excess: Shed | undefined,
): Ruling | Promise<Ruling> => {
  if (excess !== undefined) {
    metrics.shed(excess);
    return unjudged(failurePolicy, 'Shed', 'too much is asked of the webhook now, and this object was not judged');
  }
  const began = clock.monotonic();
  const fail = (error: unknown): Ruling => {
    metrics.panicked();
    const { kind, namespace, name } = request;
    log.error({ error, kind: kind.kind, namespace, name }, 'the decision failed');
    return unjudged(
      failurePolicy,
      'Error',
      'the webhook failed on this object, which was not judged; its log says why',
    );
  };
  try {
    const ruling = webhook(request);
    return ruling instanceof Promise ? ruling.catch(fail) : ruling;
  } catch (error) {
    return fail(error);
  } finally {
    metrics.decided((clock.monotonic() - began) / 1000);
  }
};

/** An error or a crowd of ours is no reason to stop a cluster, unless the user has said that it is. */
const unjudged = (failurePolicy: 'Ignore' | 'Fail', verdict: 'Error' | 'Shed', why: string): Ruling => {
  const message = `workload protection: ${why}`;
  return failurePolicy === 'Ignore'
    ? { allowed: true, warnings: [message], verdict }
    : { allowed: false, message, verdict };
};

const bodyErrors =
  ({ metrics, log }: AdmissionServerOptions): ErrorRequestHandler =>
  (error: { readonly type?: string; readonly message?: string }, _request, response, _next) => {
    switch (error.type ?? '') {
      case 'entity.too.large':
        metrics.refusedConnection('too_large');
        return say(response, 413, `the body is larger than ${largestBytes} bytes`);
      case 'entity.parse.failed':
      case 'encoding.unsupported':
      case 'charset.unsupported':
        metrics.refusedConnection('malformed');
        return say(response, 400, `the body is not JSON: ${error.message ?? ''}`);
      default:
        metrics.refusedConnection('aborted');
        log.warn({ error }, 'a request could not be read');
        if (!response.headersSent) say(response, 400, 'the request could not be read');
    }
  };

const listen = (server: Server, { host, port }: Address): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new Error(`cannot serve admission on ${host}:${port}; choose another --address`, { cause: error }));
    });
    // Bound to a TCP address, never to a pipe.
    server.listen({ host, port }, () => resolve((server.address() as AddressInfo).port));
  });

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
