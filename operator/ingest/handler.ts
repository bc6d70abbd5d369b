// What happens to a request between its headers and its answer. Who may not send is told so before a byte of the body is kept.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { eventAdapters } from '../../agents/events.ts';
import { namedNodes } from '../../agents/named-nodes.ts';
import type { Clock } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import { JournalError, type Journal } from '../journal/journal.ts';
import type { Authenticate } from './authenticate.ts';
import { createBodyReader, type Body } from './body.ts';
import { inEnvelope } from './cloud-event.ts';
import { encodeEntry } from './entry.ts';
import { readItems, refusing, type Items, type Refusal } from './items.ts';
import type { IngestMetrics, Refused } from './metrics.ts';
import { createRates, eventsWorth } from './rate.ts';
import { receiverPath, type Receiver } from './receiver.ts';
import type { Proof, Sender } from './sender.ts';
import type { NoteShed } from './shed.ts';
import { sourceOf, sources, type Source } from './source.ts';

export interface IngestOptions {
  readonly authenticate: Authenticate;
  readonly journal: Pick<Journal, 'append'>;
  /** Takes what other replicas hand over. */
  readonly receiver: Receiver;
  /** Told where a sender is to come again later: not every one does. */
  readonly shed?: NoteShed;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<IngestMetrics, 'events' | 'received' | 'refused' | 'answered'>;
}

/** What a request comes to. Errors are of single events; `message` is of the whole. */
interface Answer {
  readonly status: number;
  /** The node that the sender is limited to. */
  readonly node?: string | undefined;
  readonly body: {
    readonly message?: string;
    readonly accepted: number;
    readonly rejected: number;
    readonly errors: readonly Refusal[];
  };
  readonly headers?: Readonly<Record<string, string>>;
  readonly reason?: Refused;
}

const mostErrors = 10;
/** Ten times what is taken: whoever sends more will not be told why. */
const mostDiscarded = 40 * 1024 * 1024;
/** What a disk or a leader may need to be back; a sender that counts on it has lost nothing. */
const retryAfterSeconds = 5;

export const createIngestHandler = (options: IngestOptions) => {
  const { authenticate, journal, clock, log, metrics } = options;
  const rates = createRates(() => clock.monotonic());
  const bodies = createBodyReader();

  const take = async (request: IncomingMessage, source: Source): Promise<Answer | undefined> => {
    const proof = await authenticate(request, source);
    if (proof.kind !== 'sender') return unproven(proof);
    const { sender } = proof;
    const wait = rates.wait(sender);
    if (wait > 0) return { ...tooFast(wait), node: sender.node };
    const type = misfitType(request);
    if (type !== undefined) return refuse('unsupported', 415, type);
    const body = await bodies.read(request, sender.name);
    if (body.kind === 'aborted') return undefined;
    if (body.kind !== 'text') return { ...unread(body), node: sender.node };
    metrics.received(source, body.bytes);
    const worth = eventsWorth(body.raw.length);
    const tooMuch = rates.take(sender, worth);
    if (tooMuch > 0) return { ...tooFast(tooMuch), node: sender.node };
    const items = readItems(body.text);
    if ('message' in items) return refuse('malformed', 400, items.message);
    const count = items.good.length + items.bad.length;
    if (count > worth) rates.charge(sender, count - worth);
    const told = inEnvelope(items, source, request.headers);
    const { good, bad } = withinScope(ofItsKind(told, source), source, sender);
    metrics.events(source, 'rejected', bad.length);
    if (good.length === 0) return rejected(bad);
    const entry = {
      source,
      sender: sender.name,
      node: sender.node,
      at: clock.now(),
      items: good.map(({ item }) => item),
    };
    try {
      // Who works it in here and now need not read it again.
      await journal.append(
        encodeEntry(entry, bad.length === 0 && told === items ? body.raw : undefined),
        good.length,
        entry,
      );
    } catch (error) {
      return { ...unwritten(error), node: sender.node };
    }
    metrics.events(source, 'accepted', good.length);
    return {
      status: 202,
      body: { accepted: good.length, rejected: bad.length, errors: bad.slice(0, mostErrors) },
    };
  };

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === receiverPath) return options.receiver.receive(request, response);
    const began = clock.monotonic();
    const source = sourceOf(request.url ?? '');
    let answer: Answer | undefined;
    if (source === undefined) answer = refuse('notFound', 404, `there are /ingest/v1/ with ${sources.join(', ')}`);
    else if (request.method !== 'POST')
      answer = { ...refuse('method', 405, 'events are sent by POST'), headers: { allow: 'POST' } };
    else {
      try {
        answer = await take(request, source);
      } catch (error) {
        log.error({ error, source }, 'a request with events could not be handled');
        answer = later('failed', 503, 'the request could not be handled; the log says why', retryAfterSeconds);
      }
    }
    if (source !== undefined && (answer?.status === 429 || answer?.status === 503)) options.shed?.(source, answer.node);
    if (answer?.reason !== undefined) metrics.refused(source ?? 'none', answer.reason);
    if (answer === undefined || response.destroyed) return;
    send(request, response, answer);
    if (source !== undefined) metrics.answered(source, answer.status, (clock.monotonic() - began) / 1000);
  };
};

