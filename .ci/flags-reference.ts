/**
 * Writes docs/reference/flags.md from the tables of flags that both processes parse by.
 *
 *   node .ci/flags-reference.ts            writes
 *   node .ci/flags-reference.ts --check    writes nothing and fails if the file is out of date
 */
import { operatorFlags } from '../operator/flags.ts';
import { flagOf, variableOf, type FlagTable } from '../process/flags.ts';
import { webhookFlags } from '../webhook/flags.ts';
import { code, keepGenerated, row } from './generated.ts';

export const flagsFile = 'docs/reference/flags.md';

export const flagsPage = (): string =>
  [
    '# Flags',
    '',
    'Generated from the tables that the processes parse by; a check fails when it is out of date. `--help` says the same.',
    '',
    'Each flag may also be given as the environment variable beside it; the flag wins. A switch is negated by `--no-…` or `=false`. Addresses are',
    '`host:port`; port 0 picks a free one, which is logged. All mistakes are named at once, and end the process with code 2.',
    '',
    '## workload-protection-operator',
    '',
    ...tableOf(operatorFlags),
    '',
    '## workload-protection-webhook',
    '',
    ...tableOf(webhookFlags),
    '',
  ].join('\n');

const tableOf = (flags: FlagTable): readonly string[] => [
  row(['flag', 'variable', 'default', 'what it does']),
  '|---|---|---|---|',
  ...Object.entries(flags).map(([name, { help, placeholder, fallback }]) =>
    row([
      code(placeholder === undefined ? flagOf(name) : `${flagOf(name)} ${placeholder}`),
      code(variableOf(name)),
      code(fallback ?? ''),
      help,
    ]),
  ),
];

if (import.meta.main) await keepGenerated(flagsFile, flagsPage(), '.ci/flags-reference.ts');
