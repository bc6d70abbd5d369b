// All simulated agents in one process. One server for each port listens on every address, and looks at the address by which a
// connection came in (`socket.localAddress`) to know which agent is meant: five thousand agents cost five thousand small objects and
// one socket a port, not five thousand sockets. Whatever does not come over loopback is closed unanswered.
//
// Where another process holds the port on some address (a second simulator), `listen: 'each'` binds the agents' own addresses instead.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { serveControl } from './control.ts';
import { AgentState } from './counters.ts';
import { falcoServer } from './falco.ts';
import { kubescapeServer } from './kubescape.ts';
import { respond } from './respond.ts';
import type { AgentKind, AgentServer, Behaviour, SimulatedAgent } from './simulated-agent.ts';
import { sysdigServer } from './sysdig.ts';
import { tetragonServer } from './tetragon.ts';
import { traceeServer } from './tracee.ts';

export interface SimulateOptions {
  /** `any`: one socket a port. `each`: one for each address and port. */
  readonly listen?: 'any' | 'each';
  /** Other ports than the agents' own, for tests: 0 picks a free one. */
  readonly portOf?: (port: number) => number;
  readonly now?: () => number;
  /** Where POST /behaviour is heard, on 127.0.0.1; 0 picks a free port; absent: nowhere. */
  readonly controlPort?: number;
}

export interface Simulation {
  /** Adds agents; one whose address and kind are there already is replaced. */
  add(agents: readonly SimulatedAgent[]): Promise<void>;
  remove(which: Which): Promise<number>;
  /** Tells agents how to behave from now on; how many heard it. */
  tell(which: Which, change: Partial<Behaviour>): number;
  readonly agents: () => readonly AgentState[];
  /** The port on which an agent's port is really served. */
  readonly boundPort: (port: number) => number;
  readonly controlPort: number | undefined;
  close(): Promise<void>;
}

/** All that are given must hold; nothing given means all agents. */
export interface Which {
  readonly ips?: readonly string[];
  readonly nodes?: readonly string[];
  readonly agent?: AgentKind;
}

const servers: Readonly<Record<AgentKind, AgentServer>> = {
  falco: falcoServer,
  tetragon: tetragonServer,
  tracee: traceeServer,
  kubescape: kubescapeServer,
  sysdig: sysdigServer,
};

export const simulate = async (
  agents: readonly SimulatedAgent[],
  options: SimulateOptions = {},
): Promise<Simulation> => {
  const { listen = 'any', portOf = (port) => port, now = Date.now } = options;
  /** By address, then by the agent's own port. */
  const states = new Map<string, Map<number, AgentState>>();
  const listening = new Map<string, { readonly server: Server; readonly port: number }>();
  const sockets = new Set<Socket>();

  const handlerFor = (port: number) => (request: IncomingMessage, response: ServerResponse) => {
    const state = states.get(plain(request.socket.localAddress))?.get(port);
    if (state === undefined) request.socket.destroy();
    else respond(servers[state.agent.agent], port, request, response, state.reading(now()));
  };

  const bind = async (host: string, port: number): Promise<void> => {
    const key = listen === 'any' ? String(port) : `${host}:${port}`;
    if (listening.has(key)) return;
    const server = createServer(handlerFor(port));
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      // A scraper that goes away in the middle of an endless answer is no error of ours.
      socket.on('error', () => socket.destroy());
      const isHere = plain(socket.remoteAddress).startsWith('127.');
      const isSomebody = states.get(plain(socket.localAddress))?.has(port) ?? false;
      if (!isHere || !isSomebody) socket.destroy();
    });
    const bound = await listenOn(server, portOf(port), listen === 'any' ? '0.0.0.0' : host);
    listening.set(key, { server, port: bound });
  };

  const add = async (more: readonly SimulatedAgent[]): Promise<void> => {
    for (const agent of more) {
      if (!agent.ip.startsWith('127.'))
        throw new Error(`a simulated agent answers on loopback only, not on ${agent.ip}`);
      const state = new AgentState(agent, now());
      const byPort = states.get(agent.ip) ?? new Map<number, AgentState>();
      for (const port of servers[agent.agent].ports) {
        byPort.set(port, state);
        await bind(agent.ip, port);
      }
      states.set(agent.ip, byPort);
    }
  };

  const all = (): readonly AgentState[] => {
    // One that serves two ports is there once.
    const unique = new Set<AgentState>();
    for (const byPort of states.values()) for (const state of byPort.values()) unique.add(state);
    return [...unique];
  };

  const simulation = {
    add,
    remove: (which: Which) => {
      const gone = all().filter((state) => matches(state, which));
      for (const state of gone) {
        const byPort = states.get(state.agent.ip);
        for (const port of servers[state.agent.agent].ports) byPort?.delete(port);
        if (byPort?.size === 0) states.delete(state.agent.ip);
      }
      return Promise.resolve(gone.length);
    },
    tell: (which: Which, change: Partial<Behaviour>) => {
      const heard = all().filter((state) => matches(state, which));
      for (const state of heard) state.set(change, now());
      return heard.length;
    },
    agents: all,
    boundPort: (port: number) => {
      const bound = [...listening].find(([key]) => key === String(port) || key.endsWith(`:${port}`));
      if (bound === undefined) throw new Error(`no simulated agent serves port ${port}`);
      return bound[1].port;
    },
  };

  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await Promise.all([...listening.values()].map(({ server }) => closed(server)));
    await Promise.all(closers.map((end) => end()));
  };
  try {
    await add(agents);
    let controlPort: number | undefined;
    if (options.controlPort !== undefined) {
      const control = createServer(serveControl(simulation));
      controlPort = await listenOn(control, options.controlPort, '127.0.0.1');
      closers.push(() => closed(control));
    }
    return { ...simulation, controlPort, close };
  } catch (error) {
    await close();
    throw error;
  }
};

const matches = ({ agent }: AgentState, { ips, nodes, agent: kind }: Which): boolean =>
  (ips === undefined || ips.includes(agent.ip)) &&
  (nodes === undefined || nodes.includes(agent.node ?? '')) &&
  (kind === undefined || kind === agent.agent);

/** Where IPv6 sockets carry IPv4, addresses come with a prefix. */
const plain = (address: string | undefined): string => (address ?? '').replace(/^::ffff:/, '');

const listenOn = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new Error(
          `cannot listen on ${host}:${port} for simulated agents: is another simulator running? Try listen: 'each'`,
          { cause },
        ),
      ),
    );
    server.listen({ port, host, backlog: 1024 }, () => resolve((server.address() as AddressInfo).port));
  });

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
