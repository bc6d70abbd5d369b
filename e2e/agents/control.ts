// POST /behaviour {"which": {"ips"?, "nodes"?, "agent"?}, "change": {...}} tells agents how to behave; GET /agents lists them.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Simulation, Which } from './simulate.ts';
import { healthy, type Behaviour } from './simulated-agent.ts';

/** Names of 5,000 nodes fit well. */
const maxBodyBytes = 1_000_000;

export const serveControl = (simulation: Pick<Simulation, 'tell' | 'agents'>): RequestListener => {
  return (request, response) => {
    handle(simulation, request).then(
      (body) => reply(response, 200, body),
      (error: unknown) => reply(response, 400, { error: error instanceof Error ? error.message : String(error) }),
    );
  };
};

const handle = async (simulation: Pick<Simulation, 'tell' | 'agents'>, request: IncomingMessage): Promise<object> => {
  if (request.method === 'GET' && request.url === '/agents') {
    return { agents: simulation.agents().map(({ agent, behaviour }) => ({ agent, behaviour })) };
  }
  if (request.method !== 'POST' || request.url !== '/behaviour')
    throw new Error('there are POST /behaviour and GET /agents');
  const { which = {}, change = {} } = JSON.parse(await bodyOf(request)) as {
    readonly which?: Which;
    readonly change?: Partial<Behaviour>;
  };
  const unknown = Object.keys(change).filter((key) => !(key in healthy));
  if (unknown.length > 0)
    throw new Error(`a behaviour has no ${unknown.join(', ')}; it has ${Object.keys(healthy).join(', ')}`);
  return { told: simulation.tell(which, change) };
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new Error(`at most ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const reply = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};
