// Findings as an API server keeps them, with writes that are slow, fail, are refused, or land though nobody hears so. What a leader has sent
// may land after its death, and after the next one has read what stands.
import type { FindingStatus } from '../../../crds/schema/finding.ts';
import type { Applied, ObjectName, Written } from '../../../kube/apply.ts';
import { sleep, type Clock, type Random } from '../../../kube/clock.ts';
import { KubeError } from '../../../kube/errors.ts';
import type { Resource } from '../../../kube/resource.ts';
import type { FindingKeeperOptions } from '../../findings/keep.ts';
import type { createStatusWriter } from '../../status.ts';
import type { RawObject } from '../../watches.ts';
import type { VirtualProcess } from './virtual-time.ts';

export type StoredFinding = RawObject & { readonly status?: FindingStatus };

export type ApiMood = 'well' | 'failing' | 'refusing' | 'deaf';

export interface FakeFindings {
  readonly all: () => readonly StoredFinding[];
  /** Of a workload, or of all. `deaf`: it writes, and its answers are lost. */
  setMood(mood: ApiMood, workload?: string): void;
  writerOf(process: VirtualProcess): LeaderWriter;
  subscribe(listener: (object: StoredFinding) => void): () => void;
}

type LeaderWriter = FindingKeeperOptions['writer'] & Parameters<typeof createStatusWriter>[0];

const mostMs = 60;

export const createFakeFindings = (clock: Clock, random: Random): FakeFindings => {
  const objects = new Map<string, StoredFinding>();
  const listeners = new Set<(object: StoredFinding) => void>();
  let version = 0;
  let everywhere: ApiMood = 'well';
  const moods = new Map<string, ApiMood>();

  const moodOf = (name: string): ApiMood =>
    [...moods].find(([workload]) => name.includes(`-${workload}-`))?.[1] ?? everywhere;

  const store = (
    key: string,
    change: (before: StoredFinding | undefined) => StoredFinding,
  ): StoredFinding & Written => {
    const before = objects.get(key);
    const changed = change(before);
    const object = {
      ...changed,
      metadata: { ...changed.metadata, uid: before?.metadata.uid ?? `uid-${key}`, resourceVersion: String(++version) },
    };
    objects.set(key, object);
    for (const listener of listeners) listener(object);
    return object;
  };

  const writerOf = (process: VirtualProcess): LeaderWriter => {
    const write = async (object: Applied, change: (before: StoredFinding | undefined) => StoredFinding) => {
      const { namespace = '', name, resourceVersion } = object.metadata;
      const key = `${namespace}/${name}`;
      // The way there does not end with the process.
      await sleep(clock, random() * mostMs);
      const mood = moodOf(name);
      const stored = objects.get(key)?.metadata.resourceVersion;
      const isLate = resourceVersion !== undefined && resourceVersion !== stored;
      const error = isLate
        ? failure(409, 'Conflict')
        : mood === 'failing'
          ? failure(500, 'InternalError')
          : mood === 'refusing'
            ? failure(422, 'Invalid')
            : undefined;
      const written = error === undefined ? store(key, change) : undefined;
      await sleep(process.clock, random() * mostMs);
      if (error !== undefined) throw error;
      if (mood === 'deaf' || written === undefined) throw failure(0, 'ECONNRESET');
      return written;
    };
    const never = (): never => {
      throw new Error('findings are not written like this');
    };
    return {
      apply: (_: Resource, object: Applied) =>
        write(
          object,
          (before) => ({ spec: { case: { phase: 'New' } }, ...plain(object), ...statusOf(before) }) as never,
        ),
      applyStatus: (_: Resource, object: Applied) =>
        write(object, (before) => {
          if (before === undefined) throw failure(404, 'NotFound');
          const { status } = plain(object) as unknown as { readonly status: FindingStatus };
          return { ...before, status: { ...status, journal: sorted(status.journal) } };
        }),
      delete: never,
      create: never,
      jsonPatch: never,
      mergePatch: never,
      replace: never,
      get: async <T>(_: Resource, { namespace = '', name }: ObjectName) => {
        await sleep(process.clock, random() * mostMs);
        const object = objects.get(`${namespace}/${name}`);
        if (object === undefined) throw failure(404, 'NotFound');
        return object as T;
      },
    };
  };

  return {
    all: () => [...objects.values()],
    setMood(mood, workload) {
      if (workload !== undefined) moods.set(workload, mood);
      else {
        moods.clear();
        everywhere = mood;
      }
    },
    writerOf,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};

const failure = (code: number, reason: string): KubeError =>
  new KubeError({ code, reason, message: 'as the test wants it', request: 'PATCH finding' });

const statusOf = (before: StoredFinding | undefined): object =>
  before?.status === undefined ? {} : { status: before.status };

const plain = (object: Applied): Applied => JSON.parse(JSON.stringify(object)) as Applied;

/** A map of the API server's has no order but that of its keys. */
const sorted = (journal: FindingStatus['journal'] = {}): FindingStatus['journal'] =>
  Object.fromEntries(Object.entries(journal).toSorted(([a], [b]) => (a < b ? -1 : 1)));
