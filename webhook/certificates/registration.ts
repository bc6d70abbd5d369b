// Publishes the roots in a webhook configuration that the chart renders without them: nothing that Git holds is touched, so
// nothing drifts. Where the process runs outside of the cluster, it also says by which URL it is reached.
import { list, object, text } from '../../facts/read.ts';
import { createWriter, type JsonPatch } from '../../kube/apply.ts';
import { Backoff } from '../../kube/backoff.ts';
import { sleep, type Clock, type Random } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import { createReflector, type ReflectorMetrics } from '../../kube/reflector.ts';
import type { Resource } from '../../kube/resource.ts';
import { Store } from '../../kube/store.ts';
import type { Transport } from '../../kube/transport.ts';

export interface Registration {
  /** Ends when the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Publish this from now on. */
  want(wanted: Wanted): void;
  /** The entries that are ours, as API servers go by them now; none where there is no configuration, or none was read yet. */
  published(): readonly Entry[];
  /** Why the API server cannot trust us yet; undefined where it can, or where there is no configuration to publish in. */
  trouble(): string | undefined;
}

export interface Wanted {
  /** PEM. */
  readonly bundle: string;
  /** Undefined: by the Service. */
  readonly advertiseUrl: URL | undefined;
}

export interface RegistrationOptions {
  readonly transport: Transport;
  /** Of validating or of mutating webhooks. */
  readonly resource: Resource;
  readonly configuration: string;
  /** Whether it is ours to say there whom to trust. */
  readonly publishes: boolean;
  /** Name of each entry that is ours → the path that serves it. */
  readonly paths: Readonly<Record<string, string>>;
  readonly service: { readonly namespace: string; readonly name: string };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics?: ReflectorMetrics;
}

export interface Configuration {
  readonly name: string;
  readonly uid: string;
  readonly entries: readonly Entry[];
}

export interface Entry {
  readonly name: string;
  /** Base64. */
  readonly caBundle: string;
  readonly url: string | undefined;
  readonly service: { readonly namespace: string; readonly name: string } | undefined;
}

const backoffOptions = { firstMs: 500, capMs: 30_000, resetAfterMs: 120_000 };
/** Between two of our writes: a replica that has not heard of a rotation yet may write the old roots back, and again. */
const pauseMs = 1000;

