import { describe, expect, test } from 'vitest';
import { aDeclaredPolicy, aLoadedPolicy, aRule } from '../testing/telemetry.ts';
import type { Loaded } from './book.ts';
import { combineRuleset, shortDigest } from './combine.ts';
import { createCommonRulesets } from './common.ts';
import type { Ruleset } from './ruleset.ts';
import type { DeclaredPolicy, KnownContent, LoadedPolicy } from './types.ts';

const combine = (
  loaded: readonly LoadedPolicy[] | undefined,
  declared: readonly DeclaredPolicy[] = [],
  contents: readonly KnownContent[] = [],
  are: Loaded['are'] = 'Complete',
): Ruleset | undefined =>
  combineRuleset({
    agent: 'falco',
    loaded: loaded && { policies: loaded, are },
    declared,
    contents: new Map(contents.map((content) => [content.digest, content])),
  });

const only = (ruleset: Ruleset | undefined) => {
  expect(ruleset?.policies).toHaveLength(1);
  return ruleset?.policies[0];
};

describe('the status of a policy', () => {
  test.each<[string, Partial<LoadedPolicy> | undefined, Partial<DeclaredPolicy> | undefined, object]>([
    [
      'is what the agent says where nobody declares it',
      { status: 'PartiallyLoaded' },
      undefined,
      { status: 'PartiallyLoaded' },
    ],
    ['is Loaded where nothing speaks against it', {}, {}, { status: 'Loaded' }],
    ['is Loaded where the digests agree', { digest: 'sha256:a' }, { digest: 'sha256:a' }, { status: 'Loaded' }],
    [
      'is Loaded where the digests agree, whatever the versions',
      { digest: 'sha256:a', version: '1.0' },
      { digest: 'sha256:a', version: '2.0' },
      { status: 'Loaded' },
    ],
    [
      'is Drifted where the digests differ',
      { digest: 'sha256:a' },
      { digest: 'sha256:b' },
      { status: 'Drifted', message: 'the loaded content has the digest sha256:a, the declared one sha256:b' },
    ],
    [
      'is Outdated where an older version is loaded',
      { version: '1.9.0', digest: 'sha256:a' },
      { version: '1.10.0', digest: 'sha256:b' },
      { status: 'Outdated', message: 'version 1.9.0 is loaded, version 1.10.0 is declared' },
    ],
    ['is Outdated where an older generation is loaded', { version: '9' }, { version: '10' }, { status: 'Outdated' }],
    ['is Drifted where a newer version is loaded', { version: '2' }, { version: '1' }, { status: 'Drifted' }],
    ['is Drifted where the versions are no numbers', { version: 'blue' }, { version: 'red' }, { status: 'Drifted' }],
    [
      'is nothing that drifted where only one tells a version',
      {},
      { version: '1' },
      { status: 'Loaded', version: '1' },
    ],
    [
      'is what the agent says where that is worse than another content',
      { status: 'Failed', message: 'line 3', digest: 'sha256:a' },
      { digest: 'sha256:b' },
      { status: 'Failed', message: 'line 3' },
    ],
    ['is Missing where a complete list does not hold it', undefined, {}, { status: 'Missing' }],
    [
      'is Failed where the object itself says that it is not in force',
      undefined,
      { trouble: { cause: 'it is refused', remedy: 'Correct it' } },
      { status: 'Failed', message: 'it is refused', remedy: 'Correct it' },
    ],
  ])('%s', (_, loaded, declared, expected) => {
    const policy = only(
      combine(
        loaded === undefined ? [] : [aLoadedPolicy(loaded)],
        declared === undefined ? [] : [aDeclaredPolicy(declared)],
      ),
    );
    expect(policy).toMatchObject(expected);
  });

  test.each([
    ['a part', [], 'Partial'],
    ['nothing', undefined, 'Complete'],
  ] as const)('is Declared where the agent tells %s of what it has loaded', (_, loaded, are) => {
    expect(only(combine(loaded, [aDeclaredPolicy()], [], are))).toMatchObject({ status: 'Declared' });
  });
});

describe('several objects that declare one policy', () => {
  const other = { kind: 'ConfigMap', namespace: 'security', name: 'falco-rules-gpu' };
  const both = [aDeclaredPolicy({ digest: 'sha256:a' }), aDeclaredPolicy({ digest: 'sha256:b', declaredBy: other })];

  test('are alternatives, of which the one that agrees is meant', () => {
    const policy = only(combine([aLoadedPolicy({ digest: 'sha256:b' })], both));
    expect(policy).toMatchObject({ status: 'Loaded', declaredBy: other });
  });

  test('and one has drifted where none agrees', () => {
    expect(only(combine([aLoadedPolicy({ digest: 'sha256:c' })], both))).toMatchObject({ status: 'Drifted' });
  });

  test('are as many where they are for other pods', () => {
    const scoped = [aDeclaredPolicy({ pods: { namespace: 'shop' } }), aDeclaredPolicy({ pods: { namespace: 'lab' } })];
    expect(combine([aLoadedPolicy()], scoped)?.policies.map(({ pods }) => pods)).toEqual([
      { namespace: 'lab' },
      { namespace: 'shop' },
    ]);
  });
});

