// node e2e/agents/main.ts --kubeconfig F [--control-port N]: answers for all agents' pods of a cluster until it is interrupted.
import { parseArgs } from 'node:util';
import { openCluster } from '../fleet/cluster.ts';
import { follow } from './follow.ts';
import type { AgentPodLike } from './from-pods.ts';
import { simulate } from './simulate.ts';

const usage = `Answers on the addresses of the agents' pods of a cluster, as the agents themselves would, until interrupted.

  --kubeconfig F     of the cluster; default: $KUBECONFIG
  --control-port N   where to tell agents to misbehave, on 127.0.0.1; default 0: a free one, which is printed
  --listen any|each  one socket a port (default), or one for each agent: where two clusters are simulated at once

  curl -s http://127.0.0.1:PORT/behaviour -d '{"which":{"nodes":["NODE"]},"change":{"answers":"hanging"}}'
  curl -s http://127.0.0.1:PORT/agents
`;

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      kubeconfig: { type: 'string' },
      'control-port': { type: 'string', default: '0' },
      listen: { type: 'string', default: 'any' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const kubeconfig = values.kubeconfig ?? process.env['KUBECONFIG'];
  if (kubeconfig === undefined || kubeconfig === '')
    throw new Error('name the cluster with --kubeconfig or KUBECONFIG');
  if (values.listen !== 'any' && values.listen !== 'each')
    throw new Error(`--listen is any or each, not ${values.listen}`);
  const cluster = await openCluster({ kubeconfig });
  const simulation = await simulate([], { controlPort: Number(values['control-port']), listen: values.listen });
  say(`control: http://127.0.0.1:${simulation.controlPort}`);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  await follow(simulation, {
    list: () => cluster.list<AgentPodLike>('v1', 'Pod'),
    signal: stop.signal,
    onChange: ({ added, removed }) =>
      say(`${simulation.agents().length} agents answer (${added} new, ${removed} gone)`),
    onError: (error) => say(`cannot see the pods: ${error instanceof Error ? error.message : String(error)}`),
  });
  await simulation.close();
  await cluster.close();
};

const say = (line: string): boolean => process.stderr.write(`${line}\n`);

await main().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
