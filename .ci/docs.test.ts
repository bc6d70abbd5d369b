// What the documents say of files and commands is held against the files and commands that there are.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { readDocuments, root } from './documents.ts';

const documents = readDocuments();
const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

/** Code holds brackets of its own. */
const withoutCode = (text: string): string => text.replaceAll(/^```.*?^```/gms, '').replaceAll(/`[^`\n]*`/g, '`');

const linksIn = (text: string): readonly string[] =>
  [...withoutCode(text).matchAll(/\]\(([^()\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));

/** As GitHub makes them: words only, joined by hyphens. */
const anchorsIn = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.replaceAll(/^```.*?^```/gms, '').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

const brokenLinks = (file: string, text: string): readonly string[] =>
  linksIn(text).filter((link) => {
    const [target = '', anchor] = link.split('#');
    const full = target === '' ? file : path.join(path.dirname(file), target);
    if (!existsSync(path.join(root, full))) return true;
    return anchor !== undefined && full.endsWith('.md') && !anchorsIn(documents.get(full) ?? '').has(anchor);
  });

/** `npm start` and `npm test` are scripts, too. */
const commandsIn = (text: string): readonly string[] =>
  [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)].map(([, run, itself]) => run ?? itself ?? '');

describe.each([...documents])('%s', (file, text) => {
  it('links only to what is there', () => {
    expect(brokenLinks(file, text)).toEqual([]);
  });

  it('names only commands that there are', () => {
    expect(commandsIn(text).filter((name) => scripts[name] === undefined)).toEqual([]);
  });
});

test('there are documents to hold against the repository', () => {
  expect([...documents.keys()]).toEqual(expect.arrayContaining(['README.md', 'docs/architecture.md']));
});

test.each([
  ['a file that is not there', '[x](no-such-file.md)', ['no-such-file.md']],
  ['a heading that is not there', '[x](README.md#no-such-heading)', ['README.md#no-such-heading']],
  ['a heading of its own that is not there', '[x](#no-such-heading)', ['#no-such-heading']],
  ['nothing elsewhere on the web', '[x](https://example.com/y)', []],
  ['nothing inside code', '`[x](no-such-file.md)`', []],
])('finds %s', (_, text, broken) => {
  expect(brokenLinks('README.md', text)).toEqual(broken);
});

test.each([
  ['run by name', 'npm run no-such-thing', ['no-such-thing']],
  ['with a colon in its name', 'npm run test:unit', ['test:unit']],
  ['without run', 'npm start -- --context x', ['start']],
  ['of npm itself', 'npm ci', []],
])('reads a command %s', (_, text, commands) => {
  expect(commandsIn(text)).toEqual(commands);
});
