// One POST to somebody else's server: with a deadline, without redirects, and with no more of the answer read than is needed.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface Posting {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** PEM; undefined: the roots that the machine trusts. */
  readonly ca: string | undefined;
  readonly signal: AbortSignal;
}

/** Resolves once it was accepted with 2xx. */
export type Post = (posting: Posting) => Promise<void>;

export class PostError extends Error {
  /** As the server asks for; undefined where it does not. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs?: number) {
    super(message);
    this.name = 'PostError';
    this.retryAfterMs = retryAfterMs;
  }
}

/** A receiver that takes longer should take first and work later. */
const deadlineMs = 10_000;
/** A server that asks for more is asked again all the same. */
const longestRetryAfterMs = 600_000;

export const post: Post = ({ url, headers, body, ca, signal }) =>
  new Promise((resolve, reject) => {
    const bytes = Buffer.from(body, 'utf8');
    const options = {
      method: 'POST',
      headers: { ...headers, 'content-length': bytes.length, 'user-agent': 'workload-protection-operator' },
      // Transitions are rare: a connection each, and none that went stale.
      agent: false as const,
      signal,
    };
    const sending =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, ...(ca === undefined ? {} : { ca }) })
        : httpRequest(url, options);
    const where = `POST ${url.origin}${url.pathname}`;
    const deadline = setTimeout(
      () => sending.destroy(new Error(`no complete answer within ${deadlineMs} ms`)),
      deadlineMs,
    );
    sending.once('response', (response) => {
      const { statusCode = 0, headers: answered } = response;
      // What it says beside its status is of no use here, however long it is.
      response.destroy();
      clearTimeout(deadline);
      if (statusCode >= 200 && statusCode < 300) resolve();
      else reject(new PostError(`${where}: answered ${statusCode}`, retryAfter(answered['retry-after'])));
    });
    sending.on('error', (error) => {
      clearTimeout(deadline);
      reject(new PostError(`${where}: ${error.message}`));
    });
    sending.end(bytes);
  });

const retryAfter = (header: string | undefined): number | undefined => {
  const seconds = header === undefined ? Number.NaN : Number(header);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, longestRetryAfterMs) : undefined;
};