describe('the rules of a policy', () => {
  const declared = aDeclaredPolicy({ digest: 'sha256:a', rules: [aRule({ name: 'declared' })] });
  const content = { digest: 'sha256:a', rules: [aRule({ name: 'known' })], version: '7.0' };

  test.each<
    [string, Partial<LoadedPolicy>, readonly DeclaredPolicy[], readonly KnownContent[], readonly string[] | undefined]
  >([
    [
      'are those that the agent lists',
      { digest: 'sha256:a', rules: [aRule({ name: 'listed' })] },
      [declared],
      [content],
      ['listed'],
    ],
    ['else those of the content that it has loaded', { digest: 'sha256:a' }, [declared], [content], ['known']],
    ['else those of the object that agrees', { digest: 'sha256:a' }, [declared], [], ['declared']],
    ['are not known where the object does not agree', { digest: 'sha256:b' }, [declared], [], undefined],
    [
      'are not known where it is loaded in part',
      { digest: 'sha256:a', status: 'PartiallyLoaded' },
      [declared],
      [],
      undefined,
    ],
  ])('%s', (_, loaded, objects, contents, expected) => {
    expect(only(combine([aLoadedPolicy(loaded)], objects, contents))?.rules?.map(({ name }) => name)).toEqual(expected);
  });

  test('are off where the policy is', () => {
    const policy = only(combine([aLoadedPolicy({ status: 'Disabled', digest: 'sha256:a' })], [], [content]));
    expect(policy).toMatchObject({ version: '7.0', rules: [{ name: 'known', status: 'Disabled' }] });
  });

  test('are missing where another content lacks what is declared', () => {
    const loaded = aLoadedPolicy({ digest: 'sha256:b', rules: [aRule({ name: 'kept' })] });
    const wanted = aDeclaredPolicy({
      digest: 'sha256:a',
      rules: [aRule({ name: 'kept' }), aRule({ name: 'removed' })],
    });
    expect(only(combine([loaded], [wanted]))).toMatchObject({ status: 'Drifted', missing: ['removed'] });
  });
});

test('techniques are counted where rules are at work', () => {
  const rules = [aRule(), aRule({ name: 'off', status: 'Disabled' })];
  const ruleset = combine([aLoadedPolicy({ rules }), aLoadedPolicy({ name: 'b', status: 'Failed', rules })]);
  expect(ruleset?.counts.techniques).toEqual(
    new Map([
      ['T1059.004', 1],
      ['T1059', 1],
    ]),
  );
});

test('nothing is told where nobody says anything', () => {
  expect(combine(undefined)).toBeUndefined();
  expect(combine([])).toMatchObject({ policies: [], proof: 'Complete' });
});

test('the same content has the same identity, in whatever order it is listed', () => {
  const [a, b] = [aLoadedPolicy(), aLoadedPolicy({ name: 'b' })];
  expect(combine([a, b])?.id).toBe(combine([b, a])?.id);
  expect(combine([a, b])?.id).not.toBe(combine([a])?.id);
});

test('digests are told short', () => {
  expect(shortDigest(`sha256:${'ab'.repeat(32)}`)).toBe('sha256:abababababab…');
  expect(shortDigest(undefined)).toBe('');
});

describe('what two nodes have both loaded', () => {
  const { of } = createCommonRulesets();
  const ruleset = (...policies: LoadedPolicy[]): Ruleset[] => [combine(policies)].flatMap((found) => found ?? []);

  test('is what one has where the other has the same', () => {
    const [a] = ruleset(aLoadedPolicy());
    expect(of(ruleset(aLoadedPolicy()), ruleset(aLoadedPolicy()))).toEqual([a]);
  });

  test('holds the rules that are loaded on both, and the worse status', () => {
    const [common] = of(
      ruleset(
        aLoadedPolicy({ version: '1', rules: [aRule({ name: 'a' }), aRule({ name: 'b' })] }),
        aLoadedPolicy({ name: 'x' }),
      ),
      ruleset(aLoadedPolicy({ version: '2', status: 'PartiallyLoaded', rules: [aRule({ name: 'b' })] })),
    );
    expect(common?.policies).toMatchObject([{ name: 'rules.yaml', status: 'PartiallyLoaded', rules: [{ name: 'b' }] }]);
    expect(common?.policies[0]?.version).toBeUndefined();
  });

  test('is nothing of an agent that only one has', () => {
    expect(of(ruleset(aLoadedPolicy()), [])).toEqual([]);
  });

  test('is the same object when it is asked for again', () => {
    const [a, b] = [ruleset(aLoadedPolicy()), ruleset(aLoadedPolicy({ name: 'b' }))];
    expect(of(a, b)[0]).toBe(of(a, b)[0]);
  });
});
