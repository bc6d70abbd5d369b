import { describe, expect, it } from 'vitest';
import type { ConfigMapContent, DeclareInput } from '../agent.ts';
import { contractDigest, describeContract } from '../contract.case.ts';
import { datadog } from './adapter.ts';

const aConfigMap = (name: string, data: Readonly<Record<string, string>>): ConfigMapContent => ({
  namespace: 'datadog',
  name,
  labels: {},
  annotations: {},
  data,
  binaryData: {},
});

const daemonSet = (...volumes: readonly unknown[]) => ({
  metadata: { namespace: 'datadog', name: 'datadog' },
  spec: { template: { spec: { volumes } } },
});

const declare = (configMaps: readonly ConfigMapContent[], ...daemonSets: readonly unknown[]) =>
  datadog.declare({
    agent: 'datadog',
    objects: new Map(),
    configMaps,
    daemonSets,
    digest: contractDigest,
  } satisfies DeclareInput);

const policy = `
version: 1.2.0
type: policy
rules:
  - id: compiler_in_ci
    expression: exec.file.name == "gcc"
    product_tags:
      - tactic:TA0005-defense-evasion
      - technique:T1027-obfuscated-files-or-information
      - policy:best-practice
  - id: old_rule
    disabled: true
    product_tags: ["policy:best-practice"]
`;

describe('what is declared for the Datadog Agent', () => {
  it('are the policies in a ConfigMap that its DaemonSet mounts, with their rules', () => {
    const mounted = daemonSet({ configMap: { name: 'our-rules' } });
    expect(
      declare([aConfigMap('our-rules', { 'custom.policy': policy, 'README.md': 'about' })], mounted).policies,
    ).toEqual([
      {
        agent: 'datadog',
        name: 'custom.policy',
        version: '1.2.0',
        source: 'File',
        type: 'BestPractice',
        declaredBy: { kind: 'ConfigMap', namespace: 'datadog', name: 'our-rules' },
        rules: [
          {
            name: 'compiler_in_ci',
            status: 'Loaded',
            tactics: ['TA0005'],
            techniques: ['T1027'],
            type: 'BestPractice',
          },
          { name: 'old_rule', status: 'Disabled', tactics: [], techniques: [], type: 'BestPractice' },
        ],
      },
    ]);
  });

  it.each([
    [
      'in a projected volume',
      'our-rules',
      [daemonSet({ projected: { sources: [{ configMap: { name: 'our-rules' } }] } })],
      1,
    ],
    ['by the operator, under its ending', 'datadog-cws-config', [], 1],
    ['by nobody', 'our-rules', [daemonSet({ configMap: { name: 'other' } })], 0],
    [
      'by one in another namespace',
      'our-rules',
      [{ ...daemonSet({ configMap: { name: 'our-rules' } }), metadata: { namespace: 'x' } }],
      0,
    ],
  ])('are those that are mounted %s', (_, name, daemonSets, expected) => {
    expect(declare([aConfigMap(name, { 'a.policy': policy })], ...daemonSets).policies).toHaveLength(expected);
  });

  it('are noted where a file cannot be read', () => {
    const { policies, notes } = declare([aConfigMap('x-cws-config', { 'a.policy': 'rules: [' })]);
    expect(policies).toEqual([]);
    expect(notes).toEqual([expect.stringContaining('datadog/x-cws-config holds a.policy')]);
  });
});

describe('what the agent leaves out', () => {
  const exclude = (settings: string) =>
    declare([
      aConfigMap('datadog-system-probe-config', {
        'system-probe.yaml': `runtime_security_config:\n  enabled: true\n${settings}`,
      }),
    ]);

  it('is told of namespaces and containers that are named from end to end', () => {
    const { exclusions, notes } = exclude('  container_exclude: "kube_namespace:^batch$ name:^istio-proxy$"\n');
    expect(exclusions).toMatchObject([
      { pods: { namespace: 'batch' }, cause: expect.stringContaining('kube_namespace:^batch$') },
      { pods: { containers: ['istio-proxy'] } },
    ]);
    expect(notes).toEqual([]);
  });

  it('is a note where patterns may match anything', () => {
    const { exclusions, notes } = exclude('  container_exclude: ["image:.*", "kube_namespace:prod"]\n');
    expect(exclusions).toEqual([]);
    expect(notes).toEqual([expect.stringContaining('image:.* kube_namespace:prod')]);
  });

  it('is a note where some of it is taken back', () => {
    const { exclusions, notes } = exclude(
      '  container_exclude: "kube_namespace:^a$"\n  container_include: "name:^b$"\n',
    );
    expect(exclusions).toEqual([]);
    expect(notes).toHaveLength(1);
  });

  it('is nothing by default', () => {
    expect(exclude('')).toMatchObject({ exclusions: [], notes: [] });
  });
});

describeContract(datadog, {
  // It answers nobody.
  healthy: {},
  configMaps: [
    aConfigMap('our-rules', { 'custom.policy': policy }),
    aConfigMap('datadog-system-probe-config', {
      'system-probe.yaml': 'runtime_security_config:\n  container_exclude: "kube_namespace:^batch$ image:x"\n',
    }),
  ],
  daemonSets: [daemonSet({ configMap: { name: 'our-rules' } })],
});
