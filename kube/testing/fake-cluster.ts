// What an API server remembers: objects, a counter of versions, and the recent history of each kind.

export interface FakeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly resourceVersion?: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface FakeEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly version: number;
  readonly object: FakeObject;
}

/** Kinds by `group/plural`, as `/pods` or `apps/daemonsets`. */
export class FakeCluster {
  #version = 1000;
  #compactedBelow = 0;
  readonly #objects = new Map<string, Map<string, FakeObject>>();
  readonly #history = new Map<string, FakeEvent[]>();
  readonly #listeners = new Set<(kind: string, event: FakeEvent) => void>();

  get version(): number {
    return this.#version;
  }

  list(kind: string): readonly FakeObject[] {
    const entries = [...(this.#objects.get(kind) ?? [])];
    return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  get(kind: string, namespace: string, name: string): FakeObject | undefined {
    return this.#objects.get(kind)?.get(`${namespace}/${name}`);
  }

  put(kind: string, object: FakeObject): FakeObject {
    const { namespace = '', name } = object.metadata;
    const before = this.get(kind, namespace, name);
    this.#version += 1;
    const metadata = {
      ...object.metadata,
      uid: before?.metadata.uid ?? `uid-${this.#version}`,
      resourceVersion: String(this.#version),
    };
    const stored = { ...object, metadata };
    let objects = this.#objects.get(kind);
    if (!objects) {
      objects = new Map();
      this.#objects.set(kind, objects);
    }
    objects.set(`${namespace}/${name}`, stored);
    this.#tell(kind, { type: before ? 'MODIFIED' : 'ADDED', version: this.#version, object: stored });
    return stored;
  }

  remove(kind: string, namespace: string, name: string): boolean {
    const before = this.get(kind, namespace, name);
    if (!before) return false;
    this.#objects.get(kind)?.delete(`${namespace}/${name}`);
    this.#version += 1;
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(this.#version) } };
    this.#tell(kind, { type: 'DELETED', version: this.#version, object });
    return true;
  }

  /** As etcd does every few minutes: nobody can go on from an older version. */
  compact(): void {
    this.#version += 1;
    this.#compactedBelow = this.#version;
    this.#history.clear();
  }

  /** As if the cluster was restored from a backup: versions start lower than clients have seen. */
  restoreAt(version: number): void {
    this.#version = version;
    this.#compactedBelow = 0;
    this.#history.clear();
  }

  /** What happened after a version; undefined where that is no longer known (410). */
  since(kind: string, version: number): readonly FakeEvent[] | undefined {
    if (version < this.#compactedBelow) return undefined;
    return (this.#history.get(kind) ?? []).filter((event) => event.version > version);
  }

  listen(listener: (kind: string, event: FakeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(kind: string, event: FakeEvent): void {
    const history = this.#history.get(kind) ?? [];
    history.push(event);
    this.#history.set(kind, history);
    for (const listener of this.#listeners) listener(kind, event);
  }
}
