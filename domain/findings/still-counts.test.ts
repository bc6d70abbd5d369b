import { array, assert, constantFrom, option, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aPolicy, counting } from '../testing/policies.ts';
import type { Policy } from '../types.ts';
import { behavioursNamedBy, classify } from './classify.ts';
import { evidenceOf } from './evidence.ts';
import { emptyEvidence, type EvidenceEvent } from './record.ts';
import { createRulesDigest } from './rules-digest.ts';
import { whyNotCounted } from './still-counts.ts';
import type { Comparison, EventMatcher, PostureRule, SecurityEvent } from './types.ts';

const hour = 3_600_000;
const where = (field: Comparison['field'], how: Partial<Comparison>): EventMatcher => ({
  allOf: [{ field, equals: [], prefix: [], suffix: [], glob: [], ...how }],
});
const gcc: EvidenceEvent = {
  ...emptyEvidence,
  agentType: 'Falco',
  rule: 'Compiler run in container',
  policy: 'custom-rules.yaml',
  pod: 'cart-a',
  process: 'gcc',
  executable: '/usr/bin/gcc',
  arguments: 'gcc -O2 main.c',
  parent: 'sh',
  tags: ['container'],
  podAge: hour,
};
const subject = { kind: 'Deployment', namespace: 'shop', name: 'cart', container: 'app' };

const judge = (
  posture: readonly PostureRule[],
  evidence: readonly EvidenceEvent[] = [gcc],
  { behaviour = 'CompilerInContainer', rules = [] as readonly string[] } = {},
): string | undefined => {
  const policies = posture.map((rule, index) => aPolicy({ name: `policy-${index}`, posture: [rule] }));
  return whyNotCounted(
    { behaviour, subject, image: 'shop:1', rules, evidence },
    { named: behavioursNamedBy(policies), selecting: () => policies, digest: createRulesDigest() },
  );
};
const leaving = (...exclude: readonly EventMatcher[]): PostureRule => counting({ exclude });

