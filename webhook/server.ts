// The HTTPS server that the API server calls. It decodes, times and encodes; what is decided is decided elsewhere.
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { sleep, type Clock } from '../kube/clock.ts';
import type { Log } from '../kube/log.ts';
import type { Address } from '../process/flag-kinds.ts';
import { createLoad, type Load, type Shed } from './load.ts';
import type { WebhookMetrics } from './metrics.ts';
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
const largestBody = '7mb';
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
    createApp(options, () => isDraining),
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

const createApp = (options: AdmissionServerOptions, isDraining: () => boolean): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use((_request, response, next) => {
    if (isDraining()) response.setHeader('connection', 'close');
    next();
  });
  const monotonic = (): number => options.clock.monotonic();
  const load = createLoad({ monotonic, onChange: options.metrics.inFlight, onTurnedAway: options.metrics.shed });
  const turns = createTurns({ monotonic, defer: setImmediate });
  const readBody = express.json({ limit: largestBody, type: 'application/json' });
  for (const [path, webhook] of Object.entries(options.webhooks)) {
    app.post(path, load.admit, readBody, reviewHandler(options, webhook, load, turns));
  }
  app.use((_request, response) => {
    response
      .status(404)
      .type('text')
      .send(`there are ${Object.keys(options.webhooks).join(', ')}, for POST\n`);
  });
  app.use(bodyErrors(options));
  return app;
};

const reviewHandler =
  (options: AdmissionServerOptions, webhook: Webhook, load: Load, turns: Turns): RequestHandler =>
  (request, response) => {
    const { clock, metrics } = options;
    const began = clock.monotonic();
    // Express leaves the body undefined where the content type is another.
    if (request.body === undefined) {
      metrics.refusedConnection('not_json');
      response.status(415).type('text').send('the content type must be application/json\n');
      return;
    }
    const parsed = parseReview(request.body);
    if (!parsed.ok) {
      metrics.refusedConnection('malformed');
      response.status(400).type('text').send(`${parsed.error}\n`);
      return;
    }
    turns.take(() => {
      const { uid, kind, operation } = parsed.request;
      const tell = (ruling: Ruling): void => {
        response.json(answerReview(uid, ruling));
        const answer = !ruling.allowed ? 'deny' : (ruling.warnings ?? []).length > 0 ? 'warn' : 'allow';
        const seconds = (clock.monotonic() - began) / 1000;
        metrics.answered({ kind: kind.kind, operation, verdict: ruling.verdict, answer, seconds });
      };
      const ruling = judge(options, webhook, parsed.request, load.excess(response));
      if (ruling instanceof Promise) void ruling.then(tell);
      else tell(ruling);
    });
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
        response.status(413).type('text').send(`the body is larger than ${largestBody}\n`);
        return;
      case 'entity.parse.failed':
      case 'encoding.unsupported':
      case 'charset.unsupported':
        metrics.refusedConnection('malformed');
        response
          .status(400)
          .type('text')
          .send(`the body is not JSON: ${error.message ?? ''}\n`);
        return;
      default:
        metrics.refusedConnection('aborted');
        log.warn({ error }, 'a request could not be read');
        if (!response.headersSent) response.status(400).type('text').send('the request could not be read\n');
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
