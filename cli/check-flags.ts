// The flags of `check`.
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { thresholds, type Threshold } from './judge/exit-code.ts';
import { formats, type Format } from './output/formats.ts';
import { UsageError } from './verb.ts';

export interface CheckFlags {
  readonly files: readonly string[];
  readonly policies: readonly string[];
  readonly agents: readonly string[];
  readonly nodes: readonly string[];
  readonly namespace: string | undefined;
  readonly output: Format;
  readonly failOn: Threshold;
  readonly context: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly offline: boolean;
  readonly colour: boolean;
}

const options = {
  filename: { type: 'string', short: 'f', multiple: true },
  policies: { type: 'string', multiple: true },
  agents: { type: 'string', multiple: true },
  agent: { type: 'string', multiple: true },
  nodes: { type: 'string', multiple: true },
  namespace: { type: 'string', short: 'n' },
  output: { type: 'string', short: 'o', default: 'table' },
  'fail-on': { type: 'string', default: 'Incomplete' },
  context: { type: 'string' },
  kubeconfig: { type: 'string' },
  offline: { type: 'boolean', default: false },
  'no-color': { type: 'boolean', default: false },
} as const satisfies ParseArgsOptionsConfig;

export const parseCheckFlags = (args: readonly string[]): CheckFlags => {
  const values = parsed(args);
  const flags: CheckFlags = {
    files: values.filename ?? [],
    policies: values.policies ?? [],
    agents: [...(values.agents ?? []), ...(values.agent ?? [])],
    nodes: values.nodes ?? [],
    namespace: values.namespace,
    output: oneOf('-o', formats, values.output),
    failOn: oneOf('--fail-on', thresholds, values['fail-on']),
    context: values.context,
    kubeconfig: values.kubeconfig,
    offline: values.offline,
    colour: !values['no-color'],
  };
  if (flags.files.length === 0 && flags.agents.length === 0) {
    throw new UsageError(
      'say what to check: -f PATH, a folder, or - for standard input; or an agent (--agents) to see which nodes it reaches',
    );
  }
  const asksCluster = flags.context !== undefined || flags.kubeconfig !== undefined;
  if (flags.files.length === 0 && flags.nodes.length === 0 && !asksCluster) {
    throw new UsageError(
      'say which nodes the agent is to reach: --nodes FILE, as kubectl get nodes -o yaml writes them, or --context',
    );
  }
  if (flags.offline && asksCluster) {
    throw new UsageError('--offline asks no cluster, and --context and --kubeconfig name one: leave one of them out');
  }
  const readsStdin = [...flags.files, ...flags.policies, ...flags.agents, ...flags.nodes].filter(
    (each) => each === '-',
  );
  if (readsStdin.length > 1) throw new UsageError('standard input (-) can be read once only');
  return flags;
};

const parsed = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};

const oneOf = <const T extends string>(flag: string, choices: readonly T[], written: string): T => {
  const found = choices.find((choice) => choice.toLowerCase() === written.toLowerCase());
  if (found === undefined) throw new UsageError(`${flag}: "${written}" must be one of ${choices.join(', ')}`);
  return found;
};
