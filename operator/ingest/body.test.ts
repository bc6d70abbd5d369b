import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createBodyReader } from './body.ts';

const mebibyte = 1024 * 1024;

const aRequest = (headers: Readonly<Record<string, string>> = {}) =>
  Object.assign(new PassThrough({ highWaterMark: 64 * mebibyte }), { headers }) as PassThrough & IncomingMessage;

/** Takes up so much and does not end. */
const slow = (bytes: number) => {
  const request = aRequest();
  request.write(Buffer.alloc(bytes));
  return request;
};

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('bodies', () => {
  it('of one sender that are slow leave room for those of others', async () => {
    const bodies = createBodyReader();
    const held = Array.from({ length: 12 }, () => slow(4 * mebibyte));
    const reads = held.map((request) => bodies.read(request, 'flood'));
    await settled();
    const body = aRequest();
    const other = bodies.read(body, 'other');
    body.end('{}');
    expect(await other).toMatchObject({ kind: 'text', text: '{}' });
    const kinds = Promise.all(reads);
    for (const request of held) request.end();
    expect((await kinds).map(({ kind }) => kind)).toEqual([...Array(8).fill('text'), ...Array(4).fill('crowded')]);
  });

  it('that are done, or whose sender has gone, hold nothing', async () => {
    const bodies = createBodyReader();
    for (let round = 0; round < 30; round++) {
      const request = slow(4 * mebibyte);
      const body = bodies.read(request, 'a');
      await settled();
      if (round % 2 === 0) request.end();
      else request.destroy();
      expect((await body).kind).toBe(round % 2 === 0 ? 'text' : 'aborted');
    }
  });

  it('whose sender has gone before they are read are none', async () => {
    const request = aRequest();
    request.destroy();
    expect(await createBodyReader().read(request, 'a')).toEqual({ kind: 'aborted' });
  });

  it('that unpack to more than they may are too large, and hold nothing', async () => {
    const bodies = createBodyReader();
    const bomb = gzipSync(Buffer.alloc(20 * mebibyte));
    for (let round = 0; round < 10; round++) {
      const request = aRequest({ 'content-encoding': 'gzip' });
      const body = bodies.read(request, 'a');
      request.end(bomb);
      expect(await body).toMatchObject({ kind: 'tooLarge' });
    }
  });
});
