// How much is being answered at this moment, and when it is too much: to say so at once is better than to let the API server wait for its
// timeout, and much better than to run out of memory.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { say } from './answer.ts';

/** Why a request was not judged. */
export type Shed = 'late' | 'many' | 'large';

export interface Load {
  /** Counts each request for as long as it is answered. Turns away, unread, what there is no memory for. */
  readonly admit: (request: IncomingMessage, response: ServerResponse, next: (admitted: Admitted) => void) => void;
  /** Why this one must not be judged; undefined where it may. */
  readonly excess: (admitted: Admitted) => Shed | undefined;
}

/** As it stood with us when a request came. */
export interface Admitted {
  /** When its judgement has to have begun. */
  readonly deadline: number;
  readonly isCrowded: boolean;
}

export interface LoadOptions {
  readonly monotonic: () => number;
  readonly onChange: (inFlight: number) => void;
  readonly onTurnedAway: (why: Shed) => void;
}

/** Three API servers with the default of 200 changing requests at a time each, of which one may lead to two reviews. */
export const mostInFlight = 1200;
/** Bodies that are being read or judged; parsed they take about four times as much, in a container of 256 MiB. */
export const mostBytes = 24 * 1024 * 1024;
/** What a body is taken for that does not say how long it is. */
const unknownBytes = 1024 * 1024;
/** The API server says how long it waits (`?timeout=5s`). Who was not begun by half of it is told so while it still listens. */
const shareOfTimeout = 0.5;
const defaultTimeoutMs = 5000;

export function createLoad({ monotonic, onChange, onTurnedAway }: LoadOptions): Load {
  let inFlight = 0;
  let bytes = 0;
  return {
    admit: (request, response, next) => {
      const size = Number(request.headers['content-length'] ?? unknownBytes);
      const isTooLarge = inFlight > 0 && bytes + size > mostBytes;
      const deadline = monotonic() + timeoutOf(request.url ?? '') * shareOfTimeout;
      const isCrowded = inFlight >= mostInFlight;
      inFlight += 1;
      if (!isTooLarge) bytes += size;
      onChange(inFlight);
      response.once('close', () => {
        inFlight -= 1;
        if (!isTooLarge) bytes -= size;
        onChange(inFlight);
      });
      if (!isTooLarge) return next({ deadline, isCrowded });
      onTurnedAway('large');
      // Without the body there is no uid to answer to: the API server does what its failurePolicy says.
      response.setHeader('connection', 'close');
      say(response, 503, 'too much is being judged; try again');
    },
    excess: ({ deadline, isCrowded }) => (isCrowded ? 'many' : monotonic() > deadline ? 'late' : undefined),
  };
}

const timeoutOf = (url: string): number => {
  const [, seconds] = /[?&]timeout=(\d{1,3})s/.exec(url) ?? [];
  return seconds === undefined ? defaultTimeoutMs : Number(seconds) * 1000;
};
