import { describe, expect, it } from 'vitest';
import type { DeclaredPolicy, Declarations } from '../../domain/telemetry/types.ts';
import { catalogueLabel, type ConfigMapContent, type DeclareInput } from '../agent.ts';
import { contractDigest } from '../contract.case.ts';
import { fixture } from '../testing/read.ts';
import { declareFalco } from './declare.ts';

interface Objects {
  readonly daemonSets: readonly unknown[];
  readonly configMaps: readonly ConfigMapContent[];
  readonly rulesfiles?: readonly unknown[];
  readonly configs?: readonly unknown[];
  readonly artifactnodes?: readonly unknown[];
}

const helm: Objects = JSON.parse(fixture('falco', 'helm-0.44.1.json'));
const operator: Objects = JSON.parse(fixture('falco', 'falco-operator-0.4.1.json'));

const declare = ({
  daemonSets,
  configMaps,
  rulesfiles = [],
  configs = [],
  artifactnodes = [],
}: Objects): Declarations =>
  declareFalco({
    agent: 'falco',
    objects: new Map([
      ['rulesfiles', rulesfiles],
      ['configs', configs],
      ['artifactnodes', artifactnodes],
    ]),
    configMaps,
    daemonSets,
    digest: contractDigest,
  } satisfies DeclareInput);

const aConfigMap = (name: string, data: Readonly<Record<string, string>>, labels = {}): ConfigMapContent => ({
  namespace: 'falco',
  name,
  labels,
  annotations: {},
  data,
  binaryData: {},
});

/** With these ConfigMaps in the place of those of the same names, or beside them. */
const withConfigMaps = (objects: Objects, ...more: readonly ConfigMapContent[]): Objects => ({
  ...objects,
  configMaps: [...objects.configMaps.filter(({ name }) => more.every((item) => item.name !== name)), ...more],
});

const named = ({ policies }: Declarations, name: string): DeclaredPolicy | undefined =>
  policies.find((policy) => policy.name === name);

const catalogue = (name: string, text: string, file = 'falco_rules.yaml'): ConfigMapContent =>
  aConfigMap(name, { [file]: text }, { [catalogueLabel]: 'falco' });

const shell = (technique = 'T1059'): string =>
  `- rule: Terminal shell in container\n  desc: d\n  condition: c\n  output: o\n  priority: NOTICE\n  tags: [${technique}]\n`;

