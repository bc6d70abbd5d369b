// Falco, as its Helm chart (9.1.0) and as falco-operator (0.4.1) render it.
import { createHash } from 'node:crypto';
import type { Manifest } from '../manifest.ts';
import { controlPlaneOnly, daemonSet, fromNodeName, hostPath, type AgentOptions } from './daemon-set.ts';

export interface FalcoOptions extends AgentOptions {
  /** `nameOverride` of the chart: changes the one label that says "falco". */
  readonly nameOverride?: string;
  /** The chart's `metrics.enabled`: off by default. */
  readonly metrics?: boolean;
  /** The chart's `customRules`: file name → content. */
  readonly customRules?: Readonly<Record<string, string>>;
}

const defaultVersion = '0.44.1';

export const falco = (options: FalcoOptions = {}): readonly Manifest[] => {
  const { namespace = 'falco', name = 'falco', version = defaultVersion } = options;
  const { nameOverride = 'falco', metrics = false, customRules = {} } = options;
  const labels = { 'app.kubernetes.io/name': nameOverride, 'app.kubernetes.io/instance': name };
  const fullLabels = {
    ...labels,
    'helm.sh/chart': 'falco-9.1.0',
    'app.kubernetes.io/version': version,
    'app.kubernetes.io/managed-by': 'Helm',
  };
  const object = (kind: string, suffix: string, data: Readonly<Record<string, string>>): Manifest => ({
    apiVersion: 'v1',
    kind,
    metadata: { name: `${name}${suffix}`, namespace, labels: fullLabels },
    data,
  });
  const hasRules = Object.keys(customRules).length > 0;
  return [
    object('ConfigMap', '', { 'falco.yaml': falcoYaml(metrics) }),
    object('ConfigMap', '-falcoctl', { 'falcoctl.yaml': falcoctlYaml }),
    ...(hasRules ? [object('ConfigMap', '-rules', customRules)] : []),
    daemonSet(
      {
        name,
        namespace,
        labels: fullLabels,
        podLabels: labels,
        podAnnotations: {
          'checksum/config': sha256(falcoYaml(metrics)),
          'checksum/rules': sha256(JSON.stringify(customRules)),
        },
        tolerations: controlPlaneOnly,
        podSpec: {
          initContainers: [falcoctl('falcoctl-artifact-install', 'install')],
          containers: [
            {
              ...mainContainer(options.image ?? 'docker.io/falcosecurity/falco', version),
              volumeMounts: [
                { name: 'rulesfiles-install-dir', mountPath: '/etc/falco' },
                { name: 'proc-fs', mountPath: '/host/proc' },
                { name: 'etc-fs', mountPath: '/host/etc', readOnly: true },
                { name: 'falco-yaml', mountPath: '/etc/falco/falco.yaml', subPath: 'falco.yaml' },
                ...(hasRules ? [{ name: 'rules-volume', mountPath: '/etc/falco/rules.d' }] : []),
              ],
            },
            falcoctl('falcoctl-artifact-follow', 'follow'),
          ],
          volumes: [
            { name: 'rulesfiles-install-dir', emptyDir: {} },
            hostPath('etc-fs', '/etc'),
            hostPath('proc-fs', '/proc'),
            { name: 'falco-yaml', configMap: { name, items: [item('falco.yaml')] } },
            {
              name: 'falcoctl-config-volume',
              configMap: { name: `${name}-falcoctl`, items: [item('falcoctl.yaml')] },
            },
            ...(hasRules ? [{ name: 'rules-volume', configMap: { name: `${name}-rules` } }] : []),
          ],
        },
      },
      options,
    ),
  ];
};

/** By falco-operator: both labels are the name of the custom resource, and nothing needs to say "falco". */
export const falcoByOperator = (options: AgentOptions = {}): readonly Manifest[] => {
  const { namespace = 'falco-operator', name = 'runtime', version = defaultVersion } = options;
  const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/instance': name };
  return [
    daemonSet(
      {
        name,
        namespace,
        labels,
        podLabels: labels,
        tolerations: controlPlaneOnly,
        podSpec: {
          // A native sidecar: an init container that stays.
          initContainers: [
            {
              name: 'artifact-operator',
              image: 'docker.io/falcosecurity/artifact-operator:0.4.1',
              restartPolicy: 'Always',
              env: [fromNodeName('NODE_NAME')],
            },
          ],
          containers: [mainContainer(options.image ?? 'docker.io/falcosecurity/falco', version)],
          volumes: [hostPath('proc-fs', '/proc')],
        },
      },
      options,
    ),
  ];
};

const mainContainer = (image: string, version: string): object => ({
  name: 'falco',
  image: `${image}:${version}`,
  args: ['/usr/bin/falco'],
  env: [{ name: 'HOST_ROOT', value: '/host' }, fromNodeName('FALCO_HOSTNAME'), fromNodeName('FALCO_K8S_NODE_NAME')],
  ports: [{ name: 'web', containerPort: 8765, protocol: 'TCP' }],
  readinessProbe: { httpGet: { path: '/healthz', port: 8765 }, periodSeconds: 15 },
  resources: { requests: { cpu: '100m', memory: '512Mi' }, limits: { cpu: '1000m', memory: '1024Mi' } },
  securityContext: { privileged: true },
});

const item = (key: string): object => ({ key, path: key });

const falcoctl = (name: string, verb: string): object => ({
  name,
  image: 'docker.io/falcosecurity/falcoctl:0.13.0',
  args: ['artifact', verb, '--log-format=json'],
});

const falcoYaml = (metrics: boolean): string => `rules_files:
  - /etc/falco/falco_rules.yaml
  - /etc/falco/falco_rules.local.yaml
  - /etc/falco/rules.d
engine:
  kind: modern_ebpf
webserver:
  enabled: true
  listen_port: 8765
  k8s_healthz_endpoint: /healthz
  prometheus_metrics_enabled: ${metrics}
metrics:
  enabled: ${metrics}
  interval: 1h
`;

const falcoctlYaml = `artifact:
  install:
    refs: [falco-rules:5]
  follow:
    every: 168h
    falcoversions: http://localhost:8765/versions
    refs: [falco-rules:5]
`;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
