import { describe, expect, it } from 'vitest';
import { createAgentCatalogue } from '../../domain/coverage/agents.ts';
import { aFalco } from '../../domain/testing/agents.ts';
import { aDaemonSet } from '../../domain/testing/pods.ts';
import { validatePolicy } from './validate.ts';

const now = Date.parse('2027-01-01T00:00:00Z');
const past = '2026-12-31T00:00:00Z';
const later = '2027-02-01T00:00:00Z';

const aWorkloadPolicy = (spec: object) => ({
  apiVersion: 'workloadprotection.dev/v1alpha1',
  kind: 'WorkloadPolicy',
  metadata: { name: 'prod' },
  spec,
});

const exemption = (overrides: object = {}) => ({
  selector: { podSelector: { matchLabels: { app: 'old' } } },
  reason: 'it will be gone soon',
  expiresAt: later,
  ...overrides,
});

const validate = (spec: object, before?: object, daemonSet = aDaemonSet()) =>
  validatePolicy({
    raw: aWorkloadPolicy(spec),
    before: before && aWorkloadPolicy(before),
    catalogue: createAgentCatalogue([aFalco({ canary: 600_000 })], [daemonSet]),
    now,
  });

const fieldsOf = (spec: object, before?: object) => validate(spec, before).errors.map(({ field }) => field);

