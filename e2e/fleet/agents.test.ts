// The rendered DaemonSets against what is known of the charts and operators: how a reader of the cluster would recognise them.
import { describe, expect, it } from 'vitest';
import {
  datadogByHelm,
  datadogByOperator,
  falco,
  falcoByOperator,
  kubeArmor,
  kubeArmorByOperator,
  kubescapeNodeAgent,
  sysdigAgent,
  sysdigHostShield,
  tetragon,
  tracee,
} from './agents.ts';
import type { Manifest } from './manifest.ts';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly restartPolicy?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

interface DaemonSetSpec {
  readonly selector: { readonly matchLabels: Record<string, string> };
  readonly updateStrategy: { readonly type: string };
  readonly template: {
    readonly metadata: { readonly labels: Record<string, string>; readonly annotations: Record<string, string> };
    readonly spec: {
      readonly containers: readonly Container[];
      readonly initContainers?: readonly Container[];
      readonly hostNetwork?: boolean;
      readonly tolerations: readonly { readonly key?: string }[];
      readonly nodeSelector?: Record<string, string>;
    };
  };
}

const specOf = (manifests: readonly Manifest[]): DaemonSetSpec => {
  const found = manifests.find(({ kind }) => kind === 'DaemonSet');
  return (found as unknown as { readonly spec: DaemonSetSpec }).spec;
};

const configOf = (manifests: readonly Manifest[], suffix: string): Record<string, string> =>
  manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith(suffix))!['data'] as Record<
    string,
    string
  >;

const rows: readonly [string, readonly Manifest[], string, string, Record<string, string>][] = [
  [
    'falco',
    falco(),
    'falco',
    'docker.io/falcosecurity/falco:0.44.1',
    { 'app.kubernetes.io/name': 'falco', 'app.kubernetes.io/instance': 'falco' },
  ],
  [
    'falco-operator',
    falcoByOperator({ name: 'edge-guard' }),
    'falco',
    'docker.io/falcosecurity/falco:0.44.1',
    { 'app.kubernetes.io/name': 'edge-guard', 'app.kubernetes.io/instance': 'edge-guard' },
  ],
  [
    'tetragon',
    tetragon(),
    'tetragon',
    'quay.io/cilium/tetragon:v1.7.0',
    {
      'app.kubernetes.io/name': 'tetragon',
      'app.kubernetes.io/component': 'agent',
      'app.kubernetes.io/part-of': 'tetragon',
    },
  ],
  [
    'datadog by Helm',
    datadogByHelm(),
    'system-probe',
    'gcr.io/datadoghq/agent:7.81.1',
    {
      app: 'datadog',
      'app.kubernetes.io/component': 'agent',
      'agent.datadoghq.com/component': 'agent',
      'app.kubernetes.io/instance': 'datadog-agent',
      'admission.datadoghq.com/enabled': 'false',
    },
  ],
  [
    'datadog by operator',
    datadogByOperator(),
    'system-probe',
    'gcr.io/datadoghq/agent:7.81.1',
    { 'agent.datadoghq.com/name': 'datadog', 'agent.datadoghq.com/component': 'agent' },
  ],
  ['kubearmor', kubeArmor(), 'kubearmor', 'docker.io/kubearmor/kubearmor:v1.7.4', { 'kubearmor-app': 'kubearmor' }],
  [
    'kubearmor by operator',
    kubeArmorByOperator(),
    'kubearmor',
    'docker.io/kubearmor/kubearmor:v1.7.4',
    { 'kubearmor-app': 'kubearmor', 'kubearmor.io/enforcer': 'bpf', 'kubearmor.io/runtime': 'containerd' },
  ],
  [
    'kubescape',
    kubescapeNodeAgent(),
    'node-agent',
    'quay.io/kubescape/node-agent:v0.3.158',
    {
      'app.kubernetes.io/name': 'kubescape-operator',
      'app.kubernetes.io/component': 'node-agent',
      app: 'node-agent',
      'kubescape.io/tier': 'core',
    },
  ],
  ['tracee', tracee(), 'tracee', 'docker.io/aquasec/tracee:0.24.1', { 'app.kubernetes.io/name': 'tracee' }],
  [
    'sysdig agent',
    sysdigAgent(),
    'sysdig',
    'quay.io/sysdig/agent:14.7.4',
    { app: 'sysdig-agent', 'app.kubernetes.io/name': 'sysdig-agent' },
  ],
  [
    'sysdig host shield',
    sysdigHostShield(),
    'sysdig-host-shield',
    'quay.io/sysdig/host-shield:0.19.0',
    { 'sysdig/component': 'host', 'sysdig/component-version': '0.19.0', 'app.kubernetes.io/name': 'shield' },
  ],
];

