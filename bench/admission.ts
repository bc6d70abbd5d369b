// Admission over HTTPS as API servers use it, on one core: the webhook with the whole decision, beside a server of the same stack that
// decides nothing; and the decision alone, in process.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { answerPlacement } from '../domain/placement/answer.ts';
import { placementQuestion } from '../facts/placement-question.ts';
import type { LoadResult } from './admission-load.ts';
import { admissionPicture, policyCount, reviews, worldNow } from './admission-world.ts';
import { percentile, type Figure } from './figures.ts';
import { cpuSecondsOf, memoryOf } from './process-memory.ts';

/** Of connections that always have a request out. */
const concurrencies = [1, 16, 64, 50, 200, 500] as const;
/** In turns, and the best of each counts: a neighbour on the machine hits one or the other. */
const rounds = 3;
const secondsEach = 2;
const budgetRate = 500;
const budgetMs = 5;
/** Of what the stack can do without deciding anything. */
const aimedShare = 0.6;
const decisions = 3000;
/** Not counted: the engine compiles what it has seen some hundred times. */
const warmUp = 500;
/** Of a template that is seen for the first time, in process. */
const decisionMs = 1;

export const benchAdmission = async (
  { nodes }: { readonly nodes: number },
  log: (line: string) => void,
): Promise<readonly Figure[]> => {
  const figures = [...inProcess(nodes)];
  const deciding = await startServer('decide', nodes);
  const allowing = await startServer('allow', nodes);
  try {
    const atBudget = await bestOf(() => load(deciding, 50, budgetRate));
    log(`at ${budgetRate} a second: ${words(atBudget)}`);
    figures.push({
      what: `admission at ${budgetRate} requests a second over 50 connections`,
      measured: words(atBudget),
      budget: `p99 ${budgetMs} ms`,
      holds: atBudget.p99 < budgetMs && atBudget.failed === 0,
    });
    for (const connections of concurrencies) {
      const [limit, ours] = await inTurns(
        () => load(allowing, connections),
        () => load(deciding, connections),
      );
      // By CPU, since the server has one core: a neighbour on the machine takes time from it, and not CPU.
      const share = limit.cpuMs / ours.cpuMs;
      log(`${connections} connections: ${words(ours)}; limit of the stack: ${words(limit)}`);
      figures.push({
        what: `admission, ${connections} connections`,
        measured: `${words(ours)}; the limit: ${words(limit)}; share of it by CPU ${percent(share)}, by requests ${percent(ours.perSecond / limit.perSecond)}`,
        budget: `${aimedShare * 100} % of the limit`,
        holds: share >= aimedShare && ours.failed === 0,
      });
    }
    const { resident, peak } = memoryOf(deciding.pid);
    figures.push({
      what: `memory of the admission server with ${nodes} nodes, resident / peak`,
      measured: `${resident} / ${peak} MiB`,
      budget: '',
      holds: undefined,
    });
  } finally {
    await Promise.all([deciding, allowing].map(stop));
  }
  return figures;
};

const inTurns = async (
  one: () => Promise<Measured>,
  other: () => Promise<Measured>,
): Promise<readonly [Measured, Measured]> => {
  let [best, bestOther] = [await one(), await other()];
  for (let round = 1; round < rounds; round++)
    [best, bestOther] = [better(best, await one()), better(bestOther, await other())];
  return [best, bestOther];
};

const bestOf = async (measure: () => Promise<Measured>): Promise<Measured> => {
  let best = await measure();
  for (let round = 1; round < rounds; round++) best = better(best, await measure());
  return best;
};

/** The best of each: what it can do, when it is let. */
const better = (a: Measured, b: Measured): Measured => ({
  ...(b.p99 < a.p99 ? b : a),
  perSecond: Math.max(a.perSecond, b.perSecond),
  cpuMs: Math.min(a.cpuMs, b.cpuMs),
  failed: a.failed + b.failed,
});

/** Nothing remembered: each question is asked of the classes anew. */
const inProcess = (nodes: number): readonly Figure[] => {
  const picture = admissionPicture(nodes, worldNow);
  const questions = reviews(decisions).map((body) => {
    const { request } = JSON.parse(body) as {
      readonly request: { readonly namespace: string; readonly object: object };
    };
    return placementQuestion(
      { kind: 'Pod', namespace: request.namespace, pod: { ...request.object }, owner: undefined },
      { namespaceLabels: (name) => ({ 'kubernetes.io/metadata.name': name }), runtimeClass: () => undefined },
    );
  });
  const times = questions.map((question) => cpuOf(() => answerPlacement(question, picture, worldNow)));
  const [first = Number.NaN] = times;
  const warm = times.slice(warmUp);
  return [
    {
      what: `the first decision of a process, ${nodes} nodes, ${policyCount} policies`,
      measured: `${first.toFixed(2)} ms of CPU`,
      budget: '',
      holds: undefined,
    },
    {
      what: 'a whole decision of a template never seen before (p50 / p99)',
      measured: `${percentile(warm, 0.5).toFixed(3)} / ${percentile(warm, 0.99).toFixed(3)} ms of CPU`,
      budget: `${decisionMs} ms`,
      holds: percentile(warm, 0.99) < decisionMs,
    },
  ];
};

const cpuOf = (work: () => unknown): number => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

interface Server {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
  readonly ca: string;
}

const startServer = async (kind: 'decide' | 'allow', nodes: number): Promise<Server> => {
  const child = start(0, 'admission-server.ts', [kind, String(nodes)], 'pipe');
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  const ready = await Promise.race([
    once(lines, 'line').then(([line]) => JSON.parse(String(line)) as { readonly port: number; readonly ca: string }),
    once(child, 'exit').then(() => undefined),
  ]);
  if (ready === undefined || child.pid === undefined) throw new Error(`the server "${kind}" ended before it listened`);
  return { child, pid: child.pid, ...ready };
};

const stop = async ({ child }: Server): Promise<void> => {
  const ended = once(child, 'exit');
  child.stdin?.end();
  await ended;
};

interface Measured extends LoadResult {
  /** Of the server, for each request. */
  readonly cpuMs: number;
}

const load = async ({ pid, port, ca }: Server, connections: number, rate?: number): Promise<Measured> => {
  const before = cpuSecondsOf(pid);
  const asked = { port, ca, connections, seconds: secondsEach, ...(rate === undefined ? {} : { rate }) };
  const child = start(1, 'admission-load.ts', [JSON.stringify(asked)], 'ignore');
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => (output += part));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the load with ${connections} connections ended with ${code}`);
  const result = JSON.parse(output) as LoadResult;
  return { ...result, cpuMs: ((cpuSecondsOf(pid) - before) * 1000) / result.answered };
};

const taskset = '/usr/bin/taskset';

/** On a core of its own, where the system can pin. */
const start = (core: number, file: string, args: readonly string[], stdin: 'pipe' | 'ignore'): ChildProcess => {
  const command = [process.execPath, path.join(import.meta.dirname, file), ...args];
  const [program = '', ...rest] = existsSync(taskset) ? [taskset, '-c', String(core), ...command] : command;
  return spawn(program, rest, { stdio: [stdin, 'pipe', 'inherit'] });
};

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

const words = ({ perSecond, p50, p99, failed, cpuMs }: Measured): string =>
  `${perSecond.toFixed(0)}/s, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(1)} ms, CPU ${cpuMs.toFixed(3)} ms each${failed === 0 ? '' : `, ${failed} FAILED`}`;
