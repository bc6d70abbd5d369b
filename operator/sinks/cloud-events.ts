// Posts CloudEvents: of each object in order, each until it is accepted, however long that takes. How far the sink was told stands on the
// object, so that neither a restart nor another leader forgets or invents anything; what was posted and not yet noted is posted again,
// under the same id.
import { eventsAfter, type CloudEvent } from '../../domain/findings/cloud-event.ts';
import type { Writer } from '../../kube/apply.ts';
import type { Clock } from '../../kube/clock.ts';
import { classify } from '../../kube/errors.ts';
import type { Log } from '../../kube/log.ts';
import type { Store } from '../../kube/store.ts';
import { WorkQueue, type Requeue, type WorkQueueMetrics } from '../../kube/workqueue.ts';
import type { OurObjects, RawObject } from '../watches.ts';
import { findingDeliverable, snapshotDeliverable, toldAnnotation, type Deliverable } from './deliverable.ts';
import type { SinkMetrics } from './metrics.ts';
import { PostError, type Post } from './post.ts';
import { signatureHeaders, type SinkSecret } from './signature.ts';

export interface CloudEventSinkOptions {
  readonly ours: Pick<OurObjects, 'findings' | 'reports'>;
  readonly url: URL;
  /** Throws where it cannot be read: what cannot be signed is not sent. */
  readonly secret: () => SinkSecret;
  readonly cluster: string;
  readonly writer: Pick<Writer, 'mergePatch'>;
  readonly post: Post;
  readonly metrics: SinkMetrics;
  readonly queueMetrics: WorkQueueMetrics;
  readonly clock: Clock;
  readonly log: Log;
}

/** Each waits for the sink. */
const workers = 4;
/** Deleted objects whose last events wait for a sink that is down; a namespace that goes takes its findings with it. */
const mostGone = 5000;
const sink = 'cloudevents';

type Kind = 'finding' | 'snapshot';

export const runCloudEventSink = async (options: CloudEventSinkOptions, signal: AbortSignal): Promise<void> => {
  const { ours, cluster, clock, log, metrics, writer } = options;
  const kinds: Readonly<
    Record<
      Kind,
      { readonly store: Store<RawObject>; readonly deliverable: (raw: RawObject, of: string) => Deliverable }
    >
  > = {
    finding: { store: ours.findings, deliverable: findingDeliverable },
    snapshot: { store: ours.reports, deliverable: snapshotDeliverable },
  };
  /** Keys of which something may be left to tell. */
  const waiting = new Set<string>();
  /** The last event that was accepted, until the watch brings it back. */
  const told = new Map<string, { readonly uid: string; readonly id: string }>();
  /** What was deleted before all of it was told. */
  const gone = new Map<string, { readonly kind: Kind; readonly object: RawObject }>();
  const queue = new WorkQueue({
    name: 'sink',
    clock,
    metrics: options.queueMetrics,
    onError: (object, error, retryInMs) =>
      log.warn({ object, error, retryInMs }, 'cannot deliver to the sink; will try again'),
  });

  const lastTold = (key: string, { object, told: noted }: Deliverable): string | undefined => {
    const last = told.get(key);
    return last?.uid === object.metadata.uid ? last.id : noted;
  };
  const left = (key: string, deliverable: Deliverable): readonly CloudEvent[] =>
    eventsAfter(deliverable.events, lastTold(key, deliverable));

  const see = (kind: Kind, type: 'upserted' | 'deleted', object: RawObject): void => {
    const { namespace = '', name, uid } = object.metadata;
    const key = `${kind}/${namespace}/${name}`;
    const deliverable = kinds[kind].deliverable(object, cluster);
    if (told.get(key)?.id === deliverable.told) told.delete(key);
    if (left(key, deliverable).length === 0) {
      if (type === 'deleted') forget(key);
      return;
    }
    if (type === 'deleted') {
      // Apart from a successor of the same name.
      const own = `${key}/${uid}`;
      const last = told.get(key);
      forget(key);
      if (gone.size >= mostGone) {
        metrics.delivery(sink, 'lost');
        log.error(
          { object: key },
          'too much waits for the sink: what was left to tell of a deleted object is given up',
        );
        return;
      }
      if (last !== undefined) told.set(own, last);
      gone.set(own, { kind, object });
      waiting.add(own);
      queue.add(own);
      return;
    }
    waiting.add(key);
    queue.add(key);
  };

  const forget = (key: string): void => {
    waiting.delete(key);
    told.delete(key);
    gone.delete(key);
    queue.forget(key);
  };

  const find = (key: string): Deliverable | undefined => {
    const lost = gone.get(key);
    if (lost !== undefined) return kinds[lost.kind].deliverable(lost.object, cluster);
    const [kind = '', namespace = '', name = ''] = key.split('/');
    if (kind !== 'finding' && kind !== 'snapshot') return undefined;
    const object = kinds[kind].store.get(namespace, name);
    return object && kinds[kind].deliverable(object, cluster);
  };

  const deliver = async (event: CloudEvent, stop: AbortSignal): Promise<void> => {
    const { keys, authorization, ca } = options.secret();
    const body = JSON.stringify(event);
    try {
      await options.post({
        url: options.url,
        headers: {
          'content-type': 'application/cloudevents+json; charset=utf-8',
          ...(authorization === undefined ? {} : { authorization }),
          ...signatureHeaders(keys, event.id, Math.floor(clock.now() / 1000), body),
        },
        body,
        ca,
        signal: stop,
      });
    } catch (error) {
      metrics.delivery(sink, 'failed');
      throw error;
    }
    metrics.delivery(sink, 'delivered');
  };

  const handle = async (key: string, stop: AbortSignal): Promise<Requeue | void> => {
    const found = find(key);
    if (found === undefined) return forget(key);
    const { uid, name, namespace } = found.object.metadata;
    try {
      for (const event of left(key, found)) {
        await deliver(event, stop);
        told.set(key, { uid, id: event.id });
      }
    } catch (error) {
      if (!(error instanceof PostError) || error.retryAfterMs === undefined) throw error;
      log.warn({ object: key, error }, 'the sink asks for patience');
      return { requeueAfterMs: error.retryAfterMs };
    }
    const last = told.get(key)?.id;
    if (gone.has(key)) return forget(key);
    if (last !== undefined && last !== found.told) {
      try {
        await writer.mergePatch(
          found.resource,
          { name, namespace },
          // The uid: what was deleted and made anew has been told nothing.
          { metadata: { uid, annotations: { [toldAnnotation]: last } } },
          { signal: stop },
        );
      } catch (error) {
        // It is gone, or about to be; what comes after it brings itself.
        const kind = classify(error);
        if (kind !== 'notFound' && kind !== 'conflict') throw error;
        told.delete(key);
      }
    }
    waiting.delete(key);
  };

  const ends = (['finding', 'snapshot'] as const).map((kind) =>
    kinds[kind].store.subscribe(({ type, item }) => see(kind, type === 'deleted' ? 'deleted' : 'upserted', item)),
  );
  metrics.setPending(sink, () => waiting.size);
  for (const kind of ['finding', 'snapshot'] as const)
    for (const object of kinds[kind].store.list()) see(kind, 'upserted', object);
  try {
    await queue.run({ workers, signal, handle });
  } finally {
    for (const end of ends) end();
    metrics.setPending(sink, () => 0);
  }
};
