// What the operator has said of nodes, saved beside them: CoverageSlices as kubectl writes them, of the live report or of a snapshot.
import { createNodeSliceProjection } from '../../facts/node-slice.ts';
import { object, text, textOrNone } from '../../facts/read.ts';
import { clusterReport } from '../../facts/report-freshness.ts';
import type { NodeReport } from '../../domain/placement/reported-presence.ts';

export interface Saved {
  /** Of which report. */
  readonly report: string;
  /** When it was last found true, as it is written there. */
  readonly evaluatedAt: string | undefined;
  readonly nodes: ReadonlyMap<string, NodeReport>;
}

/** Undefined where no slice tells of nodes. Of several reports the live one counts, else the first by name. */
export const savedIn = (slices: readonly unknown[], reports: readonly unknown[]): Saved | undefined => {
  const ofNodes = slices.filter((raw) => specOf(raw)['assets'] === 'Nodes');
  const names = [...new Set(ofNodes.map((raw) => text(specOf(raw)['report'])))].toSorted();
  const report = names.includes(clusterReport) ? clusterReport : names[0];
  if (report === undefined) return undefined;
  const nodes = reportsIn(
    // A snapshot is as good as what it is a snapshot of.
    ofNodes.map((raw) => ({ ...object(raw), spec: { ...specOf(raw), frozen: undefined } })),
    report,
  );
  const written = reports.find((raw) => text(object(object(raw)['metadata'])['name']) === report);
  return { report, evaluatedAt: textOrNone(object(object(written)['status'])['evaluatedAt']), nodes };
};

export const reportsIn = (slices: readonly unknown[], report: string): ReadonlyMap<string, NodeReport> => {
  const project = createNodeSliceProjection(report);
  const reports = new Map<string, NodeReport>();
  for (const raw of slices) {
    for (const { report: said, nodes } of project(raw)?.profiles ?? [])
      for (const node of nodes) reports.set(node, said);
  }
  return reports;
};

const specOf = (raw: unknown): Readonly<Record<string, unknown>> => object(object(raw)['spec']);
