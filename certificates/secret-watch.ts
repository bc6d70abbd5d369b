// One Secret, watched by its name: RBAC by resourceNames lets such a watch through and no other.
import { object, text, textMap } from '../facts/read.ts';
import type { Clock, Random } from '../kube/clock.ts';
import type { Log } from '../kube/log.ts';
import { createReflector, type Reflector, type ReflectorMetrics } from '../kube/reflector.ts';
import { resources } from '../kube/resource.ts';
import { Store } from '../kube/store.ts';
import type { Transport } from '../kube/transport.ts';
import type { SecretData } from './material.ts';

export interface SecretWatch {
  readonly reflector: Reflector;
  /** Undefined where there is none. */
  readonly current: () => SecretState | undefined;
  readonly subscribe: (listener: () => void) => () => void;
}

export interface SecretState {
  readonly name: string;
  readonly namespace: string;
  readonly resourceVersion: string;
  readonly data: SecretData;
}

export interface SecretWatchOptions {
  readonly transport: Transport;
  readonly namespace: string;
  readonly secret: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics?: ReflectorMetrics;
}

export function watchSecret({
  transport,
  namespace,
  secret,
  clock,
  random,
  log,
  metrics,
}: SecretWatchOptions): SecretWatch {
  const store = new Store<SecretState>({ keyOf: (item) => item });
  const reflector = createReflector<SecretState>({
    transport,
    resource: resources.secrets,
    namespace,
    fieldSelector: `metadata.name=${secret}`,
    sink: store,
    project: projectSecret,
    clock,
    random,
    log,
    ...(metrics === undefined ? {} : { metrics }),
  });
  return {
    reflector,
    current: () => store.get(namespace, secret),
    subscribe: (listener) => store.subscribe(listener),
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
