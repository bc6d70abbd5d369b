// npm run bench: what the budgets of the design are held against. Heavy: a real API server with 5,000 nodes and 150,000 pods
// takes several gigabytes and some minutes. Prints a table; exits with 1 where a budget is missed.
import { parseArgs } from 'node:util';
import { benchAdmission } from './admission.ts';
import { benchCreation } from './admission-creation.ts';
import { benchCluster } from './cluster.ts';
import { benchEvaluate, describeEvaluation } from './evaluate.ts';
import { benchIngest } from './ingest.ts';
import { benchTelemetry } from './telemetry.ts';
import { table, type Figure } from './figures.ts';

const usage = `Usage: npm run bench -- [evaluate] [telemetry] [admission] [creation] [ingest] [cluster] [options]

  evaluate   evaluation alone, in process
  telemetry  agents asked how they are, all at once and over a minute
  admission  the webhook over HTTPS on one core, beside a server that allows everything
  creation   pods created through a real API server, with the webhook and without
  ingest     events over HTTPS until they are findings in a real API server, beside a server that parses and forgets
  cluster    the operator beside a real API server: memory, cold start, change to status, writes at rest

  Without any, all.

  --nodes N       default 5000
  --pods N        default 150000
  --workloads N   default 10000
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string', default: '5000' },
    pods: { type: 'string', default: '150000' },
    workloads: { type: 'string', default: '10000' },
    help: { type: 'boolean', default: false },
  },
});

const parts = ['evaluate', 'telemetry', 'admission', 'creation', 'ingest', 'cluster'] as const;
const unknown = positionals.filter((name) => !(parts as readonly string[]).includes(name));
if (values.help || unknown.length > 0) {
  process.stderr.write(unknown.length > 0 ? `bench: there is no part ${unknown.join(', ')}\n\n${usage}` : usage);
  process.exit(unknown.length > 0 ? 2 : 0);
}

const size = { nodes: Number(values.nodes), pods: Number(values.pods), workloads: Number(values.workloads) };
const wanted = positionals.length === 0 ? parts : parts.filter((part) => positionals.includes(part));
const log = (line: string): void => void process.stderr.write(`${line}\n`);
const figures: Figure[] = [];
const run = async (part: (typeof parts)[number]): Promise<readonly Figure[]> => {
  switch (part) {
    case 'evaluate':
      return describeEvaluation(benchEvaluate());
    case 'telemetry':
      return benchTelemetry(size, log);
    case 'admission':
      return benchAdmission(size, log);
    case 'creation':
      return benchCreation(log);
    case 'ingest':
      return benchIngest(log);
    case 'cluster':
      return benchCluster(size, log);
  }
};
for (const part of wanted) {
  log(`=== ${part}`);
  figures.push(...(await run(part)));
}
process.stdout.write(`${table(figures)}\n`);
process.exitCode = figures.some(({ holds }) => holds === false) ? 1 : 0;