describe('Falco by its Helm chart declares', () => {
  it('the artifact that falcoctl installs, and each custom file with its digest', () => {
    const { policies, notes } = declare(helm);
    expect(policies.map(({ name, source, version, declaredBy }) => [name, source, version, declaredBy.name])).toEqual([
      ['falco_rules.yaml', 'OCI', '5', 'falco-falcoctl'],
      ['posture.yaml', 'ConfigMap', undefined, 'falco-rules'],
      ['tuning.yaml', 'ConfigMap', undefined, 'falco-rules'],
    ]);
    expect(named(declare(helm), 'posture.yaml')?.digest).toBe(
      contractDigest(helm.configMaps[1]?.data['posture.yaml'] ?? ''),
    );
    expect(notes).toEqual([]);
  });

  it('the rules of custom files, whose digest then stands for them', () => {
    const declared = declare(helm);
    const policy = named(declared, 'posture.yaml');
    expect(policy?.rules).toEqual([
      {
        name: 'Compiler in Container',
        status: 'Loaded',
        tactics: ['TA0002'],
        techniques: ['T1027.004'],
        type: 'BestPractice',
      },
    ]);
    expect(declared.contents).toContainEqual({ digest: policy?.digest, rules: policy?.rules });
  });

  it('a rule as falco.yaml leaves it', () => {
    const { data } = helm.configMaps[0] ?? aConfigMap('', {});
    const quiet = aConfigMap('falco', { 'falco.yaml': `${data['falco.yaml']}- disable: {rule: Compiler*}\n` });
    expect(named(declare(withConfigMaps(helm, quiet)), 'posture.yaml')?.rules?.[0]?.status).toBe('Disabled');
  });

  it('a file that Falco refuses as not in force, in the words of what is wrong', () => {
    const broken = aConfigMap('falco-rules', { 'posture.yaml': '- rule: R\n  condition: c' });
    expect(named(declare(withConfigMaps(helm, broken)), 'posture.yaml')?.trouble).toEqual({
      cause: `Falco refuses posture.yaml of ConfigMap falco/falco-rules: rule "R": there is no mapping for key 'output'`,
      remedy: 'Mend posture.yaml in ConfigMap falco/falco-rules',
    });
  });

  it('an artifact that is installed and never read as not in force', () => {
    const more = aConfigMap('falco-falcoctl', {
      'falcoctl.yaml': 'artifact: {install: {refs: ["ghcr.io/falcosecurity/rules/falco-incubating-rules:6.0.1"]}}',
    });
    const policy = named(declare(withConfigMaps(helm, more)), 'falco-incubating_rules.yaml');
    expect(policy).toMatchObject({ version: '6.0.1', source: 'OCI' });
    expect(policy?.trouble?.remedy).toContain('Add /etc/falco/falco-incubating_rules.yaml to rules_files');
  });

  it('only what containers of falcoctl bring', () => {
    const without = JSON.parse(JSON.stringify(helm.daemonSets).replaceAll('falcoctl-artifact-', 'other-'));
    expect(declare({ ...helm, daemonSets: without }).policies.map(({ name }) => name)).toEqual([
      'posture.yaml',
      'tuning.yaml',
    ]);
  });

  it('in a note what it cannot tell of artifacts', () => {
    const own = aConfigMap('falco-falcoctl', {
      'falcoctl.yaml': 'artifact: {follow: {refs: ["registry:5000/mine/acme-rules:1", "k8saudit:0.7"]}}',
    });
    expect(declare(withConfigMaps(helm, own)).notes).toEqual([
      'No object says which rules files the artifact registry:5000/mine/acme-rules:1 brings, which falcoctl installs.',
    ]);
  });

  it('in a note that falco.yaml cannot be read', () => {
    const { notes, policies } = declare(withConfigMaps(helm, aConfigMap('falco', { 'falco.yaml': 'a: [' })));
    expect(notes).toEqual([
      "falco.yaml in ConfigMap falco/falco is not readable YAML, so Falco's own defaults are assumed instead.",
    ]);
    expect(policies).toHaveLength(3);
  });

  it('in notes that stay readable, however much cannot be told', () => {
    const refs = Array.from({ length: 30 }, (_, index) => `r${index}/acme-rules:1`);
    const many = aConfigMap('falco-falcoctl', { 'falcoctl.yaml': JSON.stringify({ artifact: { follow: { refs } } }) });
    const { notes } = declare(withConfigMaps(helm, many));
    expect([notes.length, notes.at(-1)]).toEqual([21, 'And 10 more of this kind.']);
  });

  it('nothing without a DaemonSet', () => {
    expect(declare({ ...helm, daemonSets: [] })).toEqual({ policies: [], contents: [], exclusions: [], notes: [] });
  });
});

