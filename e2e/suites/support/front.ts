// What a Service is to API servers: one address, behind which each new connection goes to a replica that is ready. Connections that are
// open stay where they are, as kube-proxy leaves them.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessHandle } from '../../installation/install.ts';
import { fetchText } from './exposition.ts';

export interface Front {
  readonly port: number;
  readonly url: string;
  readonly add: (replica: ProcessHandle) => void;
  readonly close: () => Promise<void>;
}

/** Quicker than a kubelet's probes, as the suites have no half minute to spare. */
const probeEveryMs = 200;
/** The chart's. */
const failureThreshold = 2;

export const startFront = async (): Promise<Front> => {
  /** Probes of each that have failed, one after the other. */
  const replicas = new Map<ProcessHandle, number>();
  const sockets = new Set<Socket>();
  const stop = new AbortController();
  let turn = 0;

  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const ready = [...replicas].flatMap(([replica, failures]) => (failures < failureThreshold ? [replica] : []));
    const chosen = ready[(turn += 1) % Math.max(1, ready.length)];
    // As a Service without endpoints does.
    if (chosen?.url === undefined) return void client.resetAndDestroy();
    const { hostname: host, port } = new URL(chosen.url);
    const replica = connect({ host, port: Number(port), allowHalfOpen: true });
    for (const socket of [client, replica]) keep(socket);
    client.pipe(replica).pipe(client);
    client.on('close', () => replica.destroy());
    replica.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));

  const probe = async (replica: ProcessHandle): Promise<void> => {
    const isReady = await fetchText(`${replica.metricsUrl}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    );
    const failures = replicas.get(replica);
    if (failures !== undefined) replicas.set(replica, isReady ? 0 : failures + 1);
  };
  const probing = (async () => {
    while (!stop.signal.aborted) {
      await Promise.all([...replicas.keys()].map(probe));
      await delay(probeEveryMs);
    }
  })();

  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `https://127.0.0.1:${port}`,
    add: (replica) => {
      replicas.set(replica, 0);
      void replica.exited.then(() => replicas.delete(replica));
    },
    close: async () => {
      stop.abort();
      for (const socket of sockets) socket.destroy();
      await Promise.all([probing, new Promise<void>((resolve) => void server.close(() => resolve()))]);
    },
  };
};
