import { parseArgs } from 'node:util';
import { down } from './commands/down.ts';
import { status } from './commands/status.ts';
import { up } from './commands/up.ts';

const usage = `Usage: npm run control-plane -- up|down|status [options]

A real Kubernetes control plane as plain processes of yours: etcd, kube-apiserver, kube-controller-manager,
kube-scheduler, and kwok for nodes and pods. No Docker.

  up       start one and leave it running
    --nodes N               make N plain nodes (default 0)
    --kubeconfig-out FILE   also write the administrator's kubeconfig there
    --kubernetes VERSION    another Kubernetes version, 1.32.2 for example
    --provider kind         use kind instead, where Docker and kind are installed
  down     stop it and remove its data
    --all                   every one of them
  status   show what runs

  --name NAME               which one (default "dev"); several may run at once
  --help                    this text
`;

/** Exit codes: 0 done, 1 failed, 2 wrongly called. */
async function main(args: readonly string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        name: { type: 'string', default: 'dev' },
        nodes: { type: 'string', default: '0' },
        'kubeconfig-out': { type: 'string' },
        kubernetes: { type: 'string' },
        provider: { type: 'string', default: 'processes' },
        all: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return misuse(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  const [command, ...rest] = positionals;
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (rest.length > 0) return misuse(`unexpected ${rest.join(' ')}`);
  const nodes = Number(values.nodes);
  if (!Number.isInteger(nodes) || nodes < 0 || nodes > 10_000) return misuse('--nodes takes a number from 0 to 10000');
  if (values.provider !== 'processes' && values.provider !== 'kind')
    return misuse('--provider is "processes" or "kind"');

  switch (command) {
    case 'up':
      await up({
        name: values.name,
        nodes,
        provider: values.provider,
        kubeconfigOut: values['kubeconfig-out'],
        kubernetesVersion: values.kubernetes,
      });
      return 0;
    case 'down':
      return down({ name: values.name, all: values.all, provider: values.provider });
    case 'status':
      return status();
    case undefined:
      return misuse('say up, down or status');
    default:
      return misuse(`"${command}" is none of up, down, status`);
  }
}

function misuse(message: string): number {
  process.stderr.write(`${message}\n\n${usage}`);
  return 2;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
