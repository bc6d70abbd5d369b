// One request to one agent, answered as its behaviour says: well, badly, without end, or never.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { metricsType, type AgentServer, type Reading } from './simulated-agent.ts';

export const respond = (
  server: AgentServer,
  port: number,
  request: IncomingMessage,
  response: ServerResponse,
  reading: Reading,
): void => {
  switch (reading.behaviour.answers) {
    case 'hanging':
      return;
    case 'refusing':
      request.socket.destroy();
      return;
    case 'error':
      response.writeHead(500, { 'content-type': 'text/plain' }).end('internal error');
      return;
    case 'garbage':
      response.writeHead(200, { 'content-type': metricsType }).end(garbage);
      return;
    case 'endless':
      pour(response);
      return;
    case 'normal':
    case 'not-ready':
      answer(server, port, request, response, reading);
  }
};

const answer = (
  server: AgentServer,
  port: number,
  request: IncomingMessage,
  response: ServerResponse,
  reading: Reading,
): void => {
  const path = (request.url ?? '/').split('?', 1)[0]!;
  const found = request.method === 'GET' ? server.answer(port, path, reading) : undefined;
  if (found === undefined) response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
  else response.writeHead(found.status, { 'content-type': found.type }).end(found.body);
};

/** Bytes that are no text, half a metric, a number that is none, a label that does not end, and a line that is far too long. */
const garbage = Buffer.concat([
  Buffer.from([0xff, 0xfe, 0x00, 0x9f, 0x92, 0x96, 0x0a]),
  Buffer.from('falcosecurity_falco_version_info{version="\n'),
  Buffer.from('falcosecurity_scap_n_evts_total NaNaN\n}{\n<html><body>502 Bad Gateway</body></html>\n'),
  Buffer.alloc(200_000, 0x61),
]);

/** Valid lines, for as long as somebody reads them. */
const pour = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': metricsType });
  let line = 0;
  const more = (): void => {
    while (!response.destroyed) {
      line += 1;
      if (!response.write(`endless_metric{line="${line}"} ${line}\n`.repeat(256))) {
        response.once('drain', more);
        return;
      }
    }
  };
  more();
};
