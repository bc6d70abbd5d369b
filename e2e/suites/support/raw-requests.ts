// Requests byte for byte, as no client would send them: what HTTP forbids, what parsers disagree about, and what ends in the middle.
import { connect } from 'node:tls';
import { gzipSync } from 'node:zlib';

export interface RawOptions {
  readonly port: number;
  readonly token: string;
}

export interface RawRequest {
  readonly name: string;
  /** `path`: where events of one source are posted. */
  readonly bytes: (path: string, token: string) => Buffer;
}

/** What was answered before the server closed, or fell silent: the statuses, in order. */
export const sendRaw = ({ port }: RawOptions, bytes: Buffer): Promise<readonly number[]> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    let text = '';
    const end = (): void => {
      socket.destroy();
      resolve([...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)));
    };
    socket.setTimeout(silentAfterMs, end);
    socket.on('data', (part: Buffer) => (text += part.toString('latin1')));
    socket.once('close', end);
    socket.once('secureConnect', () => socket.write(bytes));
    // A server that resets the connection has answered, too; one that is not there has not.
    socket.once('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNREFUSED' ? reject(error) : end()));
  });

/** Whatever waits for the rest of a request that never comes is closed by us: the server's own patience is another test's matter. */
const silentAfterMs = 1500;

const crlf = '\r\n';
/** What every path takes for one of its events. */
const event = '{"rule":"Nothing","hostname":"one","process_exec":{}}';

const request = (path: string, token: string, headers: readonly string[], body: string | Buffer = event): Buffer =>
  Buffer.concat([
    Buffer.from(
      [
        `POST ${path} HTTP/1.1`,
        'host: operator',
        `authorization: Bearer ${token}`,
        'content-type: application/json',
        ...headers,
        '',
        '',
      ].join(crlf),
      'latin1',
    ),
    Buffer.from(body),
  ]);

const sized = (body: string | Buffer, further: readonly string[] = []): RawRequest['bytes'] => {
  const length = Buffer.byteLength(body);
  return (path, token) => request(path, token, [`content-length: ${length}`, ...further], body);
};
const headed = (headers: readonly string[], body: string | Buffer = event): RawRequest['bytes'] => {
  return (path, token) => request(path, token, headers, body);
};

const packed = gzipSync(event);
const gzip = ['content-encoding: gzip'];
const nested = (open: string, close: string, depth: number): string => `${open.repeat(depth)}1${close.repeat(depth)}`;

const bodies: readonly (readonly [string, RawRequest['bytes']])[] = [
  ['half a character', sized('{"rule":"\\ud800","output":"\\udfff\\ud800"}')],
  [
    'numbers beyond numbers',
    sized('{"rule":"x","time":1e400,"uuid":-1e999,"output_fields":{"proc.pid":9007199254740993}}'),
  ],
  ['keys twice', sized('{"rule":"a","rule":"b","output_fields":{},"output_fields":{"__proto__":1}}')],
  ['a million brackets', sized('['.repeat(1_000_000))],
  ['deep objects', sized(nested('{"a":', '}', 5000))],
  ['deep lists in a field', sized(`{"rule":${nested('[', ']', 5000)}}`)],
  [
    'bytes that are no UTF-8',
    sized(
      Buffer.concat([
        Buffer.from('{"rule":"'),
        Buffer.from([0xc3, 0x28, 0xff, 0xfe, 0xed, 0xa0, 0x80]),
        Buffer.from('"}'),
      ]),
    ),
  ],
  ['a byte order mark', sized(`\ufeff${event}`)],
  ['UTF-16', sized(Buffer.from(event, 'utf16le'))],
  ['nothing but nulls', sized(Buffer.alloc(10_000))],
  ['a prototype by another way', sized('{"constructor":{"prototype":{"polluted":1}},"toString":1,"valueOf":{}}')],
  ['nothing', sized('')],
  ['a million lines', sized('\n'.repeat(1_000_000))],
  ['gzip that ends in the middle', sized(packed.subarray(0, packed.length - 9), gzip)],
  ['gzip with something behind it', sized(Buffer.concat([packed, Buffer.from('behind')]), gzip)],
  ['gzip twice', sized(gzipSync(packed), gzip)],
  ['two encodings', sized(packed, ['content-encoding: gzip, gzip'])],
  ['a type that is an injection', sized(event, ['content-type: application/json; charset="utf-8\\";x'])],
];

