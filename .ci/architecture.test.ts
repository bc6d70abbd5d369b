import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { boundaries } from './boundaries.ts';

const page = await readFile(path.join(path.dirname(import.meta.dirname), 'docs', 'architecture.md'), 'utf8');
const diagrams = [...page.matchAll(/```mermaid\n(.*?)```/gs)].map(([, diagram = '']) => diagram);

/** `a --> b & c`, as `a → b` and `a → c`; dotted arrows are data, not imports. */
const drawn = (diagram: string): readonly string[] =>
  [...diagram.matchAll(/^\s*(\w+) --> (\w+(?: & \w+)*)$/gm)].flatMap(([, from = '', to = '']) =>
    to.split(' & ').map((each) => `${from} → ${each}`),
  );

const enforced = Object.entries(boundaries)
  .filter(([, { folders }]) => !folders.includes('*'))
  .flatMap(([from, { folders }]) => folders.map((to) => `${from} → ${to}`));

test('there is one diagram', () => {
  expect(diagrams).toHaveLength(1);
});

test('the arrows of the diagram are those that are enforced', () => {
  expect(drawn(diagrams[0] ?? '').toSorted()).toEqual(enforced.toSorted());
});

test('no arrow of the diagram is written in a form that this test does not read', () => {
  const lines = (diagrams[0] ?? '').split('\n').filter((line) => line.includes('-->'));
  expect(lines.every((line) => drawn(line).length > 0)).toBe(true);
});

test('the page names the folders that may import anything', () => {
  const free = Object.entries(boundaries).flatMap(([folder, { folders }]) => (folders.includes('*') ? [folder] : []));
  expect(free.length).toBeGreaterThan(0);
  for (const folder of free) expect(page).toContain(`\`${folder}/\``);
});
