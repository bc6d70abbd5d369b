import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { kinds } from '../kinds.ts';
import { badObjects, badStatuses } from './bad-objects.ts';
import { finding, goodObjects, moments, type ApiObject } from './good-objects.ts';

const parse = (object: ApiObject): z.ZodSafeParseResult<unknown> => {
  const table = kinds.find(({ kind }) => kind === object.kind);
  if (table === undefined) throw new Error(`no kind ${object.kind}`);
  return table.schema.safeParse(object);
};

/** As the API server writes paths. */
const pathOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (whole, step) =>
      typeof step === 'number' ? `${whole}[${step}]` : whole === '' ? String(step) : `${whole}.${String(step)}`,
    '',
  );

describe('objects that are right', () => {
  test.each(goodObjects)('$name is accepted', ({ object }) => {
    expect(parse(object).error?.issues).toBeUndefined();
  });

  test.each(goodObjects)('$name is accepted again with its defaults filled in', ({ object }) => {
    const first = parse(object).data as ApiObject;
    expect(parse(first).data).toEqual(first);
  });

  test('fields that are not known are ignored', () => {
    const parsed = parse({ ...goodObjects[0]!.object, extra: 1 } as ApiObject);
    expect(parsed.data).not.toHaveProperty('extra');
  });
});

test.each(moments)('that %s is a moment is %s', (moment, accepted) => {
  expect(parse(finding({ riskAcceptedUntil: moment })).success).toBe(accepted);
});

test('characters are counted as Kubernetes counts them', () => {
  expect(parse(finding({ team: '\u{1F680}'.repeat(253) })).success).toBe(true);
  expect(parse(finding({ team: '\u{1F680}'.repeat(254) })).success).toBe(false);
});

describe('objects that are wrong', () => {
  test.each([...badObjects, ...badStatuses])('$name is refused at $path', ({ object, path, message, by }) => {
    const issues = (parse(object).error?.issues ?? []).map((issue) => ({
      path: pathOf(issue.path),
      message: issue.message,
    }));
    expect(issues.map((issue) => issue.path)).toContain(path);
    if (by === 'rule') expect(issues.find((issue) => issue.path === path)?.message).toContain(message);
  });

  test('no two rows have one name', () => {
    const names = [...badObjects, ...badStatuses].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
