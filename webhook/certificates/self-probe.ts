// Does what an API server does before it calls us: a TLS handshake with this very process, under the name and the roots that the
// webhook configurations hold. A replica that serves a certificate of yesterday finds out before an API server does. It needs no
// right beyond reading the configurations, and no path through the network: a Service has no endpoint before a replica is ready.
import { sleep, type Clock } from '../../kube/clock.ts';
import { tlsHandshake } from '../../process/tls-handshake.ts';
import type { Entry } from './registration.ts';

export interface SelfProbe {
  /** Probes until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Why an API server could not talk to us; undefined where it could, and where nothing is published. */
  trouble(): string | undefined;
}

export interface SelfProbeOptions {
  /** The entries that are ours, as API servers go by them now. */
  readonly published: () => readonly Entry[];
  readonly address: { readonly host: string; readonly port: number };
  readonly clock: Clock;
}

/** Soon enough that a readiness probe acts on it; a handshake costs a millisecond. */
const intervalMs = 5000;
/** While it fails, so that a replica is ready as soon as it can be. */
const retryMs = 500;

export function createSelfProbe({ published, address, clock }: SelfProbeOptions): SelfProbe {
  let trouble: string | undefined = 'no handshake was tried yet';

  const probe = async (): Promise<string | undefined> => {
    // Entries are alike but for their paths.
    const ways = new Map(published().map((entry) => [`${hostOf(entry)} ${entry.caBundle}`, entry]));
    for (const entry of ways.values()) {
      const failure = await tlsHandshake({
        host: loopbackOf(address.host),
        port: address.port,
        name: hostOf(entry),
        authorities: Buffer.from(entry.caBundle, 'base64').toString(),
      });
      if (failure !== undefined)
        return `a handshake as ${hostOf(entry)}, with the roots that are published for ${entry.name}, fails: ${failure}`;
    }
    return undefined;
  };

  return {
    trouble: () => trouble,
    async run(signal) {
      while (!signal.aborted) {
        trouble = await probe();
        await sleep(clock, trouble === undefined ? intervalMs : retryMs, signal);
      }
    },
  };
}

const hostOf = ({ url, service }: Entry): string =>
  url === undefined
    ? `${service?.name ?? ''}.${service?.namespace ?? ''}.svc`
    : new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');

/** One listens on all addresses, but connects to one. */
const loopbackOf = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host);
