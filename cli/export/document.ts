// The file that coverage is exported to: all that a report says, with the digest by which any copy can be checked, offline.
import type { CoverageReport, CoverageReportStatus } from '../../crds/schema/coverage-report.ts';
import type { CoverageSlice } from '../../crds/schema/coverage-slice.ts';
import { isObject, list, object, text } from '../../facts/read.ts';
import { snapshotDigest } from '../../facts/snapshot-digest.ts';

export interface CoverageDocument {
  readonly apiVersion: 'cli.workloadprotection.dev/v1alpha1';
  readonly kind: 'CoverageExport';
  readonly exportedAt: string;
  /** Over spec, status and slices of what stands below; that of the snapshot, where it is one. */
  readonly digest: string;
  readonly report: CoverageReport & { readonly status: CoverageReportStatus };
  /** In order of their names. */
  readonly slices: readonly CoverageSlice[];
}

/** What is left of objects outside of their cluster: nothing that the digest does not hold, but for when and where they were made. */
export const documentOf = (report: CoverageReport, slices: readonly CoverageSlice[], now: number): CoverageDocument => {
  const { apiVersion, kind, metadata, spec, status } = report;
  if (status?.counts === undefined) {
    throw new Error(`CoverageReport ${metadata.name} has not been evaluated yet: there is nothing to export`);
  }
  return {
    apiVersion: 'cli.workloadprotection.dev/v1alpha1',
    kind: 'CoverageExport',
    exportedAt: new Date(now).toISOString(),
    digest: snapshotDigest(report, slices),
    report: {
      apiVersion,
      kind,
      metadata: {
        name: metadata.name,
        ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
        ...(metadata.creationTimestamp === undefined ? {} : { creationTimestamp: metadata.creationTimestamp }),
      },
      spec,
      status,
    },
    slices: slices
      .map(({ metadata: { name }, ...slice }) => ({ ...slice, metadata: { name } }))
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)),
  };
};

/** By this the evidence stands in a page of HTML. */
export const evidenceId = 'evidence';
const evidence = new RegExp(`<script type="application/json" id="${evidenceId}">([^<]*)</script>`);

/** Reads an export, as JSON or inside a page. Throws where it is none. */
export const parseDocument = (written: string): CoverageDocument => {
  const found = written.trimStart().startsWith('<') ? evidence.exec(written)?.[1] : written;
  if (found === undefined) throw new Error('this page holds no evidence: it was not made by coverage export -o html');
  let raw: unknown;
  try {
    raw = JSON.parse(found);
  } catch (error) {
    throw new Error('this is no JSON', { cause: error });
  }
  const document = object(raw);
  const report = object(document['report']);
  const isExport =
    document['kind'] === 'CoverageExport' &&
    isObject(report['status']) &&
    text(object(report['metadata'])['name']) !== '' &&
    Array.isArray(document['slices']) &&
    list(document['slices']).every((slice) => text(object(object(slice)['metadata'])['name']) !== '');
  if (!isExport)
    throw new Error('this is no export of coverage: make one with kubectl protection coverage export -o json');
  return raw as CoverageDocument;
};

export interface Check {
  readonly digest: string;
  /** What is wrong; empty where the file is what it was. */
  readonly troubles: readonly string[];
}

/** `expected`: a digest from elsewhere, such as the Event or the log of the operator. */
export const checkDocument = (document: CoverageDocument, expected: string | undefined): Check => {
  const { report, slices } = document;
  const digest = computed(document);
  const troubles: string[] = [];
  if (digest === undefined) return { digest: '', troubles: ['its content is nothing that a digest can be taken of'] };
  if (digest !== document.digest)
    troubles.push(`the content has the digest ${digest}, the file says ${document.digest}`);
  const own = report.status.snapshot?.digest;
  if (own !== undefined && own !== digest) troubles.push(`the snapshot says that its digest is ${own}`);
  if (expected !== undefined && expected !== digest) troubles.push(`${digest} is not the expected ${expected}`);
  if (report.status.slices !== undefined && report.status.slices !== slices.length) {
    troubles.push(`the report has ${report.status.slices} slices, the file holds ${slices.length}`);
  }
  return { digest, troubles };
};

const computed = ({ report, slices }: CoverageDocument): string | undefined => {
  try {
    return snapshotDigest(report, slices);
  } catch {
    return undefined;
  }
};
