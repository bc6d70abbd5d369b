import { expect, test } from 'vitest';
import { violations } from './boundaries.ts';

const of = (file: string, text: string): readonly string[] => violations(new Map([[file, text]]));

test.each([
  [
    'the core imports nothing outside itself',
    'domain/a.ts',
    "import { x } from '../kube/x.ts';",
    'domain may not import kube',
  ],
  ['the core uses no package', 'domain/a.ts', "import { z } from 'zod';", 'may not import the package zod'],
  ['the core uses nothing of Node', 'domain/a.ts', "import fs from 'node:fs';", 'may not import the package node:fs'],
  ['the core has no clock', 'domain/a.ts', 'const at = Date.now();', 'the core may not use Date.now'],
  ['the core does not wait', 'domain/a.ts', 'export const f = async () => {};', 'the core may not use async'],
  ['processes stay apart', 'webhook/a.ts', "import { x } from '../operator/x.ts';", 'webhook may not import operator'],
  ['a dynamic import counts', 'crds/a.ts', "await import('undici');", 'may not import the package undici'],
  ['a re-export counts', 'kube/a.ts', "export { x } from '../facts/x.ts';", 'kube may not import facts'],
  ['a new folder needs its arrows said', 'utils/a.ts', 'export {};', 'has no boundary'],
])('%s', (_, file, text, expected) => {
  expect(of(file, text).join('\n')).toContain(expected);
});

test.each([
  ['the core may speak of async in words', 'domain/a.ts', "// async\nconst text = 'Date.now';"],
  ['an import over several lines is read', 'facts/a.ts', "import {\n  a,\n  b,\n} from '../domain/a.ts';"],
  ['tests may use more', 'domain/a.test.ts', "import { test } from 'vitest';"],
])('%s', (_, file, text) => {
  expect(of(file, text)).toEqual([]);
});
