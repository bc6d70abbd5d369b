// What docs/cli.md and docs/use-cases show is what was captured: the suite writes the captures, and nobody edits a picture by hand.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root } from './documents.ts';

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const captures = globSync('docs/captured/cli-*.txt', { cwd: root }).toSorted();

test('there are captures of the command', () => {
  expect(captures).toContain('docs/captured/cli-overview.txt');
});

test.each(captures)('docs/cli.md shows %s as it is', (file) => {
  expect(read('docs/cli.md')).toContain(`\`\`\`console\n${read(file).trimEnd()}\n\`\`\``);
});

const ofUseCases = globSync('docs/captured/use-cases-*.txt', { cwd: root }).toSorted();

test.each(ofUseCases)('a page of docs/use-cases shows %s as it is', (file) => {
  const page = /use-cases-(.+)-\d+\.txt$/.exec(file)?.[1] ?? '';
  expect(read(`docs/use-cases/${page}.md`)).toContain(`\`\`\`console\n${read(file).trimEnd()}\n\`\`\``);
});
