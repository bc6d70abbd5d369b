// Keeps the fail-closed configuration, and keeps it from becoming the outage: it says Fail only while a replica of the webhook answers or did
// lately, and Ignore otherwise.
import { isDeepStrictEqual } from 'node:util';
import { object, text } from '../../../facts/read.ts';
import type { Writer } from '../../../kube/apply.ts';
import { sleep, type Clock } from '../../../kube/clock.ts';
import type { EventRecorder } from '../../../kube/events.ts';
import type { Log } from '../../../kube/log.ts';
import { createReflector, type ReflectorMetrics } from '../../../kube/reflector.ts';
import { apiVersionOf, pathOf, resources } from '../../../kube/resource.ts';
import { Store } from '../../../kube/store.ts';
import type { Transport } from '../../../kube/transport.ts';
import {
  failClosedEntry,
  failClosedName,
  failClosedObject,
  ownerName,
  policyOf,
  readConfiguration,
  sourceName,
  targetOf,
  type Configuration,
  type FailurePolicy,
  type Target,
} from './plan.ts';

export interface FailClosedOptions {
  readonly transport: Transport;
  readonly writer: Pick<Writer, 'apply' | 'delete'>;
  readonly events: Pick<EventRecorder, 'record'>;
  /** How long no replica may have answered before pods are let through unjudged. */
  readonly fallbackAfterMs: number;
  /** Why an API server could not call there; undefined where it could. */
  readonly probe: (target: Target) => Promise<string | undefined>;
  /** What the configuration says from now on; undefined: there is none, or another replica leads. */
  readonly onPolicy: (policy: FailurePolicy | undefined) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: ReflectorMetrics;
}

const fieldManager = 'workload-protection-operator';
/** A replica that is gone is noticed soon beside the minute of patience; a handshake costs a millisecond. */
const intervalMs = 5000;

/** Runs until the signal aborts, in the leader only. */
export const keepFailClosed = async (options: FailClosedOptions, signal: AbortSignal): Promise<void> => {
  const { transport, writer, events, fallbackAfterMs, probe, onPolicy, clock, log } = options;
  const reflectors = [sourceName, failClosedName].map((name) => {
    // One store each: a list replaces all that its sink holds.
    const sink = new Store<Configuration>({ keyOf: (item) => ({ namespace: '', name: item.name }) });
    const reflector = createReflector<Configuration>({
      transport,
      resource: resources.validatingWebhookConfigurations,
      // RBAC by resourceNames lets a watch through that asks for this one name.
      fieldSelector: `metadata.name=${name}`,
      sink,
      project: readConfiguration,
      clock,
      log,
      ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    });
    return { name, sink, reflector };
  });
  let answeredAt = clock.monotonic();
  let wasThere = false;
  /** What we wrote last, which the watch may not have brought yet. */
  let written: FailurePolicy | undefined;
  let changed = Promise.withResolvers<void>();

  const held = (name: string): Configuration | undefined =>
    reflectors.find((each) => each.name === name)?.sink.get('', name);

  const ownerUid = async (): Promise<string> => {
    const raw: unknown = await transport.request({
      method: 'GET',
      path: pathOf(resources.clusterRoles, { name: ownerName }),
      signal,
    });
    return text(object(object(raw)['metadata'])['uid']);
  };

  const say = (policy: FailurePolicy, uid: string, why: string | undefined): void => {
    const isOpen = policy === 'Ignore';
    const note = isOpen
      ? `no replica of the webhook has answered for ${Math.round(fallbackAfterMs / 1000)} s, so pods of fail-closed namespaces are let through unjudged: ${why ?? ''}`
      : 'a replica of the webhook answers: pods of fail-closed namespaces are refused where none does';
    if (isOpen) log.warn({ configuration: failClosedName }, note);
    else log.info({ configuration: failClosedName }, note);
    const { validatingWebhookConfigurations: resource } = resources;
    events.record({
      regarding: { apiVersion: apiVersionOf(resource), kind: resource.kind, name: failClosedName, uid },
      type: isOpen ? 'Warning' : 'Normal',
      reason: isOpen ? 'FailOpen' : 'FailClosed',
      action: 'SetFailurePolicy',
      note,
    });
  };

  const step = async (): Promise<void> => {
    const [source, present] = [held(sourceName), held(failClosedName)];
    const target = source && targetOf(source);
    if (source === undefined || target === undefined) {
      // Whoever deletes the first wants no hook at all.
      if (present !== undefined)
        await writer.delete(resources.validatingWebhookConfigurations, { name: failClosedName }, { signal });
      onPolicy(undefined);
      return;
    }
    // Whoever deletes the second wants it gone, too: that is the way out in an emergency, and we do not stand in it.
    if (wasThere && present === undefined) return onPolicy(undefined);
    wasThere ||= present !== undefined;
    const why = await probe(target);
    if (why === undefined) answeredAt = clock.monotonic();
    const current = written ?? policyOf(present);
    const isPatient = current === 'Fail' && clock.monotonic() - answeredAt < fallbackAfterMs;
    const policy = why === undefined || isPatient ? 'Fail' : 'Ignore';
    const entry = failClosedEntry(source, policy);
    if (entry === undefined) return;
    if (!isDeepStrictEqual(present?.webhooks, [entry])) {
      const wanted = failClosedObject(entry, await ownerUid());
      const { metadata } = await writer.apply(resources.validatingWebhookConfigurations, wanted, {
        fieldManager,
        signal,
      });
      if (current !== policy) say(policy, metadata.uid, why);
      written = policy;
    }
    onPolicy(policy);
  };

  const keep = async (): Promise<void> => {
    await Promise.all(reflectors.map(({ reflector }) => reflector.synced));
    while (!signal.aborted) {
      changed = Promise.withResolvers();
      try {
        await step();
      } catch (error) {
        if (signal.aborted) break;
        log.warn(
          { error, configuration: failClosedName },
          'the fail-closed configuration could not be kept; trying again',
        );
      }
      const timer = new AbortController();
      await Promise.race([changed.promise, sleep(clock, intervalMs, AbortSignal.any([signal, timer.signal]))]);
      timer.abort();
    }
  };

  const ends = reflectors.map(({ sink }) => sink.subscribe(() => changed.resolve()));
  try {
    await Promise.all([
      ...reflectors.map(({ reflector }) => reflector.run(signal)),
      // Stopped before everything was read: nothing was done, and that is no error.
      keep().catch((error: unknown) => {
        if (!signal.aborted) throw error;
      }),
    ]);
  } finally {
    for (const end of ends) end();
    onPolicy(undefined);
  }
};
