// `coverage export`: what a report says, as a file that leaves the cluster.
import { flagsHelp, parseFlags, type FlagTable } from '../flags/table.ts';
import { csvExport } from '../export/csv.ts';
import type { CoverageDocument } from '../export/document.ts';
import { frameworkNames, type FrameworkName } from '../export/frameworks.ts';
import { htmlExport } from '../export/html.ts';
import { ocsfExport } from '../export/ocsf.ts';
import { reachCluster, readMoment, type ClusterReach } from '../export/reach.ts';
import { clusterReportName } from '../../crds/schema/coverage-report.ts';
import type { Io, Verb } from '../verb.ts';

export const exportFormats = ['json', 'csv', 'html', 'ocsf'] as const;
type ExportFormat = (typeof exportFormats)[number];

const flags = {
  output: {
    short: 'o',
    placeholder: 'FORMAT',
    values: exportFormats,
    help: 'json (the evidence, for coverage verify and coverage import), csv (one line for each asset), html (one page for auditors, with the evidence in it), ocsf (Compliance Findings, one line each). Default: json.',
  },
  framework: {
    placeholder: 'NAME',
    values: frameworkNames,
    help: `Names the controls of ${frameworkNames.join(', ')} in html and ocsf. Left out, html names those of all.`,
  },
  context: { placeholder: 'NAME', help: 'Context of the kubeconfig. Default: the current one.' },
  kubeconfig: { placeholder: 'FILE', help: 'Kubeconfig. Default: as kubectl finds it.' },
} as const satisfies FlagTable;

export const exportVerb: Verb = {
  name: 'export',
  summary: 'A report or snapshot as JSON, CSV, HTML for auditors, or OCSF.',
  help: `Writes what a report says, with every asset, to standard output. A snapshot makes better evidence than a report that goes on changing.

Usage: kubectl protection coverage export [REPORT|FILE] [flags]

Examples:
  kubectl protection coverage export cluster-20261122t060000z > coverage.json
  kubectl protection coverage export cluster-20261122t060000z -o html --framework pci-dss > coverage.html
  kubectl protection coverage export coverage.json -o csv

Flags:
${flagsHelp(flags)}

Exit code: 0 where it was written, 2 where it could not be.
`,
  values: { '--output': exportFormats, '--framework': frameworkNames },
  run: async (args, io) => {
    const given = parseFlags(flags, args, 1);
    const document = await documentFor(given.positionals[0] ?? clusterReportName, io, {
      context: given.text('context'),
      kubeconfig: given.text('kubeconfig'),
    });
    const framework = frameworkNames.find((name) => name === given.text('framework'));
    const format = exportFormats.find((name) => name === given.text('output')) ?? 'json';
    io.stdout.write(written(document, format, framework));
    io.stderr.write(`${document.digest}\n`);
    return 0;
  },
};

const documentFor = async (
  name: string,
  io: Io,
  where: Parameters<typeof reachCluster>[0],
): Promise<CoverageDocument> => {
  let reach: ClusterReach | undefined;
  try {
    return await readMoment(name, io, async () => (reach ??= await reachCluster(where, io)));
  } finally {
    await reach?.close();
  }
};

export const written = (
  document: CoverageDocument,
  format: ExportFormat,
  framework: FrameworkName | undefined,
): string => {
  switch (format) {
    case 'json':
      return `${JSON.stringify(document, null, 1)}\n`;
    case 'csv':
      return csvExport(document);
    case 'html':
      return htmlExport(document, framework);
    case 'ocsf':
      return ocsfExport(document, framework);
  }
};
