// `check`: would these manifests run unprotected? Before the cluster, by the core that the webhook asks.
import { parseCheckFlags, type CheckFlags } from './check-flags.ts';
import { checkHelp } from './check-help.ts';
import type { Raw } from '../facts/read.ts';
import { daemonSetOfValues } from './input/chart-values.ts';
import { readObjects, type FoundObject, type FoundObjects } from './input/documents.ts';
import { readPaths, type Problem, type SourceText } from './input/files.ts';
import { exitCodeOf } from './judge/exit-code.ts';
import { createJudge } from './judge/judge.ts';
import { judgeReach } from './judge/reach.ts';
import type { CheckReport, CheckResult } from './judge/result.ts';
import { sortObjects } from './judge/workloads.ts';
import { formatted } from './output/formats.ts';
import { plain } from './output/text.ts';
import { identityOf } from './output/words.ts';
import type { Io, Verb } from './verb.ts';
import { declaredIn, type Declared } from './world/declared.ts';
import { worldOfFiles } from './world/files.ts';
import { readCluster } from './world/live.ts';
import { untold } from './world/untold.ts';
import type { World } from './world/world.ts';

export const checkVerb: Verb = {
  name: 'check',
  summary: 'Whether manifests would run unprotected, before they reach a cluster.',
  help: checkHelp,
  run: async (args, io) => {
    const flags = parseCheckFlags(args);
    const report = await check(flags, io);
    const isBare = (io.env['NO_COLOR'] ?? '') === '' && io.stdout.isTTY === true;
    io.stdout.write(
      formatted(report, flags.output, { colour: flags.colour && isBare, failOn: flags.failOn, at: io.now() }),
    );
    for (const problem of report.problems) io.stderr.write(`${whereOf(problem)}: ${plain(problem.message)}\n`);
    return report.exitCode;
  },
};

export const check = async (flags: CheckFlags, io: Io): Promise<CheckReport> => {
  const cluster = isLive(flags) ? await readCluster({ ...flags, env: io.env, now: io.now() }) : undefined;
  const namespace = flags.namespace ?? cluster?.namespace ?? 'default';
  const manifests = await objectsOf(flags.files, io);
  const agents = await objectsOf(flags.agents, io, daemonSetOfValues);
  const policies = await objectsOf(flags.policies, io);
  const nodes = await objectsOf(flags.nodes, io);
  const declared = together(
    {
      ...declaredIn([...manifests.objects, ...agents.objects, ...policies.objects], namespace),
      nodes: [],
      saved: undefined,
    },
    declaredIn(nodes.objects, namespace),
  );
  const world = cluster?.world(declared) ?? worldOfFiles(declared);
  const { workloads, skipped } = sortObjects(manifests.objects, namespace);
  const judge = createJudge(world, io.now());
  const results = workloads.map(judge);
  // An agent alone: the question is where it will be.
  if (flags.files.length === 0) results.push(...judgeReach(declared.daemonSets, world, io.now()));
  const problems = [
    ...[manifests, agents, policies, nodes].flatMap((read) => read.problems),
    ...declared.problems,
    ...emptyHanded(flags, declared, results, nodes.objects),
  ];
  const found = {
    results: results.toSorted(byWeight),
    skipped: Object.fromEntries([...skipped].sort(([a], [b]) => (a < b ? -1 : 1))),
    problems: problems.map(writtenProblem),
  };
  return {
    apiVersion: 'cli.workloadprotection.dev/v1alpha1',
    kind: 'CheckReport',
    source: world.source,
    summary: summaryOf(results),
    exitCode: exitCodeOf(found, flags.failOn),
    ...found,
    notes: [...notesOf(world), ...results.flatMap(breakGlassNote)],
  };
};

/** Files alone where they say what to judge by, unless a cluster is named. */
const isLive = ({ offline, context, kubeconfig, policies, agents, nodes }: CheckFlags): boolean =>
  !offline &&
  (context !== undefined || kubeconfig !== undefined || policies.length + agents.length + nodes.length === 0);

interface Read {
  readonly objects: readonly FoundObject[];
  readonly problems: readonly Problem[];
}

/** `otherwise`: the object that a text stands for which holds none itself. */
const objectsOf = async (
  paths: readonly string[],
  io: Io,
  otherwise: (source: SourceText) => Raw | undefined = () => undefined,
): Promise<Read> => {
  const { texts, problems } = await readPaths(paths, io);
  const found = texts.map((source): FoundObjects => {
    const raw = otherwise(source);
    return raw === undefined ? readObjects(source) : { objects: [{ raw, file: source.file, line: 1 }], problems: [] };
  });
  return {
    objects: found.flatMap(({ objects }) => objects),
    problems: [...problems, ...found.flatMap((each) => each.problems)],
  };
};

const together = (manifests: Declared, { nodes, saved, problems }: Declared): Declared => ({
  ...manifests,
  nodes,
  saved,
  problems: [...manifests.problems, ...problems],
});

/** What was given and holds nothing of what it was given for. */
const emptyHanded = (
  { files, agents, nodes }: CheckFlags,
  declared: Declared,
  results: readonly CheckResult[],
  nodeObjects: readonly FoundObject[],
): readonly Problem[] => {
  const problems: Problem[] = [];
  if (nodes.length > 0 && declared.nodes.length === 0 && nodeObjects.length > 0) {
    problems.push({
      file: nodes[0],
      line: undefined,
      message:
        'no node is in it, and no pool (Karpenter NodePool, eksctl ClusterConfig): save nodes with kubectl get nodes -o yaml',
    });
  }
  if (files.length === 0 && agents.length > 0 && results.length === 0) {
    const message =
      declared.daemonSets.length === 0
        ? 'no DaemonSet of an agent is in it; of charts only the values of Falco and Tetragon are understood, in a file that is named after them: of others give what helm template makes'
        : 'none of its DaemonSets is recognised as an agent: describe yours in a ProtectionAgent and give it with --agents, too';
    problems.push({ file: agents[0], line: undefined, message });
  }
  return problems;
};

const notesOf = (world: World): readonly string[] =>
  world.isLive || world.reports !== undefined ? world.notes : [...world.notes, ...untold(world)];

const breakGlassNote = (result: CheckResult): readonly string[] =>
  result.breakGlass === undefined ? [] : [`${identityOf(result)}: its break-glass ${result.breakGlass}`];

const summaryOf = (results: readonly CheckResult[]): CheckReport['summary'] => {
  const count = (verdict: CheckResult['verdict']): number =>
    results.filter((result) => result.verdict === verdict).length;
  return {
    workloads: results.length,
    protected: count('Protected'),
    partly: count('Partly'),
    unprotected: count('Unprotected'),
    unknown: count('Unknown'),
    exempt: count('Exempt'),
    agents: count('Agent'),
  };
};

const verdictOrder = ['Unprotected', 'Unknown', 'Partly', 'Protected', 'Exempt', 'Agent'];

/** The worst first; otherwise as they were written. */
const byWeight = (a: CheckResult, b: CheckResult): number =>
  verdictOrder.indexOf(a.verdict) - verdictOrder.indexOf(b.verdict);

const writtenProblem = ({ file, line, message }: Problem): CheckReport['problems'][number] => ({
  ...(file === undefined ? {} : { file }),
  ...(line === undefined ? {} : { line }),
  message,
});

const whereOf = ({ file, line }: CheckReport['problems'][number]): string =>
  plain(`${file ?? 'standard input'}${line === undefined ? '' : `:${line}`}`);
