import { createServer } from 'node:net';

/**
 * Below the range that Linux and macOS give to outgoing connections (from 32768 and 49152), so that a restarted API server
 * finds its port still free.
 */
const FIRST = 20_000;
const LAST = 32_000;
const ATTEMPTS = 200;

/** `count` ports of 127.0.0.1 that nobody listens on now. */
export async function freePorts(count: number, random: () => number = Math.random): Promise<readonly number[]> {
  const found = new Set<number>();
  for (let attempt = 0; attempt < ATTEMPTS && found.size < count; attempt += 1) {
    const port = FIRST + Math.floor(random() * (LAST - FIRST));
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  if (found.size < count)
    throw new Error(`found only ${found.size} of ${count} free ports between ${FIRST} and ${LAST}`);
  return [...found];
}

export async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
