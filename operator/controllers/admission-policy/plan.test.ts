import { describe, expect, it } from 'vitest';
import { createAgentCatalogue } from '../../../domain/coverage/agents.ts';
import { aFalco } from '../../../domain/testing/agents.ts';
import { aDaemonSet, anywhere } from '../../../domain/testing/pods.ts';
import {
  admitting as admittingNothing,
  anExemption,
  aPolicy,
  labelled,
  selecting,
} from '../../../domain/testing/policies.ts';
import type { Policy } from '../../../domain/types.ts';
import { generate, isWanted, type Generated } from './plan.ts';

const now = Date.parse('2026-05-01T12:00:00Z');
const excluded = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] };
const configuration = {
  webhooks: [
    {
      name: 'pods.workloadprotection.dev',
      namespaceSelector: { matchExpressions: [excluded] },
      objectSelector: {},
      matchConditions: [{ name: 'mine', expression: 'true' }],
    },
  ],
};
const daemonSet = aDaemonSet({ scheduling: { ...anywhere, nodeSelector: { os: 'linux' } } });

const admitting = (overrides: Partial<Policy['admission']>): Policy['admission'] =>
  admittingNothing({ kinds: ['Pod'], refuses: ['Pod'], ...overrides });

const make = (overrides: Partial<Policy>, given: { readonly configuration?: unknown } = {}): Generated =>
  generate({
    policy: aPolicy({ name: 'vault', admission: admitting({ mode: 'Deny' }), ...overrides }),
    raw: { metadata: { name: 'vault', uid: 'u', generation: 7 } },
    catalogue: createAgentCatalogue([aFalco()], [daemonSet]),
    runtimeClasses: [{ name: 'isolated', handler: 'kata', nodeSelector: {}, tolerations: [] }],
    runs: () => false,
    configuration,
    ownerUid: 'owner',
    now,
    ...given,
  });

const made = (overrides: Partial<Policy> = {}) => {
  const generated = make(overrides);
  if (generated.kind === 'Refused') throw new Error(generated.why);
  return JSON.parse(JSON.stringify(generated)) as {
    readonly policy: {
      readonly metadata: { readonly name: string; readonly ownerReferences: readonly object[] };
      readonly spec: {
        readonly failurePolicy: string;
        readonly matchConstraints: { readonly namespaceSelector: object; readonly objectSelector: object };
        readonly matchConditions: readonly { readonly name: string; readonly expression: string }[];
        readonly variables: readonly { readonly name: string; readonly expression: string }[];
        readonly validations: readonly { readonly messageExpression: string }[];
      };
    };
    readonly binding: { readonly spec: { readonly validationActions: readonly string[]; readonly paramRef: object } };
  };
};
const variable = (name: string, overrides: Partial<Policy> = {}): string | undefined =>
  made(overrides).policy.spec.variables.find((each) => each.name === name)?.expression;

describe('a generated policy', () => {
  it('fails open, goes with its role, and holds for the generation that it was made from', () => {
    const { policy, binding } = made();
    expect(policy.metadata).toMatchObject({
      name: 'vault.workloadprotection.dev',
      ownerReferences: [{ kind: 'ClusterRole', name: 'workload-protection-admission-policies', uid: 'owner' }],
    });
    expect(policy.spec.failurePolicy).toBe('Ignore');
    expect(policy.spec.matchConditions[0]?.expression).toContain('params.metadata.generation == 7');
    expect(binding.spec.paramRef).toEqual({ name: 'vault', parameterNotFoundAction: 'Allow' });
  });

  it('leaves out what the webhook leaves out', () => {
    const { matchConstraints, matchConditions } = made({
      selector: selecting({ namespace: labelled({ env: 'production' }), pod: labelled({ app: 'web' }) }),
    }).policy.spec;
    expect(matchConstraints).toMatchObject({
      namespaceSelector: { matchLabels: { env: 'production' }, matchExpressions: [excluded] },
      objectSelector: { matchLabels: { app: 'web' } },
    });
    expect(matchConditions.at(-1)).toEqual({ name: 'mine', expression: 'true' });
  });

  it.each<[string, Partial<Policy['admission']>, string]>([
    ['Deny', { mode: 'Deny' }, 'Deny'],
    ['Deny that refuses other kinds', { mode: 'Deny', refuses: ['Deployment'] }, 'Warn'],
    ['Warn', { mode: 'Warn' }, 'Warn'],
    ['Audit', { mode: 'Audit' }, 'Audit'],
  ])('does for %s what the webhook does', (_, admission, action) => {
    expect(made({ admission: admitting(admission) }).binding.spec.validationActions).toEqual([action]);
  });

  it('speaks of break-glass and exemptions only where it refuses, and of what is allowed', () => {
    const words = (admission: Partial<Policy['admission']>): string =>
      made({ admission: admitting(admission) }).policy.spec.validations[0]?.messageExpression ?? '';
    expect(words({ mode: 'Deny' })).toContain('In an emergency');
    expect(words({ mode: 'Deny', breakGlass: 'Forbidden' })).not.toContain('In an emergency');
    expect(words({ mode: 'Warn' })).not.toContain('spec.exemptions');
    expect(variable('breaksGlass', { admission: admitting({ mode: 'Deny', breakGlass: 'Forbidden' }) })).toBe('false');
  });

  it('exempts until the end of the exemption, and no more once it is past', () => {
    const exempting = (expiresAt: number): Partial<Policy> => ({
      exemptions: [anExemption({ selector: selecting({ pod: labelled({ app: 'legacy' }) }), expiresAt })],
    });
    expect(variable('isExempt', exempting(now + 1000))).toContain('timestamp("2026-05-01T12:00:01.000Z")');
    expect(variable('isExempt', exempting(now))).toBe('false');
  });

  it.each<[string, Partial<Policy>, { readonly configuration?: unknown }, string]>([
    ['that is off', { admission: admitting({ mode: 'Off' }) }, {}, 'judges no pods'],
    ['of controllers', { admission: admitting({ mode: 'Deny', kinds: ['Deployment'] }) }, {}, 'judges no pods'],
    ['of some nodes', { selector: selecting({ node: labelled({ pool: 'a' }) }) }, {}, 'it has a nodeSelector'],
    ['with too long a name', { name: 'a'.repeat(250) }, {}, 'its name is longer than 230 characters'],
    ['without a webhook', {}, { configuration: undefined }, 'has no entry pods.workloadprotection.dev'],
  ])('is not made for one %s', (_, policy, given, why) => {
    expect(make(policy, given)).toEqual({ kind: 'Refused', why: expect.stringContaining(why) as string });
  });

  it('is asked for by an annotation', () => {
    const annotated = (value: string) => ({
      metadata: { name: 'a', uid: 'u', annotations: { 'workloadprotection.dev/admission-policy': value } },
    });
    expect([annotated('true'), annotated('false'), { metadata: { name: 'a', uid: 'u' } }].map(isWanted)).toEqual([
      true,
      false,
      false,
    ]);
  });
});
