// Keeps the certificate in its Secret, together with the other replicas: whoever finds it missing or due writes it, and everybody,
// the writer included, serves what the Secret holds.
import { Backoff } from '../kube/backoff.ts';
import { classify } from '../kube/errors.ts';
import { resources } from '../kube/resource.ts';
import { sleep, type Clock } from '../kube/clock.ts';
import { createWriter } from '../kube/apply.ts';
import { bundleOf, covers, fromSecretData, hasSigned, toSecretData, type Material } from './material.ts';
import { renew, whatIsDue } from './renew.ts';
import { watchSecret, type SecretWatchOptions } from './secret-watch.ts';
import type { CertificateSource, Served } from './served.ts';

export interface CertificateKeeperOptions extends SecretWatchOptions {
  /** Names and addresses that the certificate must be valid for. */
  readonly hosts: readonly string[];
  /** Of the product, for the Secret's label. */
  readonly component: 'webhook' | 'operator';
}

const backoffOptions = { firstMs: 500, capMs: 30_000, resetAfterMs: 120_000 };
/** Certificates are due in weeks; once an hour is soon enough, and a clock that steps is noticed. */
const longestWaitMs = 3_600_000;

export function createCertificateKeeper(options: CertificateKeeperOptions): CertificateSource {
  const { transport, namespace, secret, hosts, component, clock, random, log } = options;
  const watch = watchSecret(options);
  const writer = createWriter(transport);
  const backoff = new Backoff(backoffOptions, clock, random);
  const listeners = new Set<(served: Served) => void>();
  let served: Served | undefined;
  let trouble: string | undefined = 'waiting for the Secret with the certificate';
  let changed = Promise.withResolvers<void>();

  const take = (material: Material): void => {
    const next = servedOf(material);
    const isSame = JSON.stringify(served) === JSON.stringify(next);
    served = next;
    trouble = undefined;
    if (!isSame) for (const listener of listeners) listener(next);
  };

  /** How long until it must be looked at again. */
  const look = async (signal: AbortSignal): Promise<number> => {
    const now = clock.now();
    const state = watch.current();
    const found = state && fromSecretData(state.data);
    const due = whatIsDue(found, hosts, now);
    // One that does not name us is served only once it does: until then the old one is.
    if (found !== undefined && isServable(found, hosts)) take(found);
    if (due.kind === 'nothing') return Math.min(longestWaitMs, due.until - now);
    log.info({ secret: `${namespace}/${secret}`, issued: due.kind, why: due.why }, 'issuing certificates');
    const next = await renew(found, due, now);
    const written = {
      metadata: {
        name: secret,
        namespace,
        ...(state === undefined ? {} : { resourceVersion: state.resourceVersion }),
        labels: { 'app.kubernetes.io/part-of': 'workload-protection', 'app.kubernetes.io/component': component },
      },
      type: 'Opaque',
      data: toSecretData(next),
    };
    if (state === undefined) await writer.create(resources.secrets, written, { signal });
    else await writer.replace(resources.secrets, written, { signal });
    take(next);
    // The watch brings what was written just now; acting before that would meet a conflict.
    return longestWaitMs;
  };

  const lookSafely = async (signal: AbortSignal): Promise<number> => {
    try {
      return await look(signal);
    } catch (error) {
      const kind = classify(error);
      const waitMs = backoff.next();
      // Another replica was faster: what it wrote comes by the watch.
      if (kind === 'exists' || kind === 'conflict') return waitMs;
      trouble = `cannot write Secret ${namespace}/${secret}: ${error instanceof Error ? error.message : String(error)}`;
      log.warn({ error: trouble, waitMs: Math.round(waitMs) }, 'certificates could not be written; trying again');
      return waitMs;
    }
  };

  const keep = async (signal: AbortSignal): Promise<void> => {
    await watch.reflector.synced;
    while (!signal.aborted) {
      changed = Promise.withResolvers();
      const waitMs = await lookSafely(signal);
      await untilFirst(changed.promise, waitMs, clock, signal);
    }
  };

  return {
    served: () => served,
    trouble: () => trouble,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async run(signal) {
      const end = watch.subscribe(() => changed.resolve());
      try {
        // Before the first list is complete nobody knows whether there is a Secret; stopping then is no error.
        await Promise.all([
          watch.reflector.run(signal),
          keep(signal).catch((error: unknown) => ignoreAfter(signal, error)),
        ]);
      } finally {
        end();
      }
    },
  };
}

const servedOf = (material: Material): Served => {
  const { roots, leaf, leafKey } = material;
  return {
    certificate: leaf.pem,
    key: leafKey,
    authorities: bundleOf(material),
    expiry: { server: leaf.to, ...(roots[0] === undefined ? {} : { ca: roots[0].to }) },
  };
};

const isServable = ({ roots, leaf }: Material, hosts: readonly string[]): boolean =>
  roots.some((root) => hasSigned(root, leaf)) && hosts.every((host) => covers(leaf, host));

const ignoreAfter = (signal: AbortSignal, error: unknown): void => {
  if (!signal.aborted) throw error;
};

/** Ends at the first of: the promise, the time, the signal. */
const untilFirst = async (promise: Promise<void>, ms: number, clock: Clock, signal: AbortSignal): Promise<void> => {
  const timer = new AbortController();
  const stop = (): void => timer.abort();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    await Promise.race([promise, sleep(clock, Math.max(0, ms), timer.signal)]);
  } finally {
    signal.removeEventListener('abort', stop);
    timer.abort();
  }
};