describe('a rules catalogue', () => {
  it('makes the rules of an artifact known by the digest of its file, with the changes that custom files make', () => {
    const { contents } = declare(withConfigMaps(helm, catalogue('catalogue', shell())));
    expect(contents.find(({ digest }) => digest === contractDigest(shell()))?.rules).toEqual([
      {
        name: 'Terminal shell in container',
        status: 'Disabled',
        message: 'a rules file disables it',
        tactics: [],
        techniques: ['T1059'],
      },
    ]);
  });

  it('may hold several versions of a file', () => {
    const { contents } = declare(
      withConfigMaps(helm, catalogue('catalogue-5', shell()), catalogue('catalogue-6', shell('T1609'))),
    );
    const techniques = ['T1059', 'T1609'].map((id) =>
      contents.find(({ digest }) => digest === contractDigest(shell(id)))?.rules[0]?.techniques.join(),
    );
    expect(techniques).toEqual(['T1059', 'T1609']);
  });

  it('is of use for a file that no settings name, too', () => {
    const { contents } = declare({ daemonSets: [], configMaps: [catalogue('catalogue', shell(), 'other.yaml')] });
    expect(contents.map(({ rules }) => rules[0]?.status)).toEqual(['Loaded']);
  });

  it('makes it known that a custom file changes a rule which is not there', () => {
    const other = shell().replace('Terminal shell in container', 'Another rule');
    expect(
      named(declare(withConfigMaps(helm, catalogue('catalogue', other))), 'tuning.yaml')?.trouble?.cause,
    ).toContain('rule "Terminal shell in container" is changed, but no rule by that name comes before');
  });

  it('of another agent is not looked at', () => {
    const foreign = aConfigMap('catalogue', { 'falco_rules.yaml': shell() }, { [catalogueLabel]: 'falco-edge' });
    expect(declare(withConfigMaps(helm, foreign)).contents).toHaveLength(2);
  });

  it('that cannot be read says so', () => {
    expect(declare(withConfigMaps(helm, catalogue('catalogue', 'rule: x'))).notes).toEqual([
      'falco_rules.yaml in the rules catalogue ConfigMap falco/catalogue cannot be used: its content is not a list of lists, macros and rules.',
    ]);
  });
});

describe('several DaemonSets', () => {
  const daemonSet = (name: string, nodeSelector: object, configMap: string): unknown => ({
    metadata: { namespace: 'falco', name },
    spec: {
      template: {
        spec: {
          nodeSelector,
          containers: [{ name: 'falco', volumeMounts: [{ name: 'rules', mountPath: '/etc/falco/rules.d/' }] }],
          volumes: [{ name: 'rules', projected: { sources: [{ configMap: { name: configMap } }] } }],
        },
      },
    },
  });
  const rules = [aConfigMap('rules-a', { 'a.yaml': shell() }), aConfigMap('rules-b', { 'b.yaml': shell() })];

  it('declare what only one of them has for its nodes', () => {
    const { policies } = declare({
      daemonSets: [daemonSet('b', { pool: 'b' }, 'rules-b'), daemonSet('a', { pool: 'a' }, 'rules-a')],
      configMaps: rules,
    });
    expect(policies.map(({ name, nodeSelector }) => [name, nodeSelector?.matchLabels])).toEqual([
      ['a.yaml', { pool: 'a' }],
      ['b.yaml', { pool: 'b' }],
    ]);
  });

  it('declare once what they share', () => {
    const { policies } = declare({
      daemonSets: [daemonSet('b', { pool: 'b' }, 'rules-a'), daemonSet('a', { pool: 'a' }, 'rules-a')],
      configMaps: rules,
    });
    expect(policies).toEqual([expect.not.objectContaining({ nodeSelector: expect.anything() })]);
  });
});