/** Whoever sends to the wrong path would otherwise never hear of it. */
const ofItsKind = (items: Items, source: Source): Items => {
  const faultIn = eventAdapters.get(source)?.faultIn;
  return faultIn === undefined ? items : refusing(items, faultIn);
};

/** A sender that is limited to its node may not name another, or it could clear or blame what it has nothing to do with. */
const withinScope = (items: Items, source: Source, { node }: Sender): Items =>
  node === undefined
    ? items
    : refusing(items, (item) => {
        const other = namedNodes(source, item).find((named) => named.node !== node);
        return other && { field: other.field, message: `names another node than the sender's, which is ${node}` };
      });

/** Falco sends text/plain where json_output is off: lines for people, which nothing can be made of. */
const misfitType = ({ headers }: IncomingMessage): string | undefined => {
  const type = (headers['content-type'] ?? 'application/json').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (/^application\/(?:[-.\w]+\+)?(?:json|x-ndjson|ndjson|jsonl|jsonlines)$/.test(type)) return undefined;
  return type === 'text/plain'
    ? 'content-type text/plain is not taken: send JSON (with Falco, set json_output: true)'
    : 'content-type must be application/json or application/x-ndjson';
};

const refuse = (reason: Refused, status: number, message: string): Answer => ({
  status,
  body: { message, accepted: 0, rejected: 0, errors: [] },
  reason,
});

const later = (reason: Refused, status: number, message: string, seconds: number): Answer => ({
  ...refuse(reason, status, message),
  headers: { 'retry-after': String(seconds) },
});

const tooFast = (waitMs: number): Answer =>
  later('rate', 429, 'this sender sends more events than are taken from one', Math.max(1, Math.ceil(waitMs / 1000)));

const rejected = (bad: readonly Refusal[]): Answer => ({
  status: 400,
  body: {
    message: 'none of the events can be taken',
    accepted: 0,
    rejected: bad.length,
    errors: bad.slice(0, mostErrors),
  },
  reason: 'malformed',
});

const unproven = (proof: Exclude<Proof, { kind: 'sender' }>): Answer => {
  switch (proof.kind) {
    case 'unknown':
      return {
        ...refuse('unauthenticated', 401, proof.message),
        headers: { 'www-authenticate': 'Bearer realm="workload-protection"' },
      };
    case 'forbidden':
      return refuse('forbidden', 403, proof.message);
    case 'unavailable':
      return later('unavailable', 503, proof.message, retryAfterSeconds);
  }
};

const unread = (body: Exclude<Body, { kind: 'text' | 'aborted' }>): Answer => {
  switch (body.kind) {
    case 'tooLarge':
      return refuse('tooLarge', 413, body.message);
    case 'unsupported':
      return refuse('unsupported', 415, body.message);
    case 'malformed':
      return refuse('malformed', 400, body.message);
    case 'crowded':
      return later('busy', 429, body.message, 1);
  }
};

const unwritten = (error: unknown): Answer => {
  if (!(error instanceof JournalError)) throw error;
  return error.kind === 'busy'
    ? later('busy', 429, error.message, 1)
    : later('journal', 503, error.message, retryAfterSeconds);
};

const send = (request: IncomingMessage, response: ServerResponse, { status, body, headers }: Answer): void => {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    // What is left of a body that nobody wants may be more than is read.
    ...(request.complete ? {} : { connection: 'close' }),
    ...headers,
  });
  if (request.complete) return void response.end(text);
  response.write(text);
  discard(request, () => response.end());
};

/**
 * Reads what is left of a body that nobody wants, before the connection ends: most clients send all of it before they look for an answer,
 * and would see their connection broken instead of one. The server's own patience ends with its deadline for requests.
 */
const discard = (request: IncomingMessage, then: () => void): void => {
  let left = mostDiscarded;
  const take = (part: Buffer): void => {
    left -= part.length;
    if (left < 0) finish();
  };
  const finish = (): void => {
    request.off('data', take).off('end', finish).off('close', finish);
    then();
  };
  request.on('data', take).on('end', finish).on('close', finish).resume();
};
