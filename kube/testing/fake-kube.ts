// An API server for tests: real sockets, real lists and watches, and every way to fail that we know of. It speaks list with pages,
// watch with bookmarks and initial events, get, create, update, JSON patch, merge and apply (as a merge), delete, 404, 409 and 410.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { ClusterAccess, TlsMaterial } from '../access.ts';
import type { JsonPatch } from '../apply.ts';
import { type Resource, apiVersionOf } from '../resource.ts';
import { FakeCluster, type FakeEvent, type FakeObject } from './fake-cluster.ts';
import { contentTypes } from '../transport.ts';
import { applyJsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';

export type FaultKind =
  | {
      readonly answer: number;
      readonly reason?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: unknown;
    }
  /** The socket is destroyed before any answer. */
  | { readonly reset: true }
  /** No answer ever. */
  | { readonly hang: true }
  /** 200, this text, and (unless `open`) a broken connection. */
  | { readonly text: string; readonly open?: boolean }
  /** A watch that is accepted and ends at once. */
  | { readonly end: true };

export interface Fault {
  /** Default: any. */
  readonly verb?: 'list' | 'watch' | 'get' | 'create' | 'update' | 'patch' | 'delete';
  readonly plural?: string;
  readonly fault: FaultKind;
  /** How many requests it hits; default one. */
  readonly times?: number;
}

export interface SeenRequest {
  readonly verb: string;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export interface FakeKube {
  readonly cluster: FakeCluster;
  readonly access: ClusterAccess;
  readonly port: number;
  readonly requests: SeenRequest[];
  readonly connections: { opened: number; open: number };
  /** What the server can do, to be changed at any time. */
  readonly settings: Settings;
  put(resource: Resource, object: FakeObject): FakeObject;
  remove(resource: Resource, namespace: string, name: string): boolean;
  inject(fault: Fault): void;
  /** Forgets faults that did not hit yet. */
  heal(): void;
  readonly watches: number;
  bookmark(version?: number): void;
  /** To all open watches: a line as it is, a clean end, a reset, or silence with an open socket. */
  sendLine(line: string): void;
  endWatches(): void;
  resetWatches(): void;
  silenceWatches(): void;
  close(): Promise<void>;
}

export interface Settings {
  /** `ignored`: an unknown parameter, so everything is sent as ADDED and no bookmark marks the end. */
  watchList: 'supported' | 'refused' | 'ignored';
  /** Plurals that the server does not have. */
  readonly absent: Set<string>;
  readonly forbidden: Set<string>;
  /** Sends watches in pieces of so many bytes, to cut lines and characters anywhere. */
  chunkBytes: number | undefined;
  /** Objects a page, where the client allows it. */
  pageLimit: number;
  token: string | undefined;
}

export async function startFakeKube(tls?: TlsMaterial): Promise<FakeKube> {
  const cluster = new FakeCluster();
  const settings: Settings = {
    watchList: 'supported',
    absent: new Set(),
    forbidden: new Set(),
    chunkBytes: undefined,
    pageLimit: 500,
    token: undefined,
  };
  const requests: SeenRequest[] = [];
  const connections = { opened: 0, open: 0 };
  const sockets = new Set<Socket>();
  const watches = new Set<OpenWatch>();
  let faults: (Fault & { left: number })[] = [];

  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    void handle(request, response).catch((error: unknown) => {
      if (!response.headersSent) sendStatus(response, 500, 'InternalError', String(error));
    });
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = parseTarget(request);
    const text = await readAll(request);
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const { verb, plural } = target;
    requests.push({
      verb,
      method: request.method ?? '',
      path: target.path,
      query: target.query,
      headers: request.headers,
      body,
    });
    const fault = faults.find((one) => (one.verb ?? verb) === verb && (one.plural ?? plural) === plural);
    if (fault) {
      fault.left -= 1;
      if (fault.left <= 0) faults = faults.filter((one) => one !== fault);
      return fail(fault.fault, request, response);
    }
    if (settings.token !== undefined && request.headers.authorization !== `Bearer ${settings.token}`) {
      return sendStatus(response, 401, 'Unauthorized', 'Unauthorized');
    }
    if (settings.forbidden.has(plural))
      return sendStatus(response, 403, 'Forbidden', `${plural} is forbidden: User "test" cannot ${verb} it`);
    if (settings.absent.has(plural))
      return sendStatus(response, 404, 'NotFound', 'the server could not find the requested resource');
    if (verb === 'list') return list(target, response);
    if (verb === 'watch') return watch(target, request, response);
    return single(target, body, response, request.headers['content-type'] === contentTypes.mergePatch);
  };

  const list = ({ kind, namespace, query }: Target, response: ServerResponse): void => {
    const wanted = /^metadata\.name=(.+)$/.exec(query['fieldSelector'] ?? '')?.[1];
    const all = cluster
      .list(kind)
      .filter((object) => within(object, namespace) && (wanted === undefined || object.metadata.name === wanted));
    const limit = Math.min(Number(query['limit'] ?? Number.POSITIVE_INFINITY), settings.pageLimit);
    const [version, after] = query['continue'] ? query['continue'].split('|', 2) : [String(cluster.version), undefined];
    if (cluster.since(kind, Number(version)) === undefined) {
      return sendStatus(response, 410, 'Expired', 'The provided continue parameter is too old');
    }
    const rest = after === undefined ? all : all.filter((object) => keyOf(object) > after);
    const items = rest.slice(0, limit);
    const last = items.at(-1);
    const more = rest.length > items.length && last ? `${version}|${keyOf(last)}` : undefined;
    sendJson(response, 200, {
      kind: 'List',
      metadata: { resourceVersion: version, ...(more ? { continue: more } : {}) },
      items,
    });
  };

  const watch = ({ kind, namespace, query }: Target, request: IncomingMessage, response: ServerResponse): void => {
    const initial = query['sendInitialEvents'] === 'true';
    if (initial && settings.watchList === 'refused') {
      return sendStatus(
        response,
        422,
        'Invalid',
        'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
      );
    }
    const from = query['resourceVersion'] ?? '';
    const missed = from === '' ? [] : cluster.since(kind, Number(from));
    const open = new OpenWatch(
      request,
      response,
      () => settings.chunkBytes,
      () => watches.delete(open),
    );
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    watches.add(open);
    if (missed === undefined) {
      open.send({ type: 'ERROR', object: statusOf(410, 'Expired', `too old resource version: ${from}`) });
      return open.end();
    }
    if (from === '') {
      for (const object of cluster.list(kind)) if (within(object, namespace)) open.send({ type: 'ADDED', object });
      if (initial && settings.watchList === 'supported') {
        open.bookmark(cluster.version, { 'k8s.io/initial-events-end': 'true' });
      }
    }
    for (const { type, object } of missed) if (within(object, namespace)) open.send({ type, object });
    open.kind = kind;
    open.namespace = namespace;
  };

  const single = (target: Target, body: unknown, response: ServerResponse, isMerge: boolean): void => {
    const { verb, kind, namespace = '', query } = target;
    const given = body as FakeObject | undefined;
    const name = target.name ?? given?.metadata.name ?? '';
    const before = cluster.get(kind, namespace, name);
    const stale =
      before && given?.metadata?.resourceVersion && given.metadata.resourceVersion !== before.metadata.resourceVersion;
    if (verb === 'create' && before)
      return sendStatus(response, 409, 'AlreadyExists', `${target.plural} "${name}" already exists`);
    if (verb !== 'create' && !before && query['fieldManager'] === undefined) {
      return sendStatus(response, 404, 'NotFound', `${target.plural} "${name}" not found`);
    }
    if (stale)
      return sendStatus(
        response,
        409,
        'Conflict',
        `Operation cannot be fulfilled on ${target.plural} "${name}": modified`,
      );
    switch (verb) {
      case 'get':
        return sendJson(response, 200, before);
      case 'delete':
        cluster.remove(kind, namespace, name);
        return sendJson(response, 200, statusOf(200, '', ''));
      case 'create':
      case 'update':
      case 'patch': {
        if (before && Array.isArray(given)) {
          const patched = applyJsonPatch(before, given as JsonPatch);
          if (patched === undefined) return sendStatus(response, 422, 'Invalid', 'the test of a patch failed');
          return sendJson(response, 200, cluster.put(kind, patched as FakeObject));
        }
        if (before && isMerge)
          return sendJson(response, 200, cluster.put(kind, mergePatch(before, body) as FakeObject));
        const merged = verb === 'patch' ? { ...before, ...given } : given;
        const metadata = { ...before?.metadata, ...given?.metadata, name, namespace: namespace || undefined };
        const stored = cluster.put(kind, { ...merged, metadata });
        return sendJson(response, verb === 'create' ? 201 : 200, stored);
      }
      case 'list':
      case 'watch':
        return sendStatus(response, 405, 'MethodNotAllowed', verb);
      default:
        return verb satisfies never;
    }
  };

  cluster.listen((kind, event) => {
    for (const open of watches) open.pass(kind, event);
  });

  const server: Server = tls ? createTlsServer({ key: tls.key, cert: tls.cert }, handler) : createServer(handler);
  server.on('connection', (socket: Socket) => {
    connections.opened += 1;
    connections.open += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      connections.open -= 1;
      sockets.delete(socket);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    cluster,
    port,
    settings,
    requests,
    connections,
    access: {
      server: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
      namespace: 'default',
      source: 'a test',
      tls: () => Promise.resolve({}),
      authorise: () => Promise.resolve({}),
    },
    put: (resource, object) =>
      cluster.put(kindOf(resource), { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object }),
    remove: (resource, namespace, name) => cluster.remove(kindOf(resource), namespace, name),
    inject: (fault) => faults.push({ ...fault, left: fault.times ?? 1 }),
    heal() {
      faults = [];
    },
    get watches() {
      return watches.size;
    },
    bookmark(version = cluster.version) {
      for (const open of watches) open.bookmark(version);
    },
    sendLine(line) {
      for (const open of watches) open.write(`${line}\n`);
    },
    endWatches() {
      for (const open of watches) open.end();
    },
    resetWatches() {
      for (const open of watches) open.reset();
    },
    silenceWatches() {
      for (const open of watches) open.silent = true;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

class OpenWatch {
  /** Set once it has caught up: from then on it is told of changes. */
  kind: string | undefined;
  namespace: string | undefined;
  silent = false;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #chunkBytes: () => number | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    chunkBytes: () => number | undefined,
    onClose: () => void,
  ) {
    this.#request = request;
    this.#response = response;
    this.#chunkBytes = chunkBytes;
    response.on('close', onClose);
  }

  pass(kind: string, { type, object }: FakeEvent): void {
    if (kind === this.kind && within(object, this.namespace)) this.send({ type, object });
  }

  bookmark(version: number, annotations?: Readonly<Record<string, string>>): void {
    const metadata = {
      resourceVersion: String(version),
      creationTimestamp: null,
      ...(annotations ? { annotations } : {}),
    };
    this.send({ type: 'BOOKMARK', object: { kind: 'Any', metadata } });
  }

  send(event: object): void {
    this.write(`${JSON.stringify(event)}\n`);
  }

  write(text: string): void {
    if (this.silent || this.#response.writableEnded) return;
    const bytes = Buffer.from(text);
    const size = this.#chunkBytes() ?? bytes.length;
    for (let at = 0; at < bytes.length; at += size) this.#response.write(bytes.subarray(at, at + size));
  }

  end(): void {
    this.#response.end();
  }

  reset(): void {
    this.#request.socket.resetAndDestroy();
  }
}

interface Target {
  readonly verb: NonNullable<Fault['verb']>;
  readonly path: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly query: Readonly<Record<string, string>>;
}

function parseTarget(request: IncomingMessage): Target {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const query = Object.fromEntries(url.searchParams);
  const match = /^\/(?:api|apis\/([^/]+))\/[^/]+(?:\/namespaces\/([^/]+)(?=\/[^/]+))?\/([^/]+)(?:\/([^/]+))?/.exec(
    url.pathname,
  );
  const [, group = '', namespace, plural = '', name] = match ?? [];
  const reading = query['watch'] === 'true' ? 'watch' : name === undefined ? 'list' : 'get';
  const writing = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const;
  const verb = request.method === 'GET' ? reading : writing[request.method as keyof typeof writing];
  return { verb, path: url.pathname, kind: `${group}/${plural}`, plural, namespace, name, query };
}

function fail(fault: FaultKind, request: IncomingMessage, response: ServerResponse): void {
  if ('hang' in fault) return;
  if ('reset' in fault) {
    request.socket.resetAndDestroy();
  } else if ('end' in fault) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end();
  } else if ('text' in fault) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(fault.text, () => {
      if (!fault.open) request.socket.resetAndDestroy();
    });
  } else {
    const { answer, reason = 'Test', headers = {}, body } = fault;
    sendJson(response, answer, body ?? statusOf(answer, reason, 'a fault of the test'), headers);
  }
}

function sendStatus(response: ServerResponse, code: number, reason: string, message: string): void {
  sendJson(response, code, statusOf(code, reason, message));
}

function sendJson(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function statusOf(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: code < 300 ? 'Success' : 'Failure', code, reason, message };
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function kindOf(resource: Resource): string {
  return `${resource.group}/${resource.plural}`;
}

function keyOf({ metadata }: FakeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function within({ metadata }: FakeObject, namespace: string | undefined): boolean {
  return namespace === undefined || metadata.namespace === namespace;
}
