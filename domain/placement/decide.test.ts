import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admitting, aPolicy } from '../testing/policies.ts';
import type { AdmissionMode } from '../types.ts';
import type { Answer, PolicyAnswer } from './answer.ts';
import { decidePlacement } from './decide.ts';
import { asWarnings, maximumWarningLength, maximumWarnings, type Emergency } from './wording.ts';

const flagged = (
  mode: AdmissionMode,
  overrides: Partial<PolicyAnswer> & { readonly name?: string } = {},
): PolicyAnswer => ({
  policy: aPolicy({ name: overrides.name ?? 'prod', admission: admitting({ mode, kinds: ['Pod'] }) }),
  verdict: 'Unprotected',
  nodes: { total: 12, free: 0, protected: 0, unprotected: 12, unknown: 0 },
  isFlagged: true,
  isCertain: true,
  gap: {
    reason: 'AgentMissing',
    cause: 'DaemonSet falco/falco does not tolerate dedicated=gpu:NoSchedule',
    remedy: 'Add the toleration',
    nodes: 12,
  },
  ...overrides,
});

const judged = (...policies: readonly PolicyAnswer[]): Answer => ({
  kind: 'Judged',
  verdict: 'Unprotected',
  policies,
  isHypothetical: false,
});

describe('a decision', () => {
  it('warns with policy, cause and remedy', () => {
    expect(decidePlacement(judged(flagged('Warn')), 'Pod')).toEqual({
      allowed: true,
      message: undefined,
      warnings: [
        'WorkloadPolicy prod: the pod will be unprotected on any of the 12 nodes that fit: DaemonSet falco/falco does not tolerate dedicated=gpu:NoSchedule. Add the toleration',
      ],
      auditAnnotations: {
        verdict: 'Unprotected',
        policies: 'prod',
        cause: 'DaemonSet falco/falco does not tolerate dedicated=gpu:NoSchedule',
      },
    });
  });

  it('refuses with cause, remedy, and how to be exempted', () => {
    const { allowed, message, warnings } = decidePlacement(judged(flagged('Deny')), 'Pod');
    expect(allowed).toBe(false);
    expect(warnings).toEqual([]);
    expect(message).toContain('does not tolerate dedicated=gpu:NoSchedule. Remedy: Add the toleration');
    expect(message).toMatch(/spec\.exemptions of WorkloadPolicy prod$/);
  });

  it.each<[string, PolicyAnswer, string]>([
    ['never refuses on what is not certain', flagged('Deny', { isCertain: false }), 'Pod'],
    ['never refuses a controller that the policy does not name', flagged('Deny'), 'Deployment'],
  ])('%s, and warns instead', (_, answer, kind) => {
    expect(decidePlacement(judged(answer), kind)).toMatchObject({ allowed: true, warnings: { length: 1 } });
  });

  it('refuses a controller that the policy names', () => {
    const policy = aPolicy({ name: 'prod', admission: admitting({ mode: 'Deny', refuses: ['Deployment'] }) });
    const { allowed, message } = decidePlacement(judged(flagged('Deny', { policy })), 'Deployment');
    expect(allowed).toBe(false);
    expect(message).toContain('annotate the pods of this Deployment with');
  });

  it('only writes down what a policy audits', () => {
    expect(decidePlacement(judged(flagged('Audit')), 'Pod')).toMatchObject({
      allowed: true,
      warnings: [],
      auditAnnotations: { policies: 'prod' },
    });
  });

  it('lets Deny win over Warn over Audit', () => {
    const answer = judged(
      flagged('Audit', { name: 'a' }),
      flagged('Deny', { name: 'b' }),
      flagged('Warn', { name: 'c' }),
    );
    expect(decidePlacement(answer, 'Pod')).toMatchObject({ allowed: false, auditAnnotations: { policies: 'b,c,a' } });
  });

  const broken = { ok: true, value: { reason: 'the shop is down', until: Date.UTC(2027, 2, 1) } } as const;
  const forbidding = aPolicy({ name: 'strict', admission: admitting({ mode: 'Deny', breakGlass: 'Forbidden' }) });

  it('lets through who breaks the glass, with a warning and a note in the audit log', () => {
    const { allowed, warnings, auditAnnotations } = decidePlacement(
      judged(flagged('Deny'), flagged('Warn', { name: 'other', verdict: 'Partly' })),
      'Pod',
      { emergency: broken },
    );
    expect(allowed).toBe(true);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^let through by break-glass until 2027-03-01T00:00:00\.000Z \(the shop is down\): WorkloadPolicy prod: the pod will be unprotected/,
      ),
      expect.stringMatching(/^WorkloadPolicy other: /),
    ]);
    expect(auditAnnotations).toMatchObject({
      'break-glass': 'the shop is down',
      'break-glass-until': '2027-03-01T00:00:00.000Z',
      'break-glass-policies': 'prod',
    });
  });

  it.each<[string, PolicyAnswer, Emergency | undefined, RegExp]>([
    [
      'who does not ask is told how to',
      flagged('Deny'),
      undefined,
      /In an emergency, annotate the pod with workloadprotection\.dev\/break-glass: "<reason>" and workloadprotection\.dev\/break-glass-until: "<end, such as 2027-03-01T00:00:00Z>"\. To be let through/,
    ],
    [
      'who asks wrongly is told why it does not hold, and how to write it',
      flagged('Deny'),
      { ok: false, problem: '"2h" is no time' },
      /Its break-glass does not hold: "2h" is no time; write workloadprotection\.dev\/break-glass: /,
    ],
    [
      'who asks where it is forbidden is told so',
      flagged('Deny', { policy: forbidding }),
      broken,
      /Break-glass does not help: it is forbidden by WorkloadPolicy strict\. To be let through/,
    ],
  ])('%s', (_, answer, emergency, said) => {
    const { allowed, message } = decidePlacement(judged(answer), 'Pod', { emergency });
    expect(allowed).toBe(false);
    expect(message).toMatch(said);
  });

  it('speaks of no break-glass where it is forbidden and nobody asked', () => {
    expect(decidePlacement(judged(flagged('Deny', { policy: forbidding })), 'Pod').message).not.toMatch(/break-glass/i);
  });

  it('does not speak of a break-glass that nothing asks for', () => {
    const decided = decidePlacement(judged(flagged('Warn')), 'Pod', { emergency: broken });
    expect(decided).toEqual(decidePlacement(judged(flagged('Warn')), 'Pod'));
  });

  const partly = (unprotected: number) =>
    flagged('Deny', {
      verdict: 'Partly',
      nodes: { total: 12, free: 0, protected: 12 - unprotected, unprotected, unknown: 0 },
    });

  it.each<[string, PolicyAnswer, Answer, boolean]>([
    ['that was as bad before', flagged('Deny'), judged(flagged('Deny')), true],
    ['that was worse before', partly(3), judged(flagged('Deny')), true],
    ['with fewer nodes at fault than before', partly(3), judged(partly(4)), true],
    ['with more nodes at fault than before', partly(4), judged(partly(3)), false],
    ['that was protected on some nodes before', flagged('Deny'), judged(partly(3)), false],
    ['that was fine before', flagged('Deny'), judged(flagged('Deny', { isFlagged: false })), false],
    ['that another policy complained of before', flagged('Deny'), judged(flagged('Deny', { name: 'other' })), false],
    ['that no policy selected before', flagged('Deny'), { kind: 'NotSelected' }, false],
  ])('of an update %s', (_, answer, before, allowed) => {
    const decided = decidePlacement(judged(answer), 'Pod', { before });
    expect(decided.allowed).toBe(allowed);
    if (allowed) expect(decided.warnings).toEqual([]);
  });

  it('says nothing of what is not flagged', () => {
    expect(decidePlacement(judged(flagged('Deny', { isFlagged: false })), 'Pod')).toMatchObject({
      allowed: true,
      warnings: [],
    });
  });

  it('warns once for policies that complain of the same', () => {
    const { warnings } = decidePlacement(judged(flagged('Warn', { name: 'a' }), flagged('Warn', { name: 'b' })), 'Pod');
    expect(warnings).toEqual([expect.stringMatching(/^WorkloadPolicies a, b: /)]);
  });

  it('points to the report where a command does not fit', () => {
    const gap = {
      reason: 'AgentMissing' as const,
      cause: 'DaemonSet falco/falco does not tolerate the taint dedicated=gpu:NoSchedule',
      remedy: `Add the toleration: kubectl -n falco patch daemonset falco --type=json -p='${'x'.repeat(200)}'`,
      nodes: 1,
    };
    const [warning = ''] = decidePlacement(judged(flagged('Warn', { gap })), 'Pod').warnings;
    expect(warning).toMatch(/gpu:NoSchedule\. Add the toleration: see kubectl describe cov cluster$/);
  });

  it('never warns longer, or more often, or with other characters, than the API server passes on', () => {
    const text = fc.string({ unit: 'binary', maxLength: 400 });
    const answers = fc.array(
      fc
        .record({ name: text, cause: text, remedy: text, total: fc.nat(200_000), isUnknown: fc.boolean() })
        .map(({ name, cause, remedy, total, isUnknown }) =>
          flagged('Warn', {
            name,
            gap: { reason: 'AgentMissing', cause, remedy, nodes: total },
            verdict: isUnknown ? 'Unknown' : 'Unprotected',
            nodes: { total, free: 0, protected: 0, unprotected: isUnknown ? 0 : total, unknown: isUnknown ? total : 0 },
          }),
        ),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(answers, fc.boolean(), fc.array(text), (policies, isHypothetical, sentences) => {
        const answer: Answer = { kind: 'Judged', verdict: 'Unprotected', policies, isHypothetical };
        const decided = decidePlacement(answer, 'Pod').warnings;
        for (const warnings of [decided, asWarnings(sentences)]) {
          expect(warnings.length).toBeLessThanOrEqual(maximumWarnings);
          for (const warning of warnings) {
            expect(Array.from(warning).length).toBeLessThanOrEqual(maximumWarningLength);
            expect(warning).not.toMatch(/\p{Cc}/u);
            expect(warning.isWellFormed()).toBe(true);
          }
        }
        expect(decided.length).toBeGreaterThan(0);
      }),
    );
  });
});
