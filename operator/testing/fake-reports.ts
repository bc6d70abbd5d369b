// An API server for our own reports and slices: it keeps what is written with the defaults of the schema, and refuses what the CRDs refuse.
import { isDeepStrictEqual } from 'node:util';
import { coverageReportSchema } from '../../crds/schema/coverage-report.ts';
import { coverageSliceSchema } from '../../crds/schema/coverage-slice.ts';
import type { SliceObject } from '../../domain/snapshot/content.ts';
import type { Applied, Writer, Written } from '../../kube/apply.ts';
import { KubeError } from '../../kube/errors.ts';
import { resources, type Resource } from '../../kube/resource.ts';
import type { OurObjects, RawObject } from '../watches.ts';

export interface FakeReports {
  readonly writer: Writer;
  readonly report: (name: string) => StoredReport;
  readonly slices: (report: string) => readonly SliceObject[];
  readonly names: () => readonly string[];
  /** As somebody else makes it. */
  readonly put: (object: object) => void;
  /** The watch brings everything that was written. */
  readonly sync: (ours: OurObjects) => void;
  /** The write after so many more fails, once. */
  readonly failAfter: (writes: number) => void;
}

export interface StoredReport extends RawObject {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>> & {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
    readonly snapshot?: { readonly digest: string };
  };
}

const schemas = { CoverageReport: coverageReportSchema, CoverageSlice: coverageSliceSchema } as const;

export const createFakeReports = (): FakeReports => {
  const kinds = { CoverageReport: new Map<string, StoredReport>(), CoverageSlice: new Map<string, StoredReport>() };
  let version = 0;
  let failure = Number.POSITIVE_INFINITY;
  const of = ({ kind }: Resource): Map<string, StoredReport> => kinds[kind as keyof typeof kinds];
  const refuse = (code: number, reason: string): never => {
    throw new KubeError({ code, reason, message: reason, request: 'test' });
  };
  const count = (): void => {
    if (failure-- !== 0) return;
    failure = Number.POSITIVE_INFINITY;
    throw new Error('the operator is killed');
  };
  const keep = (kind: keyof typeof kinds, object: object, uid?: string): StoredReport => {
    version += 1;
    const parsed = schemas[kind].parse({
      ...object,
      apiVersion: undefined,
      kind: undefined,
    }) as unknown as StoredReport;
    const metadata = {
      generation: 1,
      ...parsed.metadata,
      uid: uid ?? `uid-${version}`,
      resourceVersion: String(version),
    };
    const stored = { ...parsed, metadata };
    kinds[kind].set(metadata.name, stored);
    return stored;
  };
  const found = (resource: Resource, name: string): StoredReport => of(resource).get(name) ?? refuse(404, 'NotFound');
  const never = (): never => {
    throw new Error('nobody writes reports like this');
  };
  const applyStatus = (resource: Resource, { metadata, status }: Applied): Promise<Written> => {
    count();
    const before = found(resource, metadata.name);
    const isOther =
      (metadata.uid !== undefined && metadata.uid !== before.metadata.uid) ||
      (metadata.resourceVersion !== undefined && metadata.resourceVersion !== before.metadata.resourceVersion);
    if (isOther) refuse(409, 'Conflict');
    const next = { ...before, status };
    if (before.status?.snapshot !== undefined && !isDeepStrictEqual(before.status, status)) refuse(422, 'Invalid');
    return Promise.resolve(keep('CoverageReport', next, before.metadata.uid) as unknown as Written);
  };
  return {
    writer: {
      applyStatus: async (resource, object) => applyStatus(resource, object),
      create: async <T>(resource: Resource, object: Applied) => {
        count();
        if (of(resource).has(object.metadata.name)) refuse(409, 'AlreadyExists');
        return keep(resource.kind as keyof typeof kinds, object) as unknown as T;
      },
      get: async <T>(resource: Resource, { name }: { readonly name: string }) => found(resource, name) as unknown as T,
      delete: async (resource, { name }) => {
        count();
        of(resource).delete(name);
        if (resource.kind !== resources.coverageReports.kind) return;
        for (const [slice, { spec }] of kinds.CoverageSlice)
          if (spec['report'] === name) kinds.CoverageSlice.delete(slice);
      },
      apply: never,
      jsonPatch: never,
      mergePatch: never,
      replace: never,
    },
    report: (name) => found(resources.coverageReports, name),
    slices: (report) =>
      [...kinds.CoverageSlice.values()].filter(({ spec }) => spec['report'] === report) as unknown as SliceObject[],
    names: () => [...kinds.CoverageReport.keys()].toSorted(),
    put: (object) => void keep('CoverageReport', object),
    sync: (ours) => {
      const held = Array.from(ours.reports.list());
      for (const { metadata } of held) {
        if (!kinds.CoverageReport.has(metadata.name)) ours.reports.remove('', metadata.name);
      }
      for (const object of kinds.CoverageReport.values()) ours.reports.upsert(object);
    },
    failAfter: (writes) => {
      failure = writes;
    },
  };
};
