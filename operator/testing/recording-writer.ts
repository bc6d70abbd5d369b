// A writer that keeps what it is given instead of sending it: enough for what decides whether and what to write.
import type { Applied, Writer, Written } from '../../kube/apply.ts';
import type { Resource } from '../../kube/resource.ts';

export interface RecordedWrite {
  readonly verb: 'apply' | 'applyStatus' | 'create' | 'delete';
  readonly kind: string;
  readonly name: string;
  readonly object?: Applied;
}

export interface RecordingWriter extends Writer {
  readonly writes: RecordedWrite[];
  /** The next write fails with this, once. */
  failNext(error: Error): void;
}

export const createRecordingWriter = (): RecordingWriter => {
  const writes: RecordedWrite[] = [];
  let failure: Error | undefined;
  const record = async (
    verb: RecordedWrite['verb'],
    { kind }: Resource,
    name: string,
    object?: Applied,
  ): Promise<Written> => {
    const error = failure;
    failure = undefined;
    if (error !== undefined) throw error;
    writes.push({ verb, kind, name, ...(object === undefined ? {} : { object }) });
    return { metadata: { name, uid: `uid-of-${name}`, resourceVersion: String(writes.length) } };
  };
  const never = (): never => {
    throw new Error('the operator does not write like this');
  };
  return {
    writes,
    failNext: (error) => {
      failure = error;
    },
    apply: (resource, object) => record('apply', resource, object.metadata.name, object),
    applyStatus: (resource, object) => record('applyStatus', resource, object.metadata.name, object),
    create: async <T>(resource: Resource, object: Applied) =>
      (await record('create', resource, object.metadata.name, object)) as T,
    delete: async (resource, { name }) => {
      await record('delete', resource, name);
    },
    jsonPatch: never,
    mergePatch: never,
    replace: never,
    get: never,
  };
};
