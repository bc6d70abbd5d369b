// Every failure of the API server, or of the way to it, as one error type, and the one place that decides what a failure means.

export type ErrorClass =
  | 'notFound'
  | 'conflict'
  | 'exists'
  | 'gone'
  | 'tooMany'
  | 'retryable'
  | 'forbidden'
  | 'invalid'
  | 'unauthorized'
  | 'fatal';

export interface StatusCause {
  readonly reason?: string;
  readonly field?: string;
  readonly message?: string;
}

export interface KubeErrorInit {
  /** HTTP status; 0 where no answer was had. */
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly request: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** What was asked (`request`), and what the server said, or why it could not be asked. */
export class KubeError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly request: string;
  readonly details: readonly StatusCause[];
  readonly retryAfterMs: number | undefined;

  constructor(init: KubeErrorInit) {
    const answer = init.code === 0 ? init.reason : `${init.code} ${init.reason}`.trimEnd();
    super(`${init.request}: ${answer}: ${shorten(init.message)}`, { cause: init.cause });
    this.name = 'KubeError';
    this.code = init.code;
    this.reason = init.reason;
    this.request = init.request;
    this.details = init.causes ?? [];
    this.retryAfterMs = init.retryAfterMs;
  }
}

export function classify(error: unknown): ErrorClass {
  if (!(error instanceof KubeError)) return 'fatal';
  switch (error.code) {
    case 0:
      return error.reason === 'Aborted' ? 'fatal' : 'retryable';
    case 400:
    case 413:
    case 415:
    case 422:
      return 'invalid';
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 404:
      return 'notFound';
    case 409:
      return error.reason === 'AlreadyExists' ? 'exists' : 'conflict';
    case 410:
      return 'gone';
    case 429:
      return 'tooMany';
    case 408:
      return 'retryable';
    default:
      return error.code >= 500 ? 'retryable' : 'fatal';
  }
}

/** Whether the same request will be refused again: for what it holds, or for who asks; and what is no answer at all is a mistake of ours. */
export function isRefusal(error: unknown): boolean {
  const kind = classify(error);
  if (kind === 'fatal') return !(error instanceof KubeError && error.code === 0);
  return kind === 'invalid' || kind === 'forbidden' || kind === 'notFound';
}

/** Reads a Status, as a body of an answer or as the object of an ERROR event. Anything else still makes a useful error. */
export function errorFromStatus(
  request: string,
  status: unknown,
  answer: { readonly code?: number; readonly retryAfterMs?: number | undefined } = {},
): KubeError {
  const body = isStatus(status) ? status : {};
  const code = answer.code ?? numberOf(body.code) ?? 500;
  const seconds = numberOf(body.details?.retryAfterSeconds);
  // A refused Secret may be quoted in the server's own words: only the fields at fault are repeated then.
  const sensitive = /\/secrets(\/|\?|$)/.test(request) && (code === 400 || code === 422);
  const causes = (body.details?.causes ?? []).map((cause) => (sensitive ? withoutMessage(cause) : cause));
  return new KubeError({
    code,
    reason: body.reason ?? '',
    message: sensitive
      ? withheld(causes)
      : (body.message ?? 'the answer was not a Kubernetes Status; is a proxy in between?'),
    request,
    causes,
    retryAfterMs: answer.retryAfterMs ?? (seconds === undefined ? undefined : seconds * 1000),
  });
}

/** A failure on the way: refused, reset, timed out, not trusted. */
export function errorFromNetwork(request: string, error: unknown): KubeError {
  if (error instanceof KubeError) return error;
  const code = networkCode(error);
  const said = error instanceof Error ? error.message : String(error);
  return new KubeError({
    code: 0,
    reason: code ?? 'NetworkError',
    message: `no answer from the API server: ${said}`,
    request,
    cause: error,
  });
}

function networkCode(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if ('code' in at && typeof at.code === 'string') return at.code;
  }
  return undefined;
}

interface Status {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly StatusCause[]; readonly retryAfterSeconds?: number };
}

function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
}

function withheld(causes: readonly StatusCause[]): string {
  const fields = causes.map((cause) => cause.field ?? '?').join(', ');
  return fields === '' ? 'refused; the reason is withheld, since it may quote the Secret' : `refused fields: ${fields}`;
}

function withoutMessage(cause: StatusCause): StatusCause {
  return { ...(cause.reason ? { reason: cause.reason } : {}), ...(cause.field ? { field: cause.field } : {}) };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Some servers list every field of a large object at fault; 1,000 characters name the first ones and keep a log line a line. */
function shorten(message: string): string {
  return message.length > 1000 ? `${message.slice(0, 1000)}…` : message;
}
