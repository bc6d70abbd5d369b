// Keeps the certificate in its Secret, together with the other replicas: whoever finds it missing or due writes it, and everybody,
// the writer included, serves what the Secret holds.
import { object, text, textMap } from '../../facts/read.ts';
import { Backoff } from '../../kube/backoff.ts';
import { classify } from '../../kube/errors.ts';
import { createReflector, type ReflectorMetrics } from '../../kube/reflector.ts';
import { resources } from '../../kube/resource.ts';
import { sleep, type Clock, type Random } from '../../kube/clock.ts';
import { createWriter } from '../../kube/apply.ts';
import { Store } from '../../kube/store.ts';
import type { Log } from '../../kube/log.ts';
import type { Transport } from '../../kube/transport.ts';
import { fromSecretData, toSecretData, type Material, type SecretData } from './material.ts';
import { renew, whatIsDue } from './renew.ts';

export interface CertificateKeeper {
  /** Ends when the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Undefined until there is one. */
  material(): Material | undefined;
  /** Told of each new material. Returns how to end it. */
  subscribe(listener: (material: Material) => void): () => void;
  /** Why there is none, or why it cannot be renewed; undefined where all is well. */
  trouble(): string | undefined;
}

export interface CertificateKeeperOptions {
  readonly transport: Transport;
  readonly namespace: string;
  readonly secret: string;
  /** Names and addresses that the certificate must be valid for. */
  readonly hosts: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics?: ReflectorMetrics;
}

interface SecretState {
  readonly name: string;
  readonly namespace: string;
  readonly resourceVersion: string;
  readonly data: SecretData;
}

const backoffOptions = { firstMs: 500, capMs: 30_000, resetAfterMs: 120_000 };
/** Certificates are due in weeks; once an hour is soon enough, and a clock that steps is noticed. */
const longestWaitMs = 3_600_000;

export function createCertificateKeeper(options: CertificateKeeperOptions): CertificateKeeper {
  const { transport, namespace, secret, hosts, clock, random, log } = options;
  const store = new Store<SecretState>({ keyOf: (item) => item });
  const reflector = createReflector<SecretState>({
    transport,
    resource: resources.secrets,
    namespace,
    // RBAC by resourceNames lets a watch through that asks for this one name.
    fieldSelector: `metadata.name=${secret}`,
    sink: store,
    project: projectSecret,
    clock,
    random,
    log,
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
  });
  const writer = createWriter(transport);
  const backoff = new Backoff(backoffOptions, clock, random);
  const listeners = new Set<(material: Material) => void>();
  let material: Material | undefined;
  let trouble: string | undefined = 'waiting for the Secret with the certificate';
  let changed = Promise.withResolvers<void>();

  const take = (next: Material): void => {
    const isSame = material !== undefined && JSON.stringify(material) === JSON.stringify(next);
    material = next;
    trouble = undefined;
    if (!isSame) for (const listener of listeners) listener(next);
  };

  /** How long until it must be looked at again. */
  const look = async (signal: AbortSignal): Promise<number> => {
    const now = clock.now();
    const state = store.get(namespace, secret);
    const found = state && fromSecretData(state.data);
    const due = whatIsDue(found, hosts, now);
    if (found !== undefined && due.kind !== 'all') take(found);
    if (due.kind === 'nothing') return Math.min(longestWaitMs, due.until - now);
    log.info({ secret: `${namespace}/${secret}`, issued: due.kind, why: due.why }, 'issuing certificates');
    const next = await renew(found, due.kind, hosts, now);
    const written = {
      metadata: {
        name: secret,
        namespace,
        ...(state === undefined ? {} : { resourceVersion: state.resourceVersion }),
        labels: { 'app.kubernetes.io/part-of': 'workload-protection', 'app.kubernetes.io/component': 'webhook' },
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
    await reflector.synced;
    while (!signal.aborted) {
      changed = Promise.withResolvers();
      const waitMs = await lookSafely(signal);
      await untilFirst(changed.promise, waitMs, clock, signal);
    }
  };

  return {
    material: () => material,
    trouble: () => trouble ?? undefined,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async run(signal) {
      const end = store.subscribe(() => changed.resolve());
      try {
        // Before the first list is complete nobody knows whether there is a Secret; stopping then is no error.
        await Promise.all([reflector.run(signal), keep(signal).catch((error: unknown) => ignoreAfter(signal, error))]);
      } finally {
        end();
      }
    },
  };
}

const projectSecret = (raw: unknown): SecretState | undefined => {
  const { metadata, data } = object(raw);
  const { name, namespace, resourceVersion } = object(metadata);
  if (text(name) === '') return undefined;
  return {
    name: text(name),
    namespace: text(namespace),
    resourceVersion: text(resourceVersion),
    data: textMap(data),
  };
};

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
