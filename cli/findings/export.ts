// `findings export`: what an auditor or a SIEM gets: the record of each finding, with a digest.
import { createHash } from 'node:crypto';
import { auditRecord, digestedRecord, type AuditRecord } from '../../domain/findings/audit-record.ts';
import { isStanding, type StandingFinding } from '../../domain/findings/finding-object.ts';
import { ocsfFinding } from '../../domain/findings/ocsf.ts';
import { flagsHelp, valuesOf, type FlagTable } from '../flags/table.ts';
import { plainPaint } from '../output/paint.ts';
import type { Verb } from '../verb.ts';
import { auditMarkdown } from './audit-markdown.ts';
import { checkFilters, filterFlags, filterValues, findingFilter } from './filter.ts';
import { connectionFlags, helpFlag, scopeFlags } from './flags.ts';
import { findingRows, inOrder } from './rows.ts';
import { placeOf, reachOf, runSession, type Session } from './session.ts';
import type { StoredFinding } from './source.ts';

const exportFormats = ['json', 'md', 'csv', 'ocsf'] as const;
type ExportFormat = (typeof exportFormats)[number];

/** Of one command line; more are exported by filters. */
const mostNames = 1000;

const flags = {
  output: {
    short: 'o',
    placeholder: 'FORMAT',
    values: exportFormats,
    help: `${exportFormats.join(', ')}. Default: json. md: for people; csv: a line each; ocsf: a Detection Finding (class 2004) a line.`,
  },
  ...scopeFlags,
  ...filterFlags,
  'cluster-name': { placeholder: 'NAME', help: 'How the cluster is called in what is written.' },
  ...connectionFlags,
  ...helpFlag,
} as const satisfies FlagTable;

const help = `Writes the audit record of findings to standard output: what was found and when, whose it is, what was done and by whom, when it was
verified, and on what evidence. Findings that are named, or all that the filters leave, resolved ones too.

Usage:
  kubectl protection findings export [NAME...] [flags]

Examples:
  kubectl protection findings export shop/compiler-in-container-checkout-1a2b3c4d -o md > finding.md
  kubectl protection findings export -A --phase Resolved > resolved.json
  kubectl protection findings export -A -o ocsf | your-siem-client

Each record carries the SHA-256 of its RFC 8785 JSON without exportedAt and digest, so that anybody can check it:
  jq -cjS 'del(.exportedAt, .digest)' finding.json | sha256sum

Flags:
${flagsHelp(flags)}

Exit code: 0 where it was written, 2 where it could not be.
`;

export const exportVerb: Verb = {
  name: 'export',
  summary: 'Audit records as JSON or Markdown, lists as CSV, OCSF for a SIEM.',
  help,
  values: { ...filterValues, ...valuesOf(flags) },
  run: (args, io) =>
    runSession({ flags, positionals: mostNames, check: checkFilters }, args, io, async (session) => {
      const { given, now, write, note } = session;
      const found = await findings(session);
      const standing = found.filter(isStanding);
      if (standing.length < found.length)
        note(`${found.length - standing.length} left out, which the operator has not come to yet`);
      const format = exportFormats.find((each) => each === given.text('output')) ?? 'json';
      const isSingle = given.positionals.length === 1;
      write(written(standing, format, { now, cluster: given.text('cluster-name'), isSingle }));
      return 0;
    }),
};

const findings = async (session: Session): Promise<readonly StoredFinding[]> => {
  const { given, source, now } = session;
  const [namespace] = given.texts('namespace');
  if (given.positionals.length > 0) {
    const places = given.positionals.map((name) => placeOf(name, namespace ?? source.namespace));
    const named: StoredFinding[] = [];
    for (const place of places) named.push(await source.get(place));
    return named;
  }
  const reach = reachOf(session);
  const passes = findingFilter(given, now);
  return inOrder((await source.list(reach.namespace)).filter((each) => reach.includes(each) && passes(each)));
};

interface ExportOptions {
  readonly now: number;
  readonly cluster: string | undefined;
  /** One finding is one document, several are a list. */
  readonly isSingle: boolean;
}

function* written(
  found: readonly (StoredFinding & StandingFinding)[],
  format: ExportFormat,
  options: ExportOptions,
): Generator<string> {
  const { now, cluster, isSingle } = options;
  if (format === 'csv') {
    yield* findingRows(found, { format, paint: plainPaint, now, isOfSeveral: true });
    return;
  }
  if (format === 'ocsf') {
    for (const finding of found) yield `${JSON.stringify(ocsfFinding(finding, cluster))}\n`;
    return;
  }
  const exportedAt = new Date(now).toISOString();
  const records = found.map((finding) => signed(auditRecord(finding, { exportedAt, cluster })));
  if (format === 'md') {
    for (const record of records) yield auditMarkdown(record);
    return;
  }
  const [first] = records;
  const document =
    isSingle && first !== undefined
      ? first
      : {
          apiVersion: 'cli.workloadprotection.dev/v1alpha1',
          kind: 'FindingAuditRecordList',
          exportedAt,
          items: records,
        };
  yield `${JSON.stringify(document, undefined, 2)}\n`;
}

export interface SignedRecord extends AuditRecord {
  readonly digest: string;
}

export const signed = (record: AuditRecord): SignedRecord => ({
  ...record,
  digest: `sha256:${createHash('sha256').update(digestedRecord(record), 'utf8').digest('hex')}`,
});
