import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admitting, aPolicy } from '../testing/policies.ts';
import type { AdmissionMode } from '../types.ts';
import type { Answer, PolicyAnswer } from './answer.ts';
import { decidePlacement } from './decide.ts';
import { asWarnings, maximumWarningLength, maximumWarnings } from './wording.ts';

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
    ['never refuses a controller', flagged('Deny'), 'Deployment'],
  ])('%s, and warns instead', (_, answer, kind) => {
    expect(decidePlacement(judged(answer), kind)).toMatchObject({ allowed: true, warnings: { length: 1 } });
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
