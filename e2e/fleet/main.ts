// node e2e/fleet/main.ts --kubeconfig F [--nodes N] [--pods M] [--scenario plain|eight-gaps|all-agents] [--seed S]
//   [--break all|ID[,ID]] [--repair all|ID[,ID]] [--list]
import { parseArgs } from 'node:util';
import { applyFleet, type Progress } from './apply.ts';
import { openCluster, type Cluster } from './cluster.ts';
import { gapsOf } from './gaps.ts';
import { planFleet, type FleetPlan, type Scenario } from './plan.ts';

const usage = `Makes a fleet of pretended nodes and pods on a cluster whose kwok runs them.

  --kubeconfig F    of the cluster; default: $KUBECONFIG
  --nodes N         default 300
  --pods M          of workloads; default five a node
  --scenario S      plain (default), eight-gaps or all-agents
  --seed S          default 1: the same options give the same fleet
  --first-address N where its loopback addresses start; a second fleet on the machine starts behind the first
  --break IDS       after making the fleet: break these gaps of eight-gaps (ids with commas, or all)
  --repair IDS      mend them; the fleet, made before with the same options, is left as it is
  --list            print the gaps and what each is expected to look like, and end
`;

const scenarios: readonly Scenario[] = ['plain', 'eight-gaps', 'all-agents'];

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      kubeconfig: { type: 'string' },
      nodes: { type: 'string', default: '300' },
      pods: { type: 'string' },
      scenario: { type: 'string', default: 'plain' },
      seed: { type: 'string', default: '1' },
      'first-address': { type: 'string', default: '0' },
      break: { type: 'string' },
      repair: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const scenario = scenarios.find((known) => known === values.scenario);
  if (scenario === undefined) throw new Error(`--scenario is one of ${scenarios.join(', ')}, not ${values.scenario}`);
  const plan = planFleet({
    nodes: wholeNumber('--nodes', values.nodes),
    seed: wholeNumber('--seed', values.seed),
    scenario,
    firstAddress: wholeNumber('--first-address', values['first-address']),
    ...(values.pods === undefined ? {} : { pods: wholeNumber('--pods', values.pods) }),
  });
  const gaps = scenario === 'eight-gaps' ? gapsOf(plan) : [];
  if (values.list) {
    process.stdout.write(`${JSON.stringify(gaps, undefined, 2)}\n`);
    return;
  }
  const kubeconfig = values.kubeconfig ?? process.env['KUBECONFIG'];
  if (kubeconfig === undefined || kubeconfig === '')
    throw new Error('name the cluster with --kubeconfig or KUBECONFIG');
  const cluster = await openCluster({ kubeconfig });
  try {
    // A fleet with open gaps never becomes whole by waiting.
    if (values.repair === undefined) await make(cluster, plan);
    for (const verb of ['break', 'repair'] as const) {
      for (const gap of chosen(gaps, values[verb])) {
        const started = performance.now();
        await (verb === 'break' ? gap.breakIt(cluster) : gap.repair(cluster));
        say(`${verb} ${gap.id}: ${seconds(performance.now() - started)}`);
      }
    }
  } finally {
    await cluster.close();
  }
};

const make = async (cluster: Cluster, plan: FleetPlan): Promise<void> => {
  const { created, agentsReadyMs, workloadsReadyMs } = await applyFleet(cluster, plan, { onProgress: show() });
  say(
    `${created} objects made; agents ready after ${seconds(agentsReadyMs)}, workloads after ${seconds(workloadsReadyMs)}`,
  );
};

const chosen = <T extends { readonly id: string }>(gaps: readonly T[], ids: string | undefined): readonly T[] => {
  if (ids === undefined) return [];
  if (ids === 'all') return gaps;
  return ids.split(',').map((id) => {
    const gap = gaps.find((candidate) => candidate.id === id);
    if (gap === undefined)
      throw new Error(`no gap ${id}; there are ${gaps.map((known) => known.id).join(', ') || 'none in this scenario'}`);
    return gap;
  });
};

const wholeNumber = (flag: string, text: string): number => {
  if (!/^\d+$/.test(text)) throw new Error(`${flag} takes a whole number, not ${text}`);
  return Number(text);
};

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const say = (line: string): boolean => process.stderr.write(`${line}\n`);

/** A line when a step changes or is done; what happens between would only fill a log. */
const show = (): ((progress: Progress) => void) => {
  let last = '';
  return ({ step, done, of }) => {
    if (step === last && done < of) return;
    last = step;
    say(`${step}: ${done} of ${of}`);
  };
};

await main().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