const framings: readonly (readonly [string, RawRequest['bytes']])[] = [
  ['a length that is too short', headed(['content-length: 5'])],
  ['a length that is too long', headed(['content-length: 5000'])],
  ['two lengths', headed(['content-length: 5', `content-length: ${event.length}`])],
  ['a length that is none', headed(['content-length: 0x10'])],
  ['a length below nothing', headed(['content-length: -1'])],
  ['a length beyond numbers', headed(['content-length: 99999999999999999999'])],
  [
    'length and chunks',
    headed(['content-length: 4', 'transfer-encoding: chunked'], `5${crlf}12345${crlf}0${crlf}${crlf}`),
  ],
  ['chunks by another name', headed(['transfer-encoding: xchunked'])],
  ['chunks within chunks', headed(['transfer-encoding: chunked, chunked'], `0${crlf}${crlf}`)],
  [
    'chunks with trailers',
    headed(
      ['transfer-encoding: chunked', 'trailer: authorization'],
      `${event.length.toString(16)}${crlf}${event}${crlf}0${crlf}authorization: Bearer x${crlf}host: evil${crlf}${crlf}`,
    ),
  ],
  ['a chunk beyond numbers', headed(['transfer-encoding: chunked'], `ffffffffffffffffff${crlf}x`)],
  [
    'a chunk with a long extension',
    headed(['transfer-encoding: chunked'], `1;${'x'.repeat(100_000)}${crlf}{${crlf}0${crlf}${crlf}`),
  ],
  [
    'a request smuggled behind another',
    headed([`content-length: ${event.length}`], `${event}GET /metrics HTTP/1.1${crlf}host: x${crlf}${crlf}`),
  ],
  ['a header that is folded', headed(['x: a', ' b: c', `content-length: ${event.length}`])],
  ['a header with a line end in it', headed([`x: a\rb`, `content-length: ${event.length}`])],
  ['a header with a space before its colon', headed([`content-length : ${event.length}`])],
  ['a header of 100 KB', headed([`x: ${'y'.repeat(100_000)}`, 'content-length: 0'], '')],
  ['5,000 headers', headed([...Array.from({ length: 5000 }, (_, index) => `x-${index}: y`), 'content-length: 0'], '')],
  ['two tokens', headed(['authorization: Bearer other', `content-length: ${event.length}`])],
  ['an upgrade', headed(['connection: upgrade', 'upgrade: websocket', `content-length: ${event.length}`])],
  ['an expectation that nobody meets', headed(['expect: 200-ok', `content-length: ${event.length}`])],
  [
    'a line end alone',
    (path, token) =>
      Buffer.from(`POST ${path} HTTP/1.1\nhost: x\nauthorization: Bearer ${token}\ncontent-length: 0\n\n`),
  ],
  [
    'an absolute address',
    (path, token) => request(`https://evil.example.com${path}`, token, [`content-length: ${event.length}`]),
  ],
  ['a path with dots', (path, token) => request(`${path}/../falco`, token, [`content-length: ${event.length}`])],
  [
    'a path of 100 KB',
    (path, token) => request(`${path}?${'x'.repeat(100_000)}`, token, [`content-length: ${event.length}`]),
  ],
  ['a method that there is not', (path) => Buffer.from(`EVIL ${path} HTTP/1.1${crlf}host: x${crlf}${crlf}`)],
  ['CONNECT', () => Buffer.from(`CONNECT evil.example.com:443 HTTP/1.1${crlf}host: x${crlf}${crlf}`)],
  ['HTTP of old', (path) => Buffer.from(`POST ${path}${crlf}${crlf}`)],
  ['HTTP to come', (path) => Buffer.from(`POST ${path} HTTP/9.9${crlf}host: x${crlf}${crlf}`)],
  ['the first bytes of HTTP/2', () => Buffer.from(`PRI * HTTP/2.0${crlf}${crlf}SM${crlf}${crlf}`)],
  ['noise', () => Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 197 + 13) % 256))],
];

export const nastyRequests: readonly RawRequest[] = [...bodies, ...framings].map(([name, bytes]) => ({ name, bytes }));

/** So many on one connection, without waiting for an answer; the last asks to close it. */
export const pipelined = (path: string, token: string, count: number): Buffer =>
  Buffer.concat(
    Array.from({ length: count }, (_, index) =>
      sized(event, index === count - 1 ? ['connection: close'] : [])(path, token),
    ),
  );
