// Writes. Server-side apply wherever the object is ours or partly ours; JSON patch where one entry of somebody else's list is meant.

import { classify } from './errors.ts';
import { type Resource, apiVersionOf, pathOf } from './resource.ts';
import { type Query, type Transport, contentTypes } from './transport.ts';
import type { Lane } from './rate-limit.ts';

export interface ObjectName {
  readonly name: string;
  readonly namespace?: string | undefined;
}

/** What is applied: apiVersion and kind are added from the resource. */
export interface Applied {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly unknown[];
    /** Makes the apply fail with `conflict` where the object has changed since. */
    readonly resourceVersion?: string;
    /** Makes the apply fail with `conflict` where the object was deleted and made again since. */
    readonly uid?: string;
  };
  readonly [field: string]: unknown;
}

export interface WriteOptions {
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
  readonly priority?: Lane;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Take fields over from other managers. Default true: the fields that we apply are ours. */
  readonly force?: boolean;
  readonly subresource?: 'status';
}

/** Enough of what the server answers for a caller to remember its own write. */
export interface Written {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
}

export type JsonPatch = readonly (
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
)[];

export interface Writer {
  /** Server-side apply: creates what is not there. */
  apply(resource: Resource, object: Applied, options: ApplyOptions): Promise<Written>;
  /** The same on the status subresource, in the status lane; fails with `notFound` where the object is not there. */
  applyStatus(resource: Resource, object: Applied, options: ApplyOptions): Promise<Written>;
  jsonPatch(
    resource: Resource,
    at: ObjectName,
    patch: JsonPatch,
    options?: WriteOptions & { readonly subresource?: string },
  ): Promise<Written>;
  mergePatch(
    resource: Resource,
    at: ObjectName,
    patch: object,
    options?: WriteOptions & { readonly subresource?: string },
  ): Promise<Written>;
  create<T = Written>(resource: Resource, object: Applied, options?: WriteOptions): Promise<T>;
  /** Replaces the whole object; with a resourceVersion in it, only that version. */
  replace<T = Written>(resource: Resource, object: Applied, options?: WriteOptions): Promise<T>;
  get<T>(resource: Resource, at: ObjectName, options?: WriteOptions): Promise<T>;
  /** What is gone already counts as deleted. */
  delete(resource: Resource, at: ObjectName, options?: WriteOptions & Preconditions): Promise<void>;
}

/** Fails with `conflict` where the object is another, or has changed since. */
export interface Preconditions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

/** `mayWrite` is asked right before each write is sent; where it says no, the write fails and nothing is sent. */
export function createWriter(transport: Transport, mayWrite: () => boolean = () => true): Writer {
  const patch = (
    resource: Resource,
    at: ObjectName,
    body: unknown,
    contentType: string,
    query: Query,
    { subresource, ...options }: WriteOptions & { readonly subresource?: string },
  ): Promise<Written> =>
    transport.request<Written>({
      method: 'PATCH',
      path: pathOf(resource, { ...at, subresource }),
      query,
      body,
      contentType,
      mayStill: mayWrite,
      ...options,
    });

  const apply = (resource: Resource, object: Applied, options: ApplyOptions): Promise<Written> => {
    const { fieldManager, force = true, ...rest } = options;
    return patch(resource, object.metadata, typed(resource, object), contentTypes.apply, { fieldManager, force }, rest);
  };

  return {
    apply,
    applyStatus: (resource, object, options) =>
      apply(resource, object, { priority: 'status', ...options, subresource: 'status' }),
    jsonPatch: (resource, at, body, options = {}) => patch(resource, at, body, contentTypes.jsonPatch, {}, options),
    mergePatch: (resource, at, body, options = {}) => patch(resource, at, body, contentTypes.mergePatch, {}, options),
    create: (resource, object, options = {}) =>
      transport.request({
        method: 'POST',
        path: pathOf(resource, { namespace: object.metadata.namespace }),
        body: typed(resource, object),
        mayStill: mayWrite,
        ...options,
      }),
    replace: (resource, object, options = {}) =>
      transport.request({
        method: 'PUT',
        path: pathOf(resource, object.metadata),
        body: typed(resource, object),
        mayStill: mayWrite,
        ...options,
      }),
    get: (resource, at, options = {}) => transport.request({ method: 'GET', path: pathOf(resource, at), ...options }),
    async delete(resource, at, { uid, resourceVersion, ...options } = {}) {
      try {
        await transport.request({
          method: 'DELETE',
          path: pathOf(resource, at),
          body: {
            kind: 'DeleteOptions',
            apiVersion: 'v1',
            ...(uid === undefined && resourceVersion === undefined ? {} : { preconditions: { uid, resourceVersion } }),
          },
          // Deleting twice is deleting.
          retry: true,
          mayStill: mayWrite,
          ...options,
        });
      } catch (error) {
        if (classify(error) !== 'notFound') throw error;
      }
    },
  };
}

function typed(resource: Resource, object: Applied): object {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
}