describe('what was seen', () => {
  test.each<[string, readonly PostureRule[], RegExp | undefined]>([
    ['no policy names the behaviour', [], undefined],
    ['a policy counts it', [counting()], undefined],
    ['only the severity is another', [counting({ severity: 'Critical' })], undefined],
    ['another program is excluded', [leaving(where('ProcessName', { equals: ['make'] }))], undefined],
    [
      'its program is excluded',
      [leaving(where('ProcessName', { equals: ['gcc'] }))],
      /\(process gcc, rule Compiler run in container, pod cart-a\) would not be counted again: policy policy-0 excludes it/,
    ],
    ['its rule is excluded', [leaving(where('Rule', { prefix: ['Compiler'] }))], /policy-0 excludes it/],
    ['its tag is excluded', [leaving(where('Tag', { equals: ['container'] }))], /policy-0 excludes it/],
    ['its agent is excluded', [leaving(where('Agent', { equals: ['Falco'] }))], /policy-0 excludes it/],
    ['its parent is excluded', [leaving(where('ParentName', { equals: ['sh'] }))], /policy-0 excludes it/],
    ['its arguments are excluded', [leaving(where('Arguments', { glob: ['*main.c'] }))], /policy-0 excludes it/],
    ['its image is excluded', [leaving(where('Image', { prefix: ['shop:'] }))], /policy-0 excludes it/],
    ['one policy excludes it and another counts it', [leaving(where('Rule', { glob: ['*'] })), counting()], undefined],
    [
      'both of two policies exclude it',
      [leaving(where('Rule', { glob: ['*'] })), leaving(where('Agent', { glob: ['*'] }))],
      /excludes it/,
    ],
    [
      'it counts in older pods only',
      [counting({ minimumPodAge: 2 * hour })],
      /policy policy-0 counts only in pods that are at least 7200 s old, and this one was 3600 s/,
    ],
    ['it counts in pods of its age', [counting({ minimumPodAge: hour })], undefined],
    ['policies name another behaviour alone', [counting({ behaviour: 'BinaryDrift' })], undefined],
  ])('is judged by the policies of now: %s', (_, posture, why) => {
    expect(judge(posture)).toEqual(why === undefined ? undefined : expect.stringMatching(why));
  });

  test('counts by the rules by which it counted, though what is left of it could be excluded by them', () => {
    const masked = { ...gcc, arguments: 'gcc -DTOKEN=*** main.c' };
    const posture = [leaving(where('Arguments', { glob: ['*--version*'] }))];
    expect(judge(posture, [masked])).toMatch(/may exclude it/);
    const policies = posture.map((rule) => aPolicy({ name: 'of that time', posture: [rule] }));
    const countedBy = createRulesDigest()('CompilerInContainer', policies, behavioursNamedBy(policies));
    const counted = { ...masked, countedBy };
    expect(judge(posture, [counted])).toBeUndefined();
    expect(
      judge(
        posture.map((rule) => ({ ...rule, severity: 'Low' })),
        [counted],
      ),
    ).toBeUndefined();
    expect(judge([leaving(where('ProcessName', { equals: ['gcc'] }))], [counted])).toMatch(/excludes it/);
    expect(judge([leaving(where('Arguments', { glob: ['*-O2*'] }))], [counted])).toMatch(/may exclude it/);
    expect(judge([...posture, counting({ behaviour: 'BinaryDrift' })], [counted])).toBeUndefined();
    expect(
      judge(
        posture.map((rule) => ({ ...rule, minimumPodAge: 2 * hour })),
        [counted],
      ),
    ).toMatch(/7200 s old/);
  });

  test('is judged as its behaviour is by itself where no policy names it any more', () => {
    const young = { ...gcc, podAge: 60_000 };
    const shell = { behaviour: 'InteractiveShell' };
    expect(judge([counting({ behaviour: 'InteractiveShell', minimumPodAge: 0 })], [young], shell)).toBeUndefined();
    expect(judge([], [young], shell)).toMatch(
      /where no policy names it, it counts only in pods that are at least 600 s/,
    );
  });

  const own = { behaviour: 'BuildTool' };
  const built = (...match: readonly EventMatcher[]) => [counting({ behaviour: 'BuildTool', match })];

  test.each<[string, EventMatcher, RegExp | undefined]>([
    ['as before', where('ProcessName', { equals: ['gcc'] }), undefined],
    ['in another way that fits it, too', where('Executable', { prefix: ['/usr/'] }), undefined],
    ['otherwise', where('ProcessName', { equals: ['make'] }), /policy-0 describes the behaviour otherwise by now/],
  ])('of a behaviour of somebody’s own that is described %s', (_, match, why) => {
    expect(judge(built(match), [gcc], own)).toEqual(why === undefined ? undefined : expect.stringMatching(why));
  });

  const masked = { ...gcc, arguments: 'curl -u *** https://shop' };

  test.each<[string, readonly PostureRule[], EvidenceEvent, typeof own | undefined, RegExp | undefined]>([
    [
      'might be excluded',
      [leaving(where('Arguments', { glob: ['*--fail*'] }))],
      masked,
      undefined,
      /^whether what was seen .* cannot be told: policy policy-0 may exclude it/,
    ],
    [
      'might not be the behaviour',
      built(where('Arguments', { glob: ['*--fail*'] })),
      masked,
      own,
      /may describe the behaviour otherwise/,
    ],
    ['cannot be what is excluded', [leaving(where('Arguments', { prefix: ['wget'] }))], masked, undefined, undefined],
    [
      'one policy excludes, and another might',
      [leaving(where('Rule', { glob: ['*'] })), leaving(where('Arguments', { glob: ['*--fail*'] }))],
      masked,
      undefined,
      /^whether what was seen .* cannot be told: policy policy-1 may exclude it/,
    ],
    [
      'is excluded by what is known',
      [leaving(where('Rule', { equals: ['Compiler run in container'] }))],
      masked,
      undefined,
      /excludes it/,
    ],
  ])('and is stored masked: what %s', (_, posture, event, about, why) => {
    expect(judge(posture, [event], about)).toEqual(why === undefined ? undefined : expect.stringMatching(why));
  });

  test('is all that is kept, and what is sure is told first', () => {
    const make = { ...gcc, process: 'make' };
    const unsure = where('Arguments', { glob: ['*--fail*'] });
    const posture = [leaving(unsure, where('ProcessName', { equals: ['make'] }))];
    expect(judge(posture, [gcc])).toBeUndefined();
    expect(judge(posture, [gcc, make])).toMatch(/process make.* excludes it/);
    expect(judge(posture, [masked, make])).toMatch(/process make.* excludes it/);
  });

  test('is, of a rule of which no event is kept, its name', () => {
    const rules = ['Compiler run in container', 'Build tool run'];
    expect(judge([leaving(where('Rule', { equals: ['Build tool run'] }))], [gcc], { rules })).toMatch(
      /\(rule Build tool run\).* excludes it/,
    );
    const both = [leaving(where('Rule', { equals: ['Build tool run'] })), counting()];
    expect(judge(both, [gcc], { rules })).toBeUndefined();
    expect(judge([leaving(where('ProcessName', { equals: ['make'] }))], [gcc], { rules })).toBeUndefined();
  });

  test('is told without secrets, and no longer than a sentence', () => {
    const event = { ...gcc, process: undefined, executable: `/x?token=hunter2hunter2&${'y'.repeat(4000)}` };
    const why = judge([leaving(where('Agent', { equals: ['Falco'] }))], [event]) ?? '';
    expect(why).not.toContain('hunter2');
    expect(why.length).toBeLessThan(600);
  });
});

