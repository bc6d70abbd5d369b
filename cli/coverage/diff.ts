// `coverage diff`: what is different between two moments; and after an incident, whether its gap is closed everywhere.
import { clusterReportName } from '../../crds/schema/coverage-report.ts';
import { diffStandings } from '../../domain/snapshot/diff.ts';
import { answerIncident, type Incident, type IncidentAnswer } from '../../domain/snapshot/incident.ts';
import { standingsIn } from '../../domain/snapshot/standing.ts';
import type { CoverageDocument } from '../export/document.ts';
import { diffWords, incidentWords } from '../export/diff-words.ts';
import { reachCluster, readMoment, type ClusterReach } from '../export/reach.ts';
import { repositoriesIn } from '../export/repositories.ts';
import { flagsHelp, parseFlags, type FlagTable } from '../flags/table.ts';
import { paintFor } from '../output/paint.ts';
import { UsageError, type Io, type Verb } from '../verb.ts';

const formats = ['table', 'json'] as const;

const flags = {
  incident: {
    placeholder: 'ASSET',
    help: 'What was exploited, as workload/NAMESPACE/KIND/NAME or node/NAME. Answers whether its gap is closed: there, on all workloads that share an image repository with it, and on all assets with the same reason and cause.',
  },
  output: { short: 'o', placeholder: 'FORMAT', values: formats, help: 'table, json. Default: table.' },
  context: { placeholder: 'NAME', help: 'Context of the kubeconfig. Default: the current one.' },
  kubeconfig: { placeholder: 'FILE', help: 'Kubeconfig. Default: as kubectl finds it.' },
  'no-color': { help: 'No colours. They are used on a terminal only, and not where NO_COLOR is set.' },
} as const satisfies FlagTable;

export const diffVerb: Verb = {
  name: 'diff',
  summary: 'What has changed between two reports, snapshots or files; and whether the gap of an incident is closed.',
  help: `Compares two moments asset by asset, with the reason that changed. Each is the name of a report or snapshot, or an exported file.

Usage: kubectl protection coverage diff BEFORE [AFTER] [flags]

AFTER is by default the report ${clusterReportName}, as it stands now.

Examples:
  kubectl protection coverage diff cluster-20261115t060000z cluster-20261122t060000z
  kubectl protection coverage diff before.json
  kubectl protection coverage diff cluster-20261122t060000z --incident workload/shop/Deployment/web

Flags:
${flagsHelp(flags)}

Exit code: 0; with --incident 0 where the gap is closed everywhere, or there was none, 1 where it is open; 2 where it cannot be told.
`,
  values: { '--output': formats },
  run: async (args, io) => {
    const given = parseFlags(flags, args, 2);
    const [before, after = clusterReportName] = given.positionals;
    if (before === undefined)
      throw new UsageError('say what to compare with: the name of a snapshot, or an exported file');
    if (before === '-' && after === '-') throw new UsageError('standard input (-) can be read once only');
    const incident = given.text('incident');
    const asset = incident === undefined ? undefined : assetOf(incident);
    const where = { context: given.text('context'), kubeconfig: given.text('kubeconfig') };
    let reach: ClusterReach | undefined;
    const cluster = async (): Promise<ClusterReach> => (reach ??= await reachCluster(where, io));
    try {
      const documents = [await readMoment(before, io, cluster), await readMoment(after, io, cluster)] as const;
      const isJson = given.text('output') === 'json';
      const paint = paintFor(io, !given.isSet('no-color'));
      const [then, now] = [standingsIn(documents[0].slices), standingsIn(documents[1].slices)];
      if (asset === undefined) {
        const diff = diffStandings(then, now);
        if (isJson) writeJson(io, 'CoverageDiff', documents, diff);
        else for (const words of diffWords(diff, paint)) io.stdout.write(words);
        return 0;
      }
      const answer = answerIncident(then, now, { ...asset, repositories: await repositories(asset, io, reach) });
      if (isJson) writeJson(io, 'IncidentAnswer', documents, { asset: incident, ...answer });
      else for (const words of incidentWords(answer, incident ?? '', paint)) io.stdout.write(words);
      return exitCodes[answer.verdict];
    } finally {
      await reach?.close();
    }
  },
};

const exitCodes: Readonly<Record<IncidentAnswer['verdict'], number>> = { Closed: 0, NoGap: 0, Open: 1, Unknown: 2 };

const assetOf = (written: string): Pick<Incident, 'kind' | 'name'> => {
  const node = /^node\/(?<name>[^/]+)$/.exec(written)?.groups?.['name'];
  if (node !== undefined) return { kind: 'node', name: node };
  const workload = /^workload\/(?<name>[^/]+\/[^/]+\/[^/]+)$/.exec(written)?.groups?.['name'];
  if (workload !== undefined) return { kind: 'workload', name: workload };
  throw new UsageError(
    `--incident: "${written}" must be workload/NAMESPACE/KIND/NAME, such as workload/shop/Deployment/web, or node/NAME`,
  );
};

/** Only a cluster knows images; of files alone what is alike is told by reason and cause. */
const repositories = async (
  { kind }: Pick<Incident, 'kind'>,
  io: Io,
  reach: ClusterReach | undefined,
): Promise<Incident['repositories']> => {
  if (kind === 'node') return new Map();
  if (reach === undefined) {
    io.stderr.write('two files say nothing of images: only assets with the same reason and cause are looked at\n');
    return new Map();
  }
  const { of, unread } = await repositoriesIn(reach.list);
  if (unread.length > 0) io.stderr.write(`you may not list ${unread.join(', ')}: their images are not compared\n`);
  return of;
};

const writeJson = (
  io: Io,
  kind: string,
  [before, after]: readonly [CoverageDocument, CoverageDocument],
  content: object,
): void => {
  const moment = ({ report, digest }: CoverageDocument): object => ({
    report: report.metadata.name,
    at: report.status.snapshot?.takenAt ?? report.status.evaluatedAt,
    digest,
  });
  const head = {
    apiVersion: 'cli.workloadprotection.dev/v1alpha1',
    kind,
    before: moment(before),
    after: moment(after),
  };
  io.stdout.write(`${JSON.stringify({ ...head, ...content }, null, 1)}\n`);
};
