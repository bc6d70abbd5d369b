/**
 * Writes docs/reference/reasons.md from domain/reason.ts.
 *
 *   node .ci/reasons.ts            writes
 *   node .ci/reasons.ts --check    writes nothing and fails if the file is out of date
 */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { reasons } from '../domain/reason.ts';
import { badnessOf } from '../domain/state.ts';
import { code, keepGenerated, row } from './generated.ts';

const root = path.dirname(import.meta.dirname);
export const reasonsFile = 'docs/reference/reasons.md';

/** Reasons that some file of the evaluation names: all others are in the API, and nobody finds them yet. */
export const foundToday = (): ReadonlySet<string> => {
  const texts = globSync('domain/coverage/**/*.ts', { cwd: root })
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => readFileSync(path.join(root, file), 'utf8'));
  return new Set(Object.keys(reasons).filter((reason) => texts.some((text) => text.includes(`'${reason}'`))));
};

export const reasonsPage = (found: ReadonlySet<string>): string => {
  const worstFirst = Object.entries(reasons).toSorted(([, a], [, b]) => badnessOf(b.state) - badnessOf(a.state));
  return [
    '# Reasons',
    '',
    'Generated from `domain/reason.ts` by `npm run generate`; a check fails when it is out of date. Worst state first.',
    '',
    'Every gap carries one of these, a cause in a sentence and a remedy. A reason that is not found today is part of the API, and no code',
    'finds it yet: it needs telemetry, which the operator does not read so far.',
    '',
    row(['state', 'reason', 'what it means', 'found today']),
    '|---|---|---|---|',
    ...worstFirst.map(([reason, { state, means }]) =>
      row([state, code(reason), means, found.has(reason) ? 'yes' : '']),
    ),
    '',
  ].join('\n');
};

if (import.meta.main) await keepGenerated(reasonsFile, reasonsPage(foundToday()), '.ci/reasons.ts');
