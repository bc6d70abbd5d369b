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

/** Reasons that the evaluation finds, or that an agent says. */
export const foundReasons = (): ReadonlySet<string> => {
  const texts = globSync(['domain/coverage/**/*.ts', 'agents/**/*.ts'], { cwd: root })
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => readFileSync(path.join(root, file), 'utf8'));
  return new Set(Object.keys(reasons).filter((reason) => texts.some((text) => text.includes(`'${reason}'`))));
};

export const reasonsPage = (): string => {
  const worstFirst = Object.entries(reasons).toSorted(([, a], [, b]) => badnessOf(b.state) - badnessOf(a.state));
  return [
    '# Reasons',
    '',
    'Generated from `domain/reason.ts` by `npm run generate`; a check fails when it is out of date. Worst state first.',
    '',
    'Every gap carries one of these, a cause in a sentence and a remedy. `kubectl protection explain REASON` says what makes it and what mends it.',
    '',
    row(['state', 'reason', 'what it means']),
    '|---|---|---|',
    ...worstFirst.map(([reason, { state, means }]) => row([state, code(reason), means])),
    '',
  ].join('\n');
};

if (import.meta.main) await keepGenerated(reasonsFile, reasonsPage(), '.ci/reasons.ts');
