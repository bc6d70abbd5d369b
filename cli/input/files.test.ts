import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anIo } from '../testing/io.ts';
import { readPaths } from './files.ts';

let cwd = '';

beforeAll(async () => {
  cwd = await mkdtemp(path.join(os.tmpdir(), 'check-files-'));
  for (const folder of ['m/b', 'm/.git', 'm/node_modules/x', 'empty'])
    await mkdir(path.join(cwd, folder), { recursive: true });
  for (const file of ['m/z.yaml', 'm/a.yml', 'm/b/c.json', 'm/README.md', 'm/.git/x.yaml', 'm/node_modules/x/y.yaml']) {
    await writeFile(path.join(cwd, file), file);
  }
  await chmod(path.join(cwd, 'm/a.yml'), 0o600);
});

afterAll(() => rm(cwd, { recursive: true, force: true }));

const read = async (paths: readonly string[], stdin = '') => readPaths(paths, anIo({ cwd, stdin }));

describe('paths', () => {
  it('a folder is read with all manifests below it, in order, without what is hidden or installed', async () => {
    const { texts, problems } = await read(['m']);
    expect(texts.map(({ file }) => file)).toEqual(['m/a.yml', 'm/b/c.json', 'm/z.yaml']);
    expect(texts[1]?.text).toBe('m/b/c.json');
    expect(problems).toEqual([]);
  });

  it('what is named twice is read once', async () => {
    const { texts } = await read(['m/z.yaml', 'm', './m/z.yaml']);
    expect(texts.map(({ file }) => file)).toEqual(['m/z.yaml', 'm/a.yml', 'm/b/c.json']);
  });

  it('a file is read whatever its name, and - is standard input', async () => {
    const { texts } = await read(['m/README.md', '-'], 'piped');
    expect(texts).toEqual([
      { file: 'm/README.md', text: 'm/README.md' },
      { file: undefined, text: 'piped' },
    ]);
  });

  it('what cannot be read is said, and the rest is read', async () => {
    const { texts, problems } = await read(['nowhere', 'empty', 'm/z.yaml']);
    expect(texts).toHaveLength(1);
    expect(problems).toEqual([
      { file: 'nowhere', line: undefined, message: 'there is no such file or folder' },
      { file: 'empty', line: undefined, message: expect.stringContaining('no file *.yaml') },
    ]);
  });
});
