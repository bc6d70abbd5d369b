// The verbs that work on files alone, as they are called.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aDocument, blind, standing, well } from '../export/testing/documents.ts';
import { anIo, type TestIo } from '../testing/io.ts';
import type { Verb } from '../verb.ts';
import { diffVerb } from './diff.ts';
import { exportVerb, written } from './export.ts';
import { importVerb } from './import.ts';
import { verifyVerb } from './verify.ts';

let folder: string;
const before = aDocument();
const after = aDocument(
  {
    nodes: [{ ...well, names: ['gpu-1', 'node-1', 'node-3'] }],
    workloads: [
      { ...well, names: ['ml/Job/<train>'] },
      { ...blind, names: ['shop/Deployment/web'] },
    ],
  },
  'cluster-20261129t060000z',
);

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'coverage-'));
  const put = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
  put('before.json', written(before, 'json', undefined));
  put('after.json', written(after, 'json', undefined));
  put('live.json', written(aDocument(standing, 'cluster', false), 'json', undefined));
  const page = written(before, 'html', 'hipaa');
  put('page.html', page);
  put('painted.html', page.replace('Incomplete infrastructure coverage', 'Complete infrastructure coverage'));
  put('changed.json', written(before, 'json', undefined).replace('"NoAgent"', '"Protected"'));
});

afterAll(() => rmSync(folder, { recursive: true }));

const call = async (
  verb: Verb,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly io: TestIo }> => {
  const io = anIo({ cwd: folder, env: { KUBECONFIG: path.join(folder, 'none') } });
  return { code: await verb.run(args, io), io };
};

describe('verify', () => {
  test.each(['before.json', 'page.html', 'live.json'])('%s is what it was', async (file) => {
    const { code, io } = await call(verifyVerb, file);
    expect(io.out()).toMatch(/^OK .*7 assets\nsha256:[0-9a-f]{64}\n$/);
    expect(code).toBe(0);
  });

  test.each([
    ['changed.json', 'the content has the digest'],
    ['painted.html', 'the page shows something else'],
  ])('%s is not', async (file, why) => {
    const { code, io } = await call(verifyVerb, file);
    expect(io.out()).toMatch(/^CHANGED/);
    expect(io.out()).toContain(why);
    expect(code).toBe(1);
  });

  test('a digest from elsewhere decides', async () => {
    expect((await call(verifyVerb, 'before.json', '--digest', before.digest)).code).toBe(0);
    expect((await call(verifyVerb, 'before.json', '--digest', after.digest)).code).toBe(1);
  });

  test('a file that is not there, or is no export, is no verdict', async () => {
    await expect(call(verifyVerb, 'nowhere.json')).rejects.toThrow('there is no such file');
    await expect(call(verifyVerb)).rejects.toThrow('say which file');
  });
});

describe('export of a file', () => {
  test('turns the evidence into another form without a cluster', async () => {
    const { io } = await call(exportVerb, 'before.json', '-o', 'csv');
    expect(io.out()).toBe(written(before, 'csv', undefined));
    expect(io.err()).toBe(`${before.digest}\n`);
  });

  test('from a page, too', async () => {
    expect((await call(exportVerb, 'page.html')).io.out()).toBe(written(before, 'json', undefined));
  });
});

describe('import', () => {
  test('refuses what was changed, before it asks any cluster', async () => {
    const { code, io } = await call(importVerb, 'changed.json');
    expect(code).toBe(1);
    expect(io.err()).toContain('nothing is imported');
  });

  test('refuses a report that goes on changing', async () => {
    await expect(call(importVerb, 'live.json')).rejects.toThrow('only a snapshot can be restored');
  });
});

describe('diff of two files', () => {
  test('says what is worse, what came and went, and what is better, with the reason that changed', async () => {
    const { code, io } = await call(diffVerb, 'before.json', 'after.json');
    expect(code).toBe(0);
    expect(
      io
        .out()
        .split('\n')
        .map((line) => line.replaceAll(/ {2,}/g, ' | ')),
    ).toEqual([
      '1 worse, 1 came, 3 went, 2 better; 0 new gaps, 0 closed',
      '',
      'CHANGE | ASSET | BEFORE | NOW | WHY',
      'WORSE | workload shop/Deployment/web | Protected | NoAgent | AgentMissing: The DaemonSet falco/falco does not tolerate dedicated=gpu:NoSchedule.',
      'CAME | node node-3 | - | Protected | -',
      'WENT | node node-2 | Protected | - | -',
      'WENT | workload legacy/Deployment/old | Exempt | - | -',
      'WENT | workload shop/CronJob/nightly | NotRunning | - | -',
      'BETTER | node gpu-1 | NoAgent | Protected | no longer AgentMissing: The DaemonSet falco/falco does not tolerate dedicated=gpu:NoSchedule.',
      'BETTER | workload ml/Job/<train> | NoAgent | Protected | no longer AgentMissing: The DaemonSet falco/falco does not tolerate dedicated=gpu:NoSchedule.',
      '',
    ]);
  });

  test('of the same says so', async () => {
    expect((await call(diffVerb, 'before.json', 'before.json')).io.out()).toBe('No asset stands otherwise.\n');
  });

  test('as JSON names both moments with their digests', async () => {
    const { io } = await call(diffVerb, 'before.json', 'after.json', '-o', 'json');
    expect(JSON.parse(io.out())).toMatchObject({
      kind: 'CoverageDiff',
      before: { report: 'cluster-20261122t060000z', digest: before.digest },
      after: { digest: after.digest },
    });
  });
});

describe('the question after an incident', () => {
  test.each([
    ['workload/ml/Job/<train>', 'before.json', 'after.json', 1, 'OPEN'],
    ['node/gpu-1', 'before.json', 'before.json', 1, 'OPEN'],
    ['workload/shop/Deployment/web', 'after.json', 'before.json', 1, 'OPEN'],
    ['node/node-1', 'before.json', 'after.json', 0, 'NO GAP'],
    ['workload/shop/Deployment/gone', 'before.json', 'after.json', 2, 'UNKNOWN'],
  ])('%s from %s to %s', async (asset, then, now, exit, word) => {
    const { code, io } = await call(diffVerb, then, now, '--incident', asset);
    expect(io.out().startsWith(`${word}: `)).toBe(true);
    expect(code).toBe(exit);
  });

  test('names what is still open besides the exploited one', async () => {
    const { io } = await call(diffVerb, 'before.json', 'after.json', '--incident', 'workload/ml/Job/<train>');
    expect(io.out()).toContain('OPEN    workload shop/Deployment/web  same gap');
    expect(io.out()).toContain('CLOSED  workload ml/Job/<train>       exploited');
    expect(io.err()).toContain('say nothing of images');
  });

  test('an asset is written as workload/NAMESPACE/KIND/NAME or node/NAME', async () => {
    await expect(call(diffVerb, 'before.json', 'after.json', '--incident', 'shop/web')).rejects.toThrow(
      'must be workload/',
    );
  });
});
