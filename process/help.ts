import { flagOf, variableOf, type FlagTable } from './flags.ts';

export interface Described {
  readonly program: string;
  /** One sentence: what the process does. */
  readonly summary: string;
  readonly flags: FlagTable;
}

/** The text of --help, made from the table, so that it can neither lack a flag nor name a wrong default. */
export function helpText({ program, summary, flags }: Described): string {
  const entries = Object.entries(flags).flatMap(([name, { help, placeholder, fallback }]) => [
    `  ${flagOf(name)}${placeholder === undefined ? '' : ` ${placeholder}`}`,
    `      ${help}`,
    `      ${variableOf(name)}${fallback === undefined || fallback === '' ? '' : `; default ${fallback}`}`,
  ]);
  return [
    summary,
    '',
    `Usage: ${program} [flags]`,
    '',
    'Each flag may also be given as the environment variable that is named under it; the flag wins.',
    '',
    ...entries,
    '  --help',
    '      Shows this text.',
    '',
  ].join('\n');
}
