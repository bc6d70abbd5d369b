import { Pool } from 'undici';
import type { ClusterAccess, TlsMaterial } from './access.ts';
import { type Clock } from './clock.ts';

export interface Pools {
  /** Requests share eight connections: enough for 50 a second at 100 ms each, few enough for the API server's connection limits. */
  readonly api: Pool;
  /** Two connections that nothing else may fill: eight hanging requests must not cost the lead. */
  readonly lease: Pool;
  /** HTTP/1.1 and one socket for each watch, so that one bad socket is one bad kind. */
  readonly watch: Pool;
}

export interface PoolSource {
  current(fresh?: boolean): Promise<Pools>;
  close(): Promise<void>;
}

/** How soon a replaced CA or client certificate is seen: the kubelet itself takes about a minute to write it. */
const recheckAfterMs = 60_000;

/** The pools for the trust of the moment; new ones when its files change, while requests under way end on the old. */
export function createPoolSource(access: ClusterAccess, clock: Clock): PoolSource {
  let pools: Pools | undefined;
  let fingerprint = '';
  let checkedAt = Number.NEGATIVE_INFINITY;
  let checking: Promise<Pools> | undefined;
  const retired = new Set<Pool>();

  const check = async (): Promise<Pools> => {
    const tls = await access.tls();
    checkedAt = clock.monotonic();
    const seen = JSON.stringify(tls);
    if (pools && seen === fingerprint) return pools;
    for (const old of pools ? Object.values(pools) : []) retire(old);
    fingerprint = seen;
    pools = openPools(access.server, tls);
    return pools;
  };
  const retire = (pool: Pool): void => {
    retired.add(pool);
    void pool.close().finally(() => retired.delete(pool));
  };

  return {
    current(fresh = false) {
      if (pools && !fresh && clock.monotonic() - checkedAt < recheckAfterMs) return Promise.resolve(pools);
      // A file that is just being replaced must not fail requests that the old trust still serves.
      checking ??= check()
        .catch((error: unknown) => {
          if (!pools) throw error;
          return pools;
        })
        .finally(() => {
          checking = undefined;
        });
      return checking;
    },
    async close() {
      const open = [...retired, ...(pools ? Object.values(pools) : [])];
      pools = undefined;
      await Promise.all(open.map((pool) => pool.destroy()));
    },
  };
}

function openPools(server: string, tls: TlsMaterial): Pools {
  const { origin } = new URL(server);
  const shared: Pool.Options = {
    allowH2: false,
    pipelining: 1,
    // The API server closes idle connections after 90 s; well before that nobody meets a closing socket.
    keepAliveTimeout: 30_000,
    keepAliveMaxTimeout: 60_000,
    // Requests have deadlines and watches a watchdog of their own.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: 10_000,
      ...(tls.ca ? { ca: tls.ca } : {}),
      ...(tls.cert && tls.key ? { cert: tls.cert, key: tls.key } : {}),
      ...(tls.serverName ? { servername: tls.serverName } : {}),
      ...(tls.insecure ? { rejectUnauthorized: false } : {}),
    },
  };
  // A page of 500 objects at etcd's limit of 1.5 MB would not fit in one V8 string: an error that says so beats a crash.
  const bounded: Pool.Options = { ...shared, maxResponseSize: 256 * 1024 * 1024 };
  return {
    api: new Pool(origin, { ...bounded, connections: 8 }),
    lease: new Pool(origin, { ...bounded, connections: 2 }),
    watch: new Pool(origin, { ...shared, connections: null }),
  };
}
