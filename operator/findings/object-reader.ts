// What the model does not keep of objects, since 150,000 pods times a few words are tens of megabytes: digests of images and annotations. Read
// one object at a time, when a finding is written that needs it, and kept for a while.
import { containersOf } from '../../facts/containers.ts';
import { containerStatusesOf, digestIn } from '../../facts/container-status.ts';
import { object, text, textMap } from '../../facts/read.ts';
import type { Labels } from '../../domain/types.ts';
import type { Clock } from '../../kube/clock.ts';
import { listPages } from '../../kube/list.ts';
import type { Log } from '../../kube/log.ts';
import { resources, type Resource } from '../../kube/resource.ts';
import type { Transport } from '../../kube/transport.ts';
import { placeLast } from '../place-last.ts';

export interface ReadObject {
  /** Labels and annotations with the keys that are looked for; of two with one key the label. */
  readonly marks: Labels;
  /** Of a pod, by name. */
  readonly containers: ReadonlyMap<string, { readonly image: string; readonly digest: string | undefined }>;
}

export interface ObjectReader {
  /** Undefined where it is not there, cannot be read, or too much has been asked for just now. `kind` as owners name it. */
  readonly read: (kind: string, namespace: string, name: string) => Promise<ReadObject | undefined>;
  /** What is known of it already, however old. Where it is not, it is asked for, and known a moment later. */
  readonly peek: (kind: string, namespace: string, name: string) => ReadObject | undefined;
}

export interface ObjectReaderOptions {
  readonly transport: Transport;
  /** Keys of labels and annotations. */
  readonly keys: readonly string[];
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Annotations change rarely. */
const keepMs = 5 * 60_000;
/** A few hundred bytes each. */
const mostKept = 2000;
/** As many as that in one moment, and then one more every so often: beside fifty requests a second that the operator allows itself. */
const burst = 20;
const oneEveryMs = 100;
/** A write waits for it, and does without. */
const deadlineMs = 5000;

/** Kinds that the operator may list, and pods stand below. */
const readable: ReadonlyMap<string, Resource> = new Map(
  [
    resources.pods,
    resources.namespaces,
    resources.deployments,
    resources.statefulSets,
    resources.daemonSets,
    resources.replicaSets,
    resources.replicationControllers,
    resources.jobs,
    resources.cronJobs,
  ].map((resource) => [resource.kind, resource]),
);

export const isReadable = (kind: string): boolean => readable.has(kind);

interface Known {
  readonly at: number;
  readonly reading: Promise<ReadObject | undefined>;
  found: ReadObject | undefined;
}

export const createObjectReader = ({ transport, keys, clock, log, signal }: ObjectReaderOptions): ObjectReader => {
  /** The oldest first. */
  const known = new Map<string, Known>();
  let free = Number.NEGATIVE_INFINITY;

  const mayAsk = (): boolean => {
    const now = clock.monotonic();
    const next = Math.max(free, now - burst * oneEveryMs) + oneEveryMs;
    if (next > now) return false;
    free = next;
    return true;
  };

  const ask = async (resource: Resource, namespace: string, name: string): Promise<ReadObject | undefined> => {
    let found: ReadObject | undefined;
    const scope = {
      resource,
      namespace: namespace === '' ? undefined : namespace,
      // The operator may list these kinds; it needs no right to get them.
      fieldSelector: `metadata.name=${name}`,
      metadataOnly: resource !== resources.pods,
    };
    const take = ([raw]: readonly unknown[]): void => {
      if (raw !== undefined) found = readingOf(raw, keys);
    };
    try {
      await listPages(transport, scope, take, AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]));
    } catch (error) {
      log.debug({ kind: resource.kind, namespace, name, error }, 'an object could not be read for a finding');
    }
    return found;
  };

  const look = (kind: string, namespace: string, name: string, oldest: number): Known | undefined => {
    const resource = readable.get(kind);
    const key = `${kind}/${namespace}/${name}`;
    const before = known.get(key);
    if (before !== undefined && clock.monotonic() - before.at <= oldest) return before;
    if (resource === undefined || !mayAsk()) return undefined;
    const entry: Known = { at: clock.monotonic(), found: before?.found, reading: ask(resource, namespace, name) };
    void entry.reading.then((found) => {
      entry.found = found;
      // What could not be read may be there the next time.
      if (found === undefined && known.get(key) === entry) known.delete(key);
    });
    return placeLast(known, key, entry, mostKept);
  };

  return {
    read: async (kind, namespace, name) => look(kind, namespace, name, keepMs)?.reading,
    peek: (kind, namespace, name) => look(kind, namespace, name, Number.POSITIVE_INFINITY)?.found,
  };
};

const readingOf = (raw: unknown, keys: readonly string[]): ReadObject => {
  const { metadata, spec, status } = object(raw);
  const [labels, annotations] = [textMap(object(metadata)['labels']), textMap(object(metadata)['annotations'])];
  const digests = new Map(containerStatusesOf(status).map(({ name, imageID }) => [text(name), digestIn(imageID)]));
  return {
    marks: Object.fromEntries(
      keys.flatMap((key) => {
        const value = labels[key] ?? annotations[key];
        return value === undefined ? [] : [[key, value]];
      }),
    ),
    containers: new Map(
      containersOf(object(spec)).map(({ raw: { name, image } }) => [
        text(name),
        { image: text(image), digest: digests.get(text(name)) },
      ]),
    ),
  };
};
