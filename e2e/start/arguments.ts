// The command line of `npm start`.
import { parseArgs } from 'node:util';

export const usage = `Usage: npm start [-- OPTIONS]

Shows the product at work. Without options: on a Kubernetes control plane of its own (real API server, scheduler and controllers as plain
processes; no Docker), with a fleet of pretended nodes on which some agents are missing or broken. Ends, and cleans up, with Ctrl-C.

  --nodes N           nodes of the fleet, 20 to 1000 (default 60)
  --context NAME      install into this cluster of yours instead, and run the operator here; asks first
    --kubeconfig FILE   where the context is; default: as kubectl finds it
    --yes               do not ask
    --webhook-url URL   also run the webhook here; the URL (https://host:port) by which the cluster's API servers reach this machine
  --once              show everything, check it, and end
  --help              this text
`;

export interface Arguments {
  readonly nodes: number;
  readonly once: boolean;
  /** Absent: a control plane of our own. */
  readonly context?: ContextArguments;
}

export interface ContextArguments {
  readonly name: string;
  readonly kubeconfig: string | undefined;
  readonly yes: boolean;
  readonly webhookUrl: URL | undefined;
}

/** What is wrong with a command line, in words for whoever wrote it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** From 20 each pool of the fleet has its nodes; past 1,000 it is no longer a demonstration. */
const [fewest, most] = [20, 1000];

/** Undefined: help was asked for. */
export const parseArguments = (args: readonly string[]): Arguments | undefined => {
  const values = parsed(args);
  if (values.help === true) return undefined;
  const nodes = Number(values.nodes ?? '60');
  if (!Number.isInteger(nodes) || nodes < fewest || nodes > most)
    throw new UsageError(`--nodes takes a number from ${fewest} to ${most}, not ${values.nodes}`);
  const once = values.once === true;
  if (values.context === undefined) {
    for (const flag of ['kubeconfig', 'yes', 'webhook-url'] as const)
      if (values[flag] !== undefined) throw new UsageError(`--${flag} goes with --context`);
    return { nodes, once };
  }
  if (values.nodes !== undefined) throw new UsageError('--nodes does not go with --context: your cluster has its own');
  return {
    nodes,
    once,
    context: {
      name: values.context,
      kubeconfig: values.kubeconfig,
      yes: values.yes === true,
      webhookUrl: webhookUrl(values['webhook-url']),
    },
  };
};

const parsed = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      options: {
        nodes: { type: 'string' },
        context: { type: 'string' },
        kubeconfig: { type: 'string' },
        yes: { type: 'boolean' },
        'webhook-url': { type: 'string' },
        once: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
};

const webhookUrl = (text: string | undefined): URL | undefined => {
  if (text === undefined) return undefined;
  if (!URL.canParse(text) || new URL(text).protocol !== 'https:' || new URL(text).pathname !== '/')
    throw new UsageError(`--webhook-url takes https://host:port, not ${text}`);
  return new URL(text);
};