describe('a WorkloadPolicy', () => {
  it.each<[string, object, object | undefined]>([
    ['that asks for nothing', {}, undefined],
    ['with an exemption that ends later', { exemptions: [exemption()] }, undefined],
    [
      'with an exemption that has run out since it was made',
      { exemptions: [exemption({ expiresAt: past })] },
      { exemptions: [exemption({ expiresAt: past })] },
    ],
    [
      'whose ended exemption is only given another reason, or another place',
      { exemptions: [exemption(), exemption({ expiresAt: past, reason: 'as was agreed on' })] },
      { exemptions: [exemption({ expiresAt: past })] },
    ],
    [
      'that still names a rule twice, as it did before',
      { require: { policies: [{ name: 'x', rules: ['a', 'a'] }] }, criticality: 'High' },
      { require: { policies: [{ name: 'x', rules: ['a', 'a'] }] } },
    ],
  ])('%s is accepted', (_, spec, before) => {
    expect(validate(spec, before).errors).toEqual([]);
  });

  it.each<[string, object, object | undefined, readonly string[]]>([
    [
      'a new exemption that is past',
      { exemptions: [exemption({ expiresAt: past })] },
      undefined,
      ['spec.exemptions[0].expiresAt'],
    ],
    [
      'one that is added to an old policy',
      { exemptions: [exemption(), exemption({ expiresAt: past })] },
      { exemptions: [exemption()] },
      ['spec.exemptions[1].expiresAt'],
    ],
    [
      'an end that is moved into the past',
      { exemptions: [exemption({ expiresAt: past })] },
      { exemptions: [exemption()] },
      ['spec.exemptions[0].expiresAt'],
    ],
    [
      'an ended one that is stretched to other pods',
      { exemptions: [exemption({ expiresAt: past, selector: { podSelector: {} } })] },
      { exemptions: [exemption({ expiresAt: past })] },
      ['spec.exemptions[0].expiresAt'],
    ],
    [
      'an agent named twice',
      { require: { agents: [{ name: 'falco' }, { name: 'falco' }] } },
      undefined,
      ['spec.require.agents[1].name'],
    ],
    [
      'a technique named twice',
      { require: { mitre: [{ techniques: ['T1059', 'T1059'] }] } },
      undefined,
      ['spec.require.mitre[0].techniques[1]'],
    ],
    [
      'the same demand twice',
      { require: { mitre: [{ tactic: 'TA0002' }, { tactic: 'TA0002' }] } },
      undefined,
      ['spec.require.mitre[1]'],
    ],
    [
      'a behaviour named twice',
      { posture: [{ behaviour: 'BinaryDrift' }, { behaviour: 'BinaryDrift' }] },
      undefined,
      ['spec.posture[1].behaviour'],
    ],
    [
      'two exemptions of one name',
      { exemptions: [exemption({ name: 'a' }), exemption({ name: 'a', selector: { nodeSelector: {} } })] },
      undefined,
      ['spec.exemptions[1].name'],
    ],
    [
      'an operator that there is not',
      { selector: { podSelector: { matchExpressions: [{ key: 'a', operator: 'Is', values: ['b'] }] } } },
      undefined,
      ['spec.selector.podSelector.matchExpressions[0].operator'],
    ],
    [
      'values where there may be none',
      { selector: { podSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } } },
      undefined,
      ['spec.selector.podSelector.matchExpressions[0]'],
    ],
    [
      'an evidence that cannot be asked for',
      { require: { evidence: 'Declared' } },
      undefined,
      ['spec.require.evidence'],
    ],
    [
      'a startup taint that the agent does not tolerate',
      { nodes: { startupTaint: { enabled: true } } },
      undefined,
      ['spec.nodes.startupTaint.enabled'],
    ],
    [
      'several faults, all at once',
      {
        require: { agents: [{ name: 'falco' }, { name: 'falco' }] },
        exemptions: [exemption({ expiresAt: past })],
        nodes: { startupTaint: { enabled: true } },
      },
      undefined,
      ['spec.exemptions[0].expiresAt', 'spec.require.agents[1].name', 'spec.nodes.startupTaint.enabled'],
    ],
  ])('is refused for %s', (_, spec, before, fields) => {
    expect(fieldsOf(spec, before)).toEqual(fields);
  });

  it('may have a startup taint once an agent tolerates it', () => {
    const tolerations = [
      { key: 'workloadprotection.dev/unprotected', operator: 'Exists', value: '', effect: '' },
    ] as const;
    const daemonSet = aDaemonSet({ scheduling: { tolerations } });
    expect(validate({ nodes: { startupTaint: { enabled: true } } }, undefined, daemonSet).errors).toEqual([]);
  });

  it('keeps its startup taint when an agent no longer tolerates it, so that everything else can be changed', () => {
    const nodes = { startupTaint: { enabled: true } };
    expect(validate({ nodes, criticality: 'Low' }, { nodes }).errors).toEqual([]);
  });

  it.each<[string, object, RegExp]>([
    [
      'an agent without a ProtectionAgent',
      { require: { agents: [{ name: 'falcoo' }] } },
      /there is no ProtectionAgent falcoo; there are falco$/,
    ],
    [
      'labels that exclude each other',
      {
        selector: {
          podSelector: { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['b'] }] },
        },
      },
      /^spec\.selector\.podSelector matches nothing: no value of a is left$/,
    ],
    [
      'a label that must be there and must not',
      {
        selector: {
          nodeSelector: {
            matchExpressions: [
              { key: 'a', operator: 'Exists' },
              { key: 'a', operator: 'DoesNotExist' },
            ],
          },
        },
      },
      /^spec\.selector\.nodeSelector matches nothing: a must be there and must not be$/,
    ],
    [
      'a silence shorter than that of a canary',
      { posture: [{ behaviour: 'CompilerInContainer', quietPeriod: '29m' }] },
      /canary\.interval of ProtectionAgent falco is longer than the quietPeriod of CompilerInContainer/,
    ],
    ['Deny for everything', { admission: { mode: 'Deny' } }, /refuses unprotected pods in every namespace/],
  ])('is accepted with a warning of %s', (_, spec, warning) => {
    expect(validate(spec)).toEqual({ errors: [], warnings: [expect.stringMatching(warning)] });
  });

  it.each<[string, object, readonly unknown[]]>([
    [
      'no longer than the hour in which an agent does not tell of it again',
      { behaviour: 'CompilerInContainer', quietPeriod: '1h' },
      [
        "spec.posture[0].quietPeriod: 1h is not longer than the 1h in which falco does not tell of the same behaviour again: its silence would be taken for the workload's",
      ],
    ],
    ['longer than that', { behaviour: 'CompilerInContainer', quietPeriod: '61m' }, []],
    [
      'short, of what a node says of itself',
      { behaviour: 'OutdatedKernel', minimumVersion: '5.15', quietPeriod: '1m' },
      [],
    ],
  ])('that asks for a silence %s is warned of accordingly', (_, rule, warnings) => {
    const agents = [aFalco({ type: 'Datadog' }), aFalco({ name: 'elsewhere', type: 'Kubescape', namespaces: ['x'] })];
    const catalogue = createAgentCatalogue(agents, [aDaemonSet()]);
    const raw = aWorkloadPolicy({ posture: [rule] });
    expect(validatePolicy({ raw, before: undefined, catalogue, now }).warnings).toEqual(warnings);
  });

  it.each<[string, object, object, string, readonly unknown[]]>([
    [
      'of drift, where the agents on nodes have no rule for it',
      { behaviour: 'BinaryDrift' },
      {},
      'Tetragon',
      [expect.stringMatching(/^spec\.posture\[0\]\.behaviour: no finding will come of BinaryDrift: falco has no rule/)],
    ],
    [
      'of nodes, where it selects none',
      { behaviour: 'OutdatedCgroups' },
      { selector: { namespaceSelector: { matchLabels: { env: 'x' } } } },
      'Falco',
      [expect.stringMatching(/no finding will come of OutdatedCgroups: it is of nodes/)],
    ],
    ['of cgroups, whoever asks kubelets', { behaviour: 'OutdatedCgroups' }, {}, 'Falco', []],
    ['of drift, where rules for it may be loaded', { behaviour: 'BinaryDrift' }, {}, 'Falco', []],
    ['of drift, where another agent is house-made', { behaviour: 'BinaryDrift' }, {}, 'Custom', []],
  ])('that waits for findings %s is warned of accordingly', (_, rule, spec, type, warnings) => {
    const catalogue = createAgentCatalogue(
      [aFalco({ type }), aFalco({ name: 'absent', namespaces: ['x'] })],
      [aDaemonSet()],
    );
    const raw = aWorkloadPolicy({ posture: [rule], ...spec });
    const { errors, warnings: told } = validatePolicy({ raw, before: undefined, catalogue, now });
    expect({ errors, told }).toEqual({ errors: [], told: warnings });
    for (const warning of told) expect(warning.length).toBeLessThanOrEqual(256);
  });

  it('is refused where it is no object at all', () => {
    const catalogue = createAgentCatalogue([], []);
    expect(validatePolicy({ raw: 'policy', before: undefined, catalogue, now }).errors).toHaveLength(1);
  });
});