describe('the DaemonSet of', () => {
  it.each(rows)('%s carries its labels, container and image', (_, manifests, container, image, labels) => {
    const { template, selector } = specOf(manifests);
    expect(template.metadata.labels).toMatchObject(labels);
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    expect(template.spec.containers.find(({ name }) => name === container)?.image).toBe(image);
  });

  it('Falco has nothing on its pods but name and instance, and tolerates control planes only', () => {
    const { template } = specOf(falco({ name: 'prod' }));
    expect(template.metadata.labels).toEqual({
      'app.kubernetes.io/name': 'falco',
      'app.kubernetes.io/instance': 'prod',
    });
    expect(template.spec.tolerations.map(({ key }) => key)).toEqual([
      'node-role.kubernetes.io/master',
      'node-role.kubernetes.io/control-plane',
    ]);
    expect(Object.keys(template.metadata.annotations)).toEqual(['checksum/config', 'checksum/rules']);
    expect(template.spec.containers.map(({ name }) => name)).toEqual(['falco', 'falcoctl-artifact-follow']);
    expect(template.spec.containers[0]?.env?.map(({ name }) => name)).toContain('FALCO_K8S_NODE_NAME');
  });

  it('Falco by its operator keeps the artifact operator as a native sidecar', () => {
    expect(specOf(falcoByOperator()).template.spec.initContainers).toMatchObject([
      { name: 'artifact-operator', restartPolicy: 'Always' },
    ]);
  });

  it('Falco gives its custom rules in a ConfigMap of their own', () => {
    expect(configOf(falco({ customRules: { 'ours.yaml': '- list: []' } }), '-rules')).toEqual({
      'ours.yaml': '- list: []',
    });
  });

  it.each([true, false])(
    'Datadog by Helm says in the ConfigMap of system-probe whether protection is on: %s',
    (cws) => {
      const manifests = datadogByHelm({ cws });
      expect(configOf(manifests, '-system-probe-config')['system-probe.yaml']).toContain(
        `runtime_security_config:\n  enabled: ${cws}\n`,
      );
      const probe = specOf(manifests).template.spec.containers.find(({ name }) => name === 'system-probe');
      expect(probe?.env?.map(({ name }) => name)).not.toContain('DD_RUNTIME_SECURITY_CONFIG_ENABLED');
    },
  );

  it('Datadog by Helm can have protection on and no security-agent', () => {
    const { template } = specOf(datadogByHelm({ cws: true, securityAgent: false }));
    expect(template.spec.containers.map(({ name }) => name)).not.toContain('security-agent');
  });

  it.each([true, false])('Datadog by its operator says so in the environment: %s', (cws) => {
    const { template } = specOf(datadogByOperator({ cws }));
    const probe = template.spec.containers.find(({ name }) => name === 'system-probe');
    expect(
      probe?.env?.some(({ name, value }) => name === 'DD_RUNTIME_SECURITY_CONFIG_ENABLED' && value === 'true'),
    ).toBe(cws);
  });

  it('KubeArmor by its operator selects nodes of one flavour', () => {
    const flavour = {
      enforcer: 'none',
      runtime: 'crio',
      socket: 'run_crio_crio.sock',
      btf: 'no',
      seccomp: 'yes',
    } as const;
    expect(specOf(kubeArmorByOperator({ flavour })).template.spec.nodeSelector).toMatchObject({
      'kubearmor.io/enforcer': 'none',
    });
  });

  it.each([
    ['tetragon', tetragon()],
    ['sysdig', sysdigAgent()],
  ])('%s uses the address of its node', (_, manifests) => {
    expect(specOf(manifests).template.spec.hostNetwork).toBe(true);
  });

  it('any agent can be placed, versioned, mirrored and relabelled, and still selects its own pods', () => {
    const { template, selector, updateStrategy } = specOf(
      falco({
        version: '0.40.0',
        image: 'mirror.example.com/falcosecurity/falco',
        labelsOverride: { 'app.kubernetes.io/name': undefined, 'app.kubernetes.io/instance': undefined, part: 'guard' },
        tolerations: [{ operator: 'Exists' }],
        nodeSelector: { pool: 'a' },
        updateStrategy: 'OnDelete',
      }),
    );
    expect(template.spec.containers[0]?.image).toBe('mirror.example.com/falcosecurity/falco:0.40.0');
    expect(template.metadata.labels).toEqual({ part: 'guard' });
    expect(selector.matchLabels).toEqual({ part: 'guard' });
    expect(template.spec.nodeSelector).toEqual({ pool: 'a' });
    expect(updateStrategy.type).toBe('OnDelete');
  });
});
