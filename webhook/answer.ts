// What is sent back, by Node's own means: for an answer this small, more around it costs more than the decision.
import type { ServerResponse } from 'node:http';

export const sendJson = (response: ServerResponse, value: object): void =>
  send(response, 200, 'application/json; charset=utf-8', JSON.stringify(value));

/** One line of plain text. */
export const say = (response: ServerResponse, status: number, line: string): void =>
  send(response, status, 'text/plain; charset=utf-8', `${line}\n`);

const send = (response: ServerResponse, status: number, type: string, body: string): void => {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
};