describe('falco-operator declares', () => {
  it('each Rulesfile under the name of the file that it becomes', () => {
    const { policies } = declare(operator);
    expect(policies.map(({ name, source, version }) => [name, source, version])).toEqual([
      ['07-03-inline-inline.yaml', 'CustomResource', undefined],
      ['10-01-falco-rules-oci.yaml', 'OCI', '5'],
      ['50-02-team-configmap.yaml', 'ConfigMap', undefined],
    ]);
    expect(policies[2]).toMatchObject({
      nodeSelector: { matchLabels: { pool: 'gpu' } },
      declaredBy: { kind: 'Rulesfile', namespace: 'falco', name: 'team' },
      digest: contractDigest(operator.configMaps[0]?.data['rules.yaml'] ?? ''),
    });
  });

  it('the digest of an artifact as the nodes tell it', () => {
    expect(named(declare(operator), '10-01-falco-rules-oci.yaml')?.digest).toBe(
      'sha256:0f343b0931126a20f133d67c2b018a3b5e1ad4b4a4e0b7a3a8f3b0f7a3a8f3b0',
    );
  });

  it('rules under the settings of its Config resources', () => {
    const statuses = declare(operator).policies.map(({ rules }) => rules?.[0]?.status);
    expect(statuses).toEqual(['Loaded', undefined, 'Filtered']);
  });

  it('a Rulesfile as not in force where its conditions say so', () => {
    const failed = {
      ...(operator.rulesfiles?.[0] as object),
      status: {
        conditions: [
          { type: 'Programmed', status: 'False', reason: 'OCIArtifactStoreFailed', message: 'no route to ghcr.io' },
        ],
      },
    };
    expect(declare({ ...operator, rulesfiles: [failed] }).policies[0]?.trouble).toEqual({
      cause: 'Rulesfile falco/falco-rules is not in force: OCIArtifactStoreFailed: no route to ghcr.io',
      remedy:
        'Mend what Rulesfile falco/falco-rules refers to, and see kubectl describe rulesfile falco-rules -n falco',
    });
  });

  it('a Rulesfile as not in force whose ConfigMap is not there', () => {
    expect(named(declare({ ...operator, configMaps: [] }), '50-02-team-configmap.yaml')?.trouble?.remedy).toBe(
      'Create ConfigMap falco/team-rules with the rules under the key rules.yaml',
    );
  });

  it('rules that are written as a structure, without a digest of its own', () => {
    const rulesfile = {
      metadata: { namespace: 'falco', name: 'structured' },
      spec: { inlineRules: [{ rule: 'R', desc: 'd', condition: 'c', output: 'o', priority: 'ERROR' }] },
    };
    const [policy] = declare({ ...operator, rulesfiles: [rulesfile] }).policies;
    expect(policy).not.toHaveProperty('digest');
    expect(policy?.rules?.map(({ name }) => name)).toEqual(['R']);
  });

  it('rules for other sources than system calls as loaded, since its plugins come by resources of their own', () => {
    const rulesfile = {
      metadata: { namespace: 'falco', name: 'audit' },
      spec: { inlineRules: `${shell().replace('NOTICE', 'ERROR')}  source: k8s_audit\n` },
    };
    const [policy] = declare({ ...operator, rulesfiles: [rulesfile] }).policies;
    expect(policy?.rules?.map(({ status }) => status)).toEqual(['Loaded']);
  });

  it('in notes what holds for some nodes only', () => {
    const configs = [
      { metadata: { namespace: 'falco', name: 'gpu' }, spec: { selector: { matchLabels: { a: 'b' } } } },
    ];
    const failing = structuredClone(operator.artifactnodes?.[0]) as { status: object };
    failing.status = { conditions: [{ type: 'Programmed', status: 'False', reason: 'ProgramFailed' }] };
    const again = { ...failing, metadata: { ...(failing as { metadata?: object }).metadata, name: 'falco-rules-b' } };
    expect(declare({ ...operator, configs, artifactnodes: [failing, again] }).notes).toEqual([
      'Config falco/gpu is for some nodes only, so what it says of rules is not taken into account.',
      'Rulesfile falco/falco-rules is not on every node: ProgramFailed (2 nodes).',
    ]);
  });

  it('nothing in namespaces in which it does not run, nor where no sidecar writes files', () => {
    const elsewhere = { metadata: { namespace: 'other', name: 'x' }, spec: { inlineRules: shell() } };
    expect(declare({ ...operator, rulesfiles: [elsewhere] }).policies).toEqual([]);
    expect(declare({ ...helm, rulesfiles: operator.rulesfiles ?? [] }).policies).toHaveLength(3);
  });
});
