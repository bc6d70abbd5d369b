import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { load } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { customResourceDefinition } from './definition.ts';
import { generatedFiles, outdatedFiles } from './generate.ts';
import { kinds } from './kinds.ts';

const root = dirname(import.meta.dirname);

test('what is committed is what the schemas give: run "npm run generate" where this fails', async () => {
  expect(await outdatedFiles(root)).toEqual([]);
});

test('the files are read as the definitions that they were written from', () => {
  const files = generatedFiles();
  for (const table of kinds) {
    const content = files.get(`crds/workloadprotection.dev_${table.plural}.yaml`) ?? '';
    expect(load(content)).toEqual(JSON.parse(JSON.stringify(customResourceDefinition(table))));
  }
});

test('the reference has a section for each kind and no empty type', () => {
  const reference = generatedFiles().get('docs/reference/api.md') ?? '';
  for (const { kind } of kinds) expect(reference).toContain(`\n## ${kind}\n`);
  expect(reference).not.toContain('undefined');
  expect(reference).not.toMatch(/\| {2}\|/);
});

describe('what is out of date', () => {
  let copy: string;

  beforeEach(async () => {
    copy = await mkdtemp(join(tmpdir(), 'crds-'));
    for (const [path, content] of generatedFiles()) {
      await mkdir(dirname(join(copy, path)), { recursive: true });
      await writeFile(join(copy, path), content);
    }
  });

  afterEach(() => rm(copy, { recursive: true }));

  test('is nothing right after generating', async () => {
    expect(await outdatedFiles(copy)).toEqual([]);
  });

  test('is named with its first line that differs', async () => {
    const path = 'crds/workloadprotection.dev_findings.yaml';
    const content = await readFile(join(copy, path), 'utf8');
    await writeFile(join(copy, path), content.replace('kind: Finding\n', 'kind: Found\n'));
    expect(await outdatedFiles(copy)).toEqual([`${path}:9: is "kind: Found", should be "kind: Finding"`]);
  });

  test('is named where it is missing', async () => {
    await rm(join(copy, 'docs/reference/api.md'));
    expect(await outdatedFiles(copy)).toEqual(['docs/reference/api.md: missing']);
  });

  test('is named where lines were added at the end', async () => {
    const path = 'docs/reference/api.md';
    const content = await readFile(join(copy, path), 'utf8');
    await writeFile(join(copy, path), `${content}more\n`);
    expect(await outdatedFiles(copy)).toHaveLength(1);
  });
});
