// The body of an ordinary review: JSON in UTF-8, uncompressed, of a length that is said before. So does every API server send them;
// whatever else may come is read by Express, at three times the price.
import type { IncomingMessage } from 'node:http';

export const isPlain = ({ method, headers }: IncomingMessage, largestBytes: number): boolean => {
  const bytes = Number(headers['content-length'] ?? 0);
  return (
    method === 'POST' &&
    headers['content-type'] === 'application/json' &&
    headers['content-encoding'] === undefined &&
    bytes > 0 &&
    bytes <= largestBytes
  );
};

export type PlainBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'malformed'; readonly error: string }
  /** The sender has gone. */
  | { readonly kind: 'aborted' };

/** Calls back once. */
export const readPlain = (request: IncomingMessage, done: (body: PlainBody) => void): void => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => done(parse(parts)));
  // Without a listener the loss of a connection would end the process; what it means is said at the close.
  request.on('error', leaveToTheClose);
  request.on('close', () => {
    if (!request.complete) done({ kind: 'aborted' });
  });
};

const leaveToTheClose = (): void => {};

const parse = ([first, ...more]: readonly Buffer[]): PlainBody => {
  const bytes = first === undefined || more.length > 0 ? Buffer.concat([...(first ? [first] : []), ...more]) : first;
  try {
    return { kind: 'json', value: JSON.parse(bytes.toString('utf8')) };
  } catch (error) {
    return { kind: 'malformed', error: error instanceof Error ? error.message : String(error) };
  }
};
