// Somebody else's HTTP server, as reliable as it is told to be.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Answer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** The connection breaks; with `taken`, after the request was worked in. */
  | { readonly reset: true; readonly taken?: boolean };

export interface ReceiverServer {
  readonly url: URL;
  /** Those that were taken in. */
  readonly received: Received[];
  /** Of what comes next; 200 once they are used up. */
  readonly answers: Answer[];
  /** All requests, refused ones too. */
  readonly asked: () => number;
  readonly close: () => Promise<void>;
}

export const startReceiver = async (): Promise<ReceiverServer> => {
  const received: Received[] = [];
  const answers: Answer[] = [];
  let asked = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      asked += 1;
      const answer = answers.shift() ?? { status: 200 };
      const isTaken = 'reset' in answer ? answer.taken === true : answer.status < 300;
      if (isTaken) received.push({ path: request.url ?? '', headers: request.headers, body });
      if ('reset' in answer) request.socket.destroy();
      else response.writeHead(answer.status, answer.headers).end('thanks');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/events`),
    received,
    answers,
    asked: () => asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
};
