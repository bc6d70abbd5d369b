// Findings as a list, in every format; those that want to be looked at first come first.
import { dump } from 'js-yaml';
import { ranks } from '../../crds/schema/vocabulary.ts';
import { isOverdue, teamOf, type FindingObject } from '../../domain/findings/finding-object.ts';
import { listed, type Column } from '../coverage/listing.ts';
import { compareText } from '../coverage/asset.ts';
import type { Format } from '../coverage/flags.ts';
import type { Paint } from '../output/paint.ts';
import type { StoredFinding } from './source.ts';
import { clearing, colourOf, dueOf, when } from './words.ts';

export interface RowsOptions {
  readonly format: Format;
  readonly paint: Paint;
  readonly now: number;
  /** Whether the namespace is worth a column. */
  readonly isOfSeveral: boolean;
}

export function* findingRows(findings: readonly StoredFinding[], options: RowsOptions): Generator<string> {
  const { format, paint, now, isOfSeveral } = options;
  switch (format) {
    case 'name':
      for (const { metadata } of findings) yield `${metadata.namespace ?? ''}/${metadata.name}\n`;
      break;
    case 'json':
      yield `${JSON.stringify(asList(findings), undefined, 2)}\n`;
      break;
    case 'yaml':
      yield dump(asList(findings), { noRefs: true, lineWidth: -1, skipInvalid: true });
      break;
    case 'csv':
      yield* listed({ kind: 'FindingList', rows: findings, columns: csvColumns(now) }, format, paint);
      break;
    case 'table':
    case 'wide':
      yield* listed(
        {
          kind: 'FindingList',
          rows: findings,
          columns: tableColumns(now, isOfSeveral),
          stateOf: colourOf,
        },
        format,
        paint,
      );
  }
}

/** As kubectl has it, so that whatever reads that reads this. */
const asList = (items: readonly StoredFinding[]) => ({ apiVersion: 'v1', kind: 'List', items });

const tableColumns = (now: number, isOfSeveral: boolean): readonly Column<StoredFinding>[] => [
  ...(isOfSeveral ? [{ title: 'NAMESPACE', cell: ({ metadata }: StoredFinding) => metadata.namespace ?? '' }] : []),
  { title: 'NAME', cell: ({ metadata }) => metadata.name },
  { title: 'SEVERITY', cell: ({ status }) => status?.severity ?? '' },
  { title: 'BEHAVIOUR', cell: ({ status }) => status?.behaviour ?? '' },
  { title: 'SUBJECT', cell: ({ status }) => status?.subject.reference ?? '' },
  { title: 'CONTAINER', cell: ({ status }) => status?.subject.container ?? '', wide: true },
  { title: 'PHASE', cell: ({ status }) => status?.phase ?? 'not yet seen' },
  { title: 'CASE', cell: ({ spec }) => spec.case.phase },
  { title: 'OWNER', cell: ({ spec }) => spec.case.owner ?? '' },
  { title: 'TEAM', cell: (finding) => teamOf(finding) ?? '', wide: true },
  { title: 'DUE', cell: (finding) => dueOf(finding, now), wide: true },
  { title: 'COUNT', cell: ({ status }) => status?.count ?? 0 },
  { title: 'PODS', cell: ({ status }) => status?.subject.podsSeen ?? 0, wide: true },
  { title: 'LAST SEEN', cell: ({ status }) => when(status?.lastSeen, now) },
  { title: 'CLEARS', cell: ({ status }) => (status === undefined ? '' : clearing(status, now)) },
  { title: 'AGENTS', cell: ({ status }) => (status?.agents ?? []).join(','), wide: true },
  { title: 'RULES', cell: ({ status }) => (status?.rules ?? []).join(','), wide: true },
];

const csvColumns = (now: number): readonly Column<StoredFinding>[] => {
  const ofCase = (title: string, field: 'owner' | 'dueDate' | 'remediation'): Column<StoredFinding> => ({
    title,
    cell: ({ spec }) => spec.case[field] ?? '',
  });
  return [
    { title: 'namespace', cell: ({ metadata }) => metadata.namespace ?? '' },
    { title: 'name', cell: ({ metadata }) => metadata.name },
    { title: 'severity', cell: ({ status }) => status?.severity ?? '' },
    { title: 'behaviour', cell: ({ status }) => status?.behaviour ?? '' },
    { title: 'kind', cell: ({ status }) => status?.subject.kind ?? '' },
    { title: 'subject', cell: ({ status }) => status?.subject.name ?? '' },
    { title: 'container', cell: ({ status }) => status?.subject.container ?? '' },
    { title: 'image', cell: ({ status }) => status?.subject.image ?? '' },
    { title: 'phase', cell: ({ status }) => status?.phase ?? '' },
    { title: 'resolution', cell: ({ status }) => status?.resolution ?? '' },
    { title: 'case', cell: ({ spec }) => spec.case.phase },
    ofCase('owner', 'owner'),
    { title: 'team', cell: (finding) => teamOf(finding) ?? '' },
    ofCase('due', 'dueDate'),
    { title: 'overdue', cell: (finding) => String(isOverdue(finding, now)) },
    ofCase('remediation', 'remediation'),
    { title: 'count', cell: ({ status }) => status?.count ?? 0 },
    { title: 'pods', cell: ({ status }) => status?.subject.podsSeen ?? 0 },
    { title: 'first seen', cell: ({ status }) => status?.firstSeen ?? '' },
    { title: 'last seen', cell: ({ status }) => status?.lastSeen ?? '' },
    { title: 'fixed at', cell: ({ status }) => status?.fixedAt ?? '' },
    { title: 'resolved at', cell: ({ status }) => status?.resolvedAt ?? '' },
    { title: 'reopened', cell: ({ status }) => status?.reopened ?? 0 },
    { title: 'clears at', cell: ({ status }) => status?.quiet?.clearsAt ?? '' },
    { title: 'stands still', cell: ({ status }) => status?.quiet?.suspendedReason ?? '' },
    { title: 'agents', cell: ({ status }) => (status?.agents ?? []).join(';') },
    { title: 'rules', cell: ({ status }) => (status?.rules ?? []).join(';') },
    { title: 'techniques', cell: ({ status }) => (status?.mitre?.techniques ?? []).join(';') },
  ];
};

/** What nobody has solved yet before the rest, the worst first, and of these what happened last. */
export const inOrder = (findings: readonly StoredFinding[]): readonly StoredFinding[] =>
  findings.toSorted(
    (a, b) =>
      settled(a) - settled(b) ||
      severityOf(b) - severityOf(a) ||
      compareText(b.status?.lastSeen ?? '', a.status?.lastSeen ?? '') ||
      compareText(a.metadata.namespace ?? '', b.metadata.namespace ?? '') ||
      compareText(a.metadata.name, b.metadata.name),
  );

const settled = ({ status }: FindingObject): number =>
  status?.phase === 'Resolved' ? 2 : status?.phase === 'RiskAccepted' ? 1 : 0;

export const severityOf = ({ status }: FindingObject): number =>
  status === undefined ? -1 : ranks.indexOf(status.severity);
