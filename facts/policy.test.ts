import { describe, expect, it } from 'vitest';
import { toPolicy } from './policy.ts';

const metadata = { name: 'production' };

describe('toPolicy', () => {
  it('reads a policy as it is written', () => {
    const spec = {
      selector: {
        namespaceSelector: { matchLabels: { env: 'production' } },
        podSelector: { matchExpressions: [{ key: 'legacy', operator: 'DoesNotExist' }] },
      },
      criticality: 'Critical',
      gracePeriod: '1h30m',
      require: {
        agents: [{ name: 'falco', minVersion: '0.44.0' }, { name: 'tetragon' }],
        evidence: 'Loaded',
        policies: [{ name: 'falco_rules.yaml', minVersion: '1.0', source: 'OCI', rules: ['Terminal shell'] }],
        mitre: [{ tactic: 'TA0002' }, { techniques: ['T1611'], minimumRules: 2 }],
        telemetryMaxAge: '10m',
        maxDropRatio: '0.5%',
      },
      admission: { mode: 'Deny', when: 'AnyNode', kinds: ['Pod'] },
      posture: [
        {
          behaviour: 'CompilerInContainer',
          severity: 'High',
          quietPeriod: '48h',
          quietEvidence: 'Delivered',
          quietNodes: '90%',
          exclude: [{ allOf: [{ field: 'Namespace', prefix: ['build-'] }] }],
        },
      ],
      exemptions: [
        { selector: { podSelector: {} }, reason: 'moves to the new cluster', expiresAt: '2027-03-01T00:00:00+01:00' },
        {
          name: 'lab',
          selector: { nodeSelector: { matchLabels: { pool: 'lab' } } },
          reason: 'wiped every night',
          expiresAt: '2027-04-01T00:00:00Z',
        },
      ],
    };
    expect(toPolicy({ metadata, spec })).toStrictEqual({
      ok: true,
      value: {
        name: 'production',
        selector: {
          namespace: { matchLabels: { env: 'production' }, matchExpressions: [] },
          pod: { matchLabels: {}, matchExpressions: [{ key: 'legacy', operator: 'DoesNotExist', values: [] }] },
          node: undefined,
        },
        criticality: 'Critical',
        require: {
          agents: [
            { name: 'falco', minVersion: '0.44.0' },
            { name: 'tetragon', minVersion: undefined },
          ],
          evidence: 'Loaded',
          policies: [{ name: 'falco_rules.yaml', minVersion: '1.0', source: 'OCI', rules: ['Terminal shell'] }],
          mitre: [
            { tactic: 'TA0002', techniques: [], minimumRules: 1 },
            { tactic: undefined, techniques: ['T1611'], minimumRules: 2 },
          ],
          telemetryMaxAge: 600_000,
          maxDropRatio: 0.005,
        },
        gracePeriod: 5_400_000,
        exemptions: [
          {
            name: '0',
            selector: { namespace: undefined, pod: { matchLabels: {}, matchExpressions: [] }, node: undefined },
            reason: 'moves to the new cluster',
            expiresAt: Date.UTC(2027, 1, 28, 23),
          },
          {
            name: 'lab',
            selector: {
              namespace: undefined,
              pod: undefined,
              node: { matchLabels: { pool: 'lab' }, matchExpressions: [] },
            },
            reason: 'wiped every night',
            expiresAt: Date.UTC(2027, 3, 1),
          },
        ],
        admission: { mode: 'Deny', when: 'AnyNode', kinds: ['Pod'], refuses: ['Pod'], breakGlass: 'Allowed' },
        nodes: { condition: false, startupTaint: { enabled: false, timeLimit: 600_000, onTimeLimit: 'Remove' } },
        posture: [
          {
            behaviour: 'CompilerInContainer',
            match: [],
            severity: 'High',
            quietPeriod: 172_800_000,
            quietEvidence: 'Delivered',
            quietNodes: 0.9,
            quietRuns: 3,
            minimumPodAge: undefined,
            minimumVersion: undefined,
            exclude: [
              {
                allOf: [{ field: 'Namespace', equals: [], prefix: ['build-'], suffix: [], glob: [] }],
              },
            ],
          },
        ],
      },
    });
  });

  it('refuses the controllers that are named, and without a list pods alone', () => {
    const refuses = (admission: object) => {
      const policy = toPolicy({ metadata, spec: { admission } });
      return policy.ok && policy.value.admission.refuses;
    };
    expect(refuses({ mode: 'Deny', kinds: ['Deployment'] })).toEqual(['Deployment']);
    expect(refuses({ mode: 'Deny' })).toEqual(['Pod']);
  });

  it('reads what is written onto nodes', () => {
    const nodes = { condition: true, startupTaint: { enabled: true, timeLimit: '90s', onTimeLimit: 'Keep' } };
    expect(toPolicy({ metadata, spec: { nodes } })).toMatchObject({
      ok: true,
      value: { nodes: { condition: true, startupTaint: { enabled: true, timeLimit: 90_000, onTimeLimit: 'Keep' } } },
    });
  });

  it('takes an empty policy for everything, with the defaults of its schema', () => {
    expect(toPolicy({ metadata })).toMatchObject({
      ok: true,
      value: {
        selector: { namespace: undefined, pod: undefined, node: undefined },
        criticality: 'Medium',
        gracePeriod: 300_000,
        require: { agents: [], evidence: 'Running' },
        admission: { mode: 'Off', when: 'AllNodes' },
      },
    });
  });

  it('lists every path that is wrong', () => {
    const spec = {
      gracePeriod: '3 days',
      exemptions: [{ selector: { podSelector: {} }, reason: 'no', expiresAt: 'never' }],
    };
    const result = toPolicy({ metadata, spec });
    expect(result).toMatchObject({ ok: false, name: 'production' });
    const error = result.ok ? '' : result.error;
    expect(error).toContain('spec.gracePeriod: gracePeriod must be a duration');
    expect(error).toContain('spec.exemptions[0].reason: ');
    expect(error).toContain('spec.exemptions[0].expiresAt: must be a time');
  });

  it.each([
    ['null', null],
    ['a text', 'policy'],
    ['a list', []],
    ['another kind', { kind: 'Pod', metadata }],
  ])('refuses %s, rather than demand things of everything', (_, raw) => {
    expect(toPolicy(raw).ok).toBe(false);
  });

  it('does not mind a status of another version', () => {
    expect(toPolicy({ metadata, status: { matched: 'many' } }).ok).toBe(true);
  });
});
