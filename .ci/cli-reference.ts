/**
 * Writes docs/reference/cli.md from the help of every verb of the command.
 *
 *   node .ci/cli-reference.ts            writes
 *   node .ci/cli-reference.ts --check    writes nothing and fails if the file is out of date
 */
import { verbs } from '../cli/run.ts';
import type { Verb } from '../cli/verb.ts';
import { keepGenerated } from './generated.ts';

const cliFile = 'docs/reference/cli.md';

const cliPage = (): string =>
  [
    '# kubectl protection',
    '',
    'Generated from what `--help` says of every verb; a check fails when it is out of date. [The command](../cli.md) shows how it is used.',
    '',
    ...verbs.flatMap((verb) => sectionsOf(verb, [])),
  ].join('\n');

const sectionsOf = (verb: Verb, path: readonly string[]): readonly string[] => {
  const words = [...path, verb.name];
  return [
    `## kubectl protection ${words.join(' ')}`,
    '',
    '```text',
    verb.help.trimEnd(),
    '```',
    '',
    ...(verb.verbs ?? []).flatMap((each) => sectionsOf(each, words)),
  ];
};

if (import.meta.main) await keepGenerated(cliFile, cliPage(), '.ci/cli-reference.ts');