export function createRegistration(options: RegistrationOptions): Registration {
  const { transport, resource, configuration, publishes, paths, service, clock, random, log } = options;
  const store = new Store<Configuration>({ keyOf: ({ name }) => ({ namespace: '', name }) });
  const reflector = createReflector<Configuration>({
    transport,
    resource,
    fieldSelector: `metadata.name=${configuration}`,
    sink: store,
    project: projectConfiguration,
    clock,
    random,
    log,
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
  });
  const writer = createWriter(transport);
  const backoff = new Backoff(backoffOptions, clock, random);
  let wanted: Wanted | undefined;
  let failure: string | undefined;
  let wasPublished = false;
  let wasInPlace = false;
  let successor: string | undefined;
  let changed = Promise.withResolvers<void>();

  const pending = (): JsonPatch | undefined => {
    const found = store.get('', configuration);
    if (found === undefined || wanted === undefined || successor !== undefined) return undefined;
    return registrationPatch(found, wanted, paths, service);
  };

  /** The process that started last is the one that is called; two that both insisted would write in turns for ever. */
  const follow = (): void => {
    const found = store.get('', configuration);
    const own = wanted?.advertiseUrl;
    if (found === undefined || own === undefined) return;
    const urls = found.entries.filter(({ name }) => name in paths).flatMap(({ url }) => url ?? []);
    const others = urls.filter((url) => !url.startsWith(withoutSlash(own)));
    if (urls.length > 0 && others.length === 0) {
      wasPublished = true;
      successor = undefined;
    }
    if (!wasPublished || others[0] === successor) return;
    successor = others[0];
    if (successor !== undefined)
      log.warn({ kind: resource.kind, configuration, url: successor }, 'another process is called instead of us');
  };

  const publish = async (signal: AbortSignal): Promise<void> => {
    const patch = pending();
    if (patch === undefined) return;
    changed = Promise.withResolvers();
    try {
      await writer.jsonPatch(resource, { name: configuration }, patch, { signal });
      failure = undefined;
      log.info({ kind: resource.kind, configuration }, 'published the certificate authority');
      // What was written comes back by the watch; until then the same patch would be made again.
      await Promise.race([changed.promise, sleep(clock, backoffOptions.capMs, signal)]);
      await sleep(clock, pauseMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      failure = error instanceof Error ? error.message : String(error);
      const waitMs = backoff.next();
      log.warn(
        { kind: resource.kind, configuration, error: failure, waitMs: Math.round(waitMs) },
        'the certificate authority could not be published; trying again',
      );
      await sleep(clock, waitMs, signal);
    }
  };

  const keep = async (signal: AbortSignal): Promise<void> => {
    const stop = (): void => changed.resolve();
    signal.addEventListener('abort', stop, { once: true });
    while (!signal.aborted) {
      if (pending() === undefined) {
        wasInPlace ||= wanted !== undefined;
        changed = Promise.withResolvers();
        await changed.promise;
      }
      await publish(signal);
    }
  };

  return {
    published: () => (store.get('', configuration)?.entries ?? []).filter(({ name }) => name in paths),
    want(next) {
      wanted = next;
      follow();
      changed.resolve();
    },
    trouble() {
      if (!reflector.state().synced)
        return `waiting for ${resource.kind} ${configuration}: ${reflector.state().lastError ?? 'not read yet'}`;
      if (!publishes) return undefined;
      if (wanted === undefined) return 'there is no certificate to publish yet';
      if (successor !== undefined)
        return `${resource.kind} ${configuration} names ${successor}, another process that started after this one; stop it and start this one again`;
      // Once it holds them, roots that overlap come and go without harm, and the self-probe says whether they will do.
      if (wasInPlace || pending() === undefined) return undefined;
      return `${resource.kind} ${configuration} does not hold our certificate authority yet${failure === undefined ? '' : `: ${failure}`}`;
    },
    async run(signal) {
      const end = store.subscribe(() => {
        follow();
        changed.resolve();
      });
      try {
        await Promise.all([reflector.run(signal), keep(signal)]);
      } finally {
        end();
      }
    },
  };
}

/** What makes the entries say what is wanted; undefined where they do. Tests guard against an entry that has moved meanwhile. */
export const registrationPatch = (
  { uid, entries }: Configuration,
  { bundle, advertiseUrl }: Wanted,
  paths: Readonly<Record<string, string>>,
  service: RegistrationOptions['service'],
): JsonPatch | undefined => {
  const caBundle = Buffer.from(bundle, 'utf8').toString('base64');
  const operations = entries.flatMap((entry, index): JsonPatch => {
    const path = paths[entry.name];
    if (path === undefined) return [];
    const url = advertiseUrl && `${withoutSlash(advertiseUrl)}${path}`;
    if (entry.caBundle === caBundle && entry.url === url) return [];
    const at = `/webhooks/${index}`;
    const test = { op: 'test', path: `${at}/name`, value: entry.name } as const;
    if (url !== undefined) return [test, { op: 'replace', path: `${at}/clientConfig`, value: { url, caBundle } }];
    // A process outside of the cluster was here before: back to the Service.
    if (entry.url !== undefined) {
      return [test, { op: 'replace', path: `${at}/clientConfig`, value: { service: { ...service, path }, caBundle } }];
    }
    return [test, { op: 'add', path: `${at}/clientConfig/caBundle`, value: caBundle }];
  });
  return operations.length === 0 ? undefined : [{ op: 'test', path: '/metadata/uid', value: uid }, ...operations];
};

const withoutSlash = ({ href }: URL): string => href.replace(/\/$/, '');

const projectConfiguration = (raw: unknown): Configuration | undefined => {
  const { metadata, webhooks } = object(raw);
  const { name, uid } = object(metadata);
  if (text(name) === '') return undefined;
  return {
    name: text(name),
    uid: text(uid),
    entries: list(webhooks).map((item) => {
      const { name: entry, clientConfig } = object(item);
      const { caBundle, url, service } = object(clientConfig);
      const { namespace, name: serviceName } = object(service);
      return {
        name: text(entry),
        caBundle: text(caBundle),
        url: typeof url === 'string' ? url : undefined,
        service: service === undefined ? undefined : { namespace: text(namespace), name: text(serviceName) },
      };
    }),
  };
};
