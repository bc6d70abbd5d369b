// Reads a body within its limits: as long as it comes, as long as it unpacks to, and as much as all bodies may take at once.
import type { IncomingMessage } from 'node:http';
import { gunzip } from 'node:zlib';

export type Body =
  /** `raw`: the bytes of the text; `bytes`: how many came, maybe packed. */
  | { readonly kind: 'text'; readonly text: string; readonly raw: Buffer; readonly bytes: number }
  | { readonly kind: 'tooLarge'; readonly message: string }
  | { readonly kind: 'unsupported'; readonly message: string }
  | { readonly kind: 'malformed'; readonly message: string }
  /** Too much is being read already. */
  | { readonly kind: 'crowded'; readonly message: string }
  /** The sender has gone. */
  | { readonly kind: 'aborted' };

export interface BodyReader {
  /** `sender`: who may hold a part of what all may hold, and no more. */
  read(request: IncomingMessage, sender: string): Promise<Body>;
  /** As it comes, for those whom we trust: up to a limit of theirs. */
  readBytes(request: IncomingMessage, most: number): Promise<Bytes>;
}

export type Bytes = Exclude<Body, { kind: 'text' }> | { readonly kind: 'bytes'; readonly bytes: Buffer };

/** As they come. A set of Datadog's rules is 600 KB. */
const largestBytes = 4 * 1024 * 1024;
/** Unpacked. JSON packs to a tenth; what unpacks to a hundred times its size is meant to hurt. */
const largestUnpacked = 16 * 1024 * 1024;
const mostExpansion = 100;
const smallUnpacked = 1024 * 1024;
/** All that is being read or unpacked. */
const mostAtOnce = 64 * 1024 * 1024;
/** Of one sender: whoever sends slowly, or much, leaves as much to the others. */
const mostOfOne = mostAtOnce / 2;

/** Other replicas, whom we trust. */
const replica = '';

export const createBodyReader = (): BodyReader => {
  let reading = 0;
  /** By sender; those that hold nothing are not in it. */
  const held = new Map<string, number>();
  /** Whether so much more may be held. */
  const reserve = (bytes: number, sender: string): boolean => {
    const ofSender = (held.get(sender) ?? 0) + bytes;
    if (reading + bytes > mostAtOnce || (sender !== replica && ofSender > mostOfOne)) return false;
    reading += bytes;
    held.set(sender, ofSender);
    return true;
  };
  const giveBack = (bytes: number, sender: string): void => {
    reading -= bytes;
    const left = (held.get(sender) ?? 0) - bytes;
    if (left > 0) held.set(sender, left);
    else held.delete(sender);
  };

  const unpack = async (packed: Buffer, sender: string): Promise<Body> => {
    const most = Math.min(largestUnpacked, Math.max(smallUnpacked, packed.length * mostExpansion));
    if (!reserve(most, sender)) return crowded;
    try {
      const { bytes, error } = await gunzipped(packed, most);
      if (bytes !== undefined) return asText(bytes, packed.length);
      return error?.code === 'ERR_BUFFER_TOO_LARGE'
        ? { kind: 'tooLarge', message: `the body unpacks to more than ${most} bytes` }
        : { kind: 'malformed', message: 'the body is not gzip, whatever content-encoding says' };
    } finally {
      giveBack(most, sender);
    }
  };

  const readBytes = async <T>(
    request: IncomingMessage,
    sender: string,
    most: number,
    use: (bytes: Buffer) => T | Promise<T>,
  ): Promise<T | Exclude<Bytes, { kind: 'bytes' }>> => {
    if (Number(request.headers['content-length'] ?? 0) > most) return tooLarge(most);
    let taken = 0;
    try {
      const read = await collect(request, most, (bytes) => {
        if (!reserve(bytes, sender)) return false;
        taken += bytes;
        return true;
      });
      return read.kind === 'bytes' ? await use(read.bytes) : read;
    } finally {
      giveBack(taken, sender);
    }
  };

  return {
    async read(request, sender) {
      const { 'content-encoding': encoding = 'identity' } = request.headers;
      if (encoding !== 'identity' && encoding !== 'gzip')
        return { kind: 'unsupported', message: 'content-encoding must be gzip, or left out' };
      return readBytes<Body>(request, sender, largestBytes, (bytes) =>
        encoding === 'gzip' ? unpack(bytes, sender) : asText(bytes, bytes.length),
      );
    },
    readBytes: (request, most) => readBytes<Bytes>(request, replica, most, (bytes) => ({ kind: 'bytes', bytes })),
  };
};

/** By hand: an iterator over a request costs as much as all else that is done with a small one. */
const collect = (request: IncomingMessage, most: number, reserve: (bytes: number) => boolean): Promise<Bytes> =>
  new Promise((resolve) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    const finish = (read: Bytes): void => {
      request.off('data', take).off('end', end).off('close', abort).off('error', abort);
      // The connection outlives a body that is too large: it carries the answer.
      if (read.kind !== 'bytes') request.pause().on('error', () => {});
      resolve(read);
    };
    const take = (part: Buffer): void => {
      if (bytes + part.length > most) return finish(tooLarge(most));
      if (!reserve(part.length)) return finish(crowded);
      bytes += part.length;
      parts.push(part);
    };
    const end = (): void => {
      const [first] = parts;
      finish({ kind: 'bytes', bytes: parts.length === 1 && first !== undefined ? first : Buffer.concat(parts) });
    };
    const abort = (): void => finish({ kind: 'aborted' });
    request.on('data', take).on('end', end).on('close', abort).on('error', abort);
    // Whoever went while it was found out who it was tells nothing any more.
    if (request.destroyed) abort();
  });

const asText = (raw: Buffer, bytes: number): Body => ({ kind: 'text', text: raw.toString('utf8'), raw, bytes });

const tooLarge = (most: number) => ({ kind: 'tooLarge' as const, message: `the body is larger than ${most} bytes` });
const crowded = { kind: 'crowded' as const, message: `bodies of ${mostAtOnce} bytes are being read already` };

const gunzipped = (
  packed: Buffer,
  most: number,
): Promise<{ readonly bytes?: Buffer; readonly error?: NodeJS.ErrnoException }> =>
  new Promise((resolve) => {
    gunzip(packed, { maxOutputLength: most }, (error, bytes) => resolve(error === null ? { bytes } : { error }));
  });
