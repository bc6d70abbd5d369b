import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../kube/testing/eventually.ts';
import { isPlain, readPlain, type PlainBody } from './plain-body.ts';

const ordinary = { 'content-type': 'application/json', 'content-length': '10' };
const running: Server[] = [];
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of running.splice(0)) server.close();
});

describe('an ordinary body', () => {
  it.each<[string, boolean, string, object]>([
    ['is JSON of a known length', true, 'POST', ordinary],
    ['is not that of another method', false, 'PUT', ordinary],
    ['has no other content type', false, 'POST', { ...ordinary, 'content-type': 'text/plain' }],
    ['has no other charset', false, 'POST', { ...ordinary, 'content-type': 'application/json; charset=utf-16' }],
    ['is not compressed', false, 'POST', { ...ordinary, 'content-encoding': 'gzip' }],
    ['says how long it is', false, 'POST', { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }],
    ['is not empty', false, 'POST', { ...ordinary, 'content-length': '0' }],
    ['is not longer than it may be', false, 'POST', { ...ordinary, 'content-length': '101' }],
    ['may be as long as it may be', true, 'POST', { ...ordinary, 'content-length': '100' }],
  ])('%s', (_, expected, method, headers) => {
    expect(isPlain({ method, headers } as IncomingMessage, 100)).toBe(expected);
  });
});

/** A server that reads one body, and a connection to it. */
const aReader = async (): Promise<{ readonly socket: Socket; readonly read: PlainBody[] }> => {
  const read: PlainBody[] = [];
  const server = createServer((request, response) => {
    readPlain(request, (body) => {
      read.push(body);
      response.end();
    });
  });
  running.push(server);
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  sockets.push(socket);
  return { socket, read };
};

const first = async ({ read }: { readonly read: readonly PlainBody[] }): Promise<PlainBody | undefined> => {
  await eventually('a body', () => read.length > 0);
  return read[0];
};

const head = (bytes: number): string => `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n\r\n`;

describe('reading it', () => {
  it('takes it in one part or in many, with a letter of several bytes torn apart', async () => {
    const text = Buffer.from('{"name":"größe"}');
    const [whole, torn] = [await aReader(), await aReader()];
    whole.socket.write(Buffer.concat([Buffer.from(head(text.length)), text]));
    torn.socket.write(head(text.length));
    torn.socket.setNoDelay(true);
    for (const byte of text) {
      torn.socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const reader of [whole, torn]) expect(await first(reader)).toEqual({ kind: 'json', value: { name: 'größe' } });
  });

  it('says what is wrong with what is no JSON', async () => {
    const reader = await aReader();
    reader.socket.write(`${head(5)}{"a":`);
    expect(await first(reader)).toMatchObject({ kind: 'malformed', error: expect.stringContaining('JSON') });
  });

  it('is told once where the sender goes before its end', async () => {
    const reader = await aReader();
    reader.socket.write(`${head(50)}{"a":`, () => reader.socket.destroy());
    expect(await first(reader)).toEqual({ kind: 'aborted' });
    expect(reader.read).toHaveLength(1);
  });
});