test('counts again if and only if the event would count', () => {
  const program = constantFrom('gcc', 'make', 'cc');
  const exclude = array(
    record({
      field: constantFrom('ProcessName' as const, 'Rule' as const, 'Container' as const),
      value: constantFrom('gcc', 'make', 'app', 'A'),
    }),
    { maxLength: 2 },
  ).map((list) => list.map(({ field, value }) => where(field, { equals: [value] })));
  const rule = record({
    behaviour: constantFrom('CompilerInContainer', 'BinaryDrift', 'Ours'),
    exclude,
    minimumPodAge: option(constantFrom(0, hour, 2 * hour), { nil: undefined }),
    match: program.map((name) => [where('ProcessName', { equals: [name] })]),
  }).map(({ match, ...said }) => counting({ ...said, match: said.behaviour === 'Ours' ? match : [] }));
  const policies = array(array(rule, { maxLength: 3 }), { maxLength: 3 });
  const age = option(constantFrom(0, hour), { nil: undefined });
  const digest = createRulesDigest();
  const selectingBy = (postures: readonly (readonly PostureRule[])[]): readonly Policy[] =>
    postures.map((posture, index) => aPolicy({ name: `${index}`, posture }));
  assert(
    property(program, policies, option(policies), age, (name, postures, posturesBefore, podAge) => {
      const nothing = { at: 0, agentType: 'Falco', tags: [], tactics: [], techniques: [], origin: {} };
      const event: SecurityEvent = { ...nothing, rule: 'A', process: { name } };
      const place = { namespace: 'shop', workload: 'cart', container: 'app', image: undefined };
      const selecting = selectingBy(postures);
      const named = behavioursNamedBy(selecting);
      const before = selectingBy(posturesBefore ?? postures);
      const namedBefore = behavioursNamedBy(before);
      const counts = (policies: readonly Policy[], behaviour: string): boolean =>
        classify(event, { ...place, podAge, selecting: policies, named: behavioursNamedBy(policies) }).some(
          (each) => each.behaviour === behaviour,
        );
      for (const behaviour of ['CompilerInContainer', 'Ours']) {
        const countedBy = counts(before, behaviour) ? digest(behaviour, before, namedBefore) : undefined;
        const seenAt = { at: 0, agent: undefined, node: undefined, pod: undefined, podAge, countedBy };
        const evidence = [evidenceOf(event, seenAt)];
        const seen = { behaviour, subject, image: undefined, rules: ['A'], evidence };
        const why = whyNotCounted(seen, { named, selecting: () => selecting, digest });
        expect(why === undefined).toBe(counts(selecting, behaviour));
      }
    }),
    { numRuns: 1000 },
  );
});
