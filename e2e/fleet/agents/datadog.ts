// The Datadog Agent with Workload Protection (CWS), as its Helm chart (3.240.0) and its operator render it. Where the switch is
// seen differs: the chart puts it for system-probe into a ConfigMap, the operator into the environment.
import type { Manifest } from '../manifest.ts';
import { daemonSet, fromNodeName, hostPath, type AgentOptions } from './daemon-set.ts';

export interface DatadogOptions extends AgentOptions {
  /** Whether Workload Protection is on; off by default, as in the chart. */
  readonly cws?: boolean;
  /** Newer installs send from system-probe and have no security-agent container. */
  readonly securityAgent?: boolean;
}

const defaultVersion = '7.81.1';

export const datadogByHelm = (options: DatadogOptions = {}): readonly Manifest[] => {
  const { namespace = 'datadog', name = 'datadog', version = defaultVersion } = options;
  const { cws = false, securityAgent = cws } = options;
  const image = `${options.image ?? 'gcr.io/datadoghq/agent'}:${version}`;
  const labels = {
    'app.kubernetes.io/name': 'datadog',
    'app.kubernetes.io/instance': `${name}-agent`,
    'app.kubernetes.io/component': 'agent',
    'app.kubernetes.io/managed-by': 'Helm',
    'app.kubernetes.io/part-of': `${namespace}-${name}`,
  };
  const podLabels = {
    ...labels,
    app: name,
    'agent.datadoghq.com/component': 'agent',
    'admission.datadoghq.com/enabled': 'false',
  };
  const configMap = `${name}-system-probe-config`;
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: configMap, namespace, labels },
      data: { 'system-probe.yaml': systemProbeYaml(cws) },
    },
    daemonSet(
      {
        name,
        namespace,
        labels,
        podLabels,
        selector: { app: name },
        tolerations: [],
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        podSpec: {
          hostPID: true,
          containers: [
            container('agent', image),
            container('trace-agent', image),
            {
              ...container('system-probe', image),
              volumeMounts: [
                {
                  name: 'sysprobe-config',
                  mountPath: '/etc/datadog-agent/system-probe.yaml',
                  subPath: 'system-probe.yaml',
                },
              ],
            },
            ...(securityAgent
              ? [
                  container('security-agent', image, [
                    { name: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED', value: String(cws) },
                  ]),
                ]
              : []),
          ],
          volumes: [{ name: 'sysprobe-config', configMap: { name: configMap } }, hostPath('procdir', '/proc')],
        },
      },
      options,
    ),
  ];
};

export const datadogByOperator = (options: DatadogOptions = {}): readonly Manifest[] => {
  const { namespace = 'datadog', name = 'datadog', version = defaultVersion, cws = false } = options;
  const image = `${options.image ?? 'gcr.io/datadoghq/agent'}:${version}`;
  const labels = { 'agent.datadoghq.com/name': name, 'agent.datadoghq.com/component': 'agent' };
  const on = cws ? [{ name: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED', value: 'true' }] : [];
  return [
    daemonSet(
      {
        name: `${name}-agent`,
        namespace,
        labels: { ...labels, 'app.kubernetes.io/managed-by': 'datadog-operator' },
        podLabels: labels,
        tolerations: [],
        podSpec: {
          hostPID: true,
          containers: [
            container('agent', image, on),
            container('system-probe', image, on),
            ...(options.securityAgent === true ? [container('security-agent', image, on)] : []),
          ],
          volumes: [hostPath('procdir', '/proc')],
        },
      },
      options,
    ),
  ];
};

/** The agent inside a serverless pod, where nothing can run on the node: eBPF-less, as a sidecar. */
export const datadogSidecar = (version = defaultVersion): object => ({
  name: 'datadog-agent-injected',
  image: `public.ecr.aws/datadog/agent:${version}`,
  env: [
    { name: 'DD_EKS_FARGATE', value: 'true' },
    { name: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED', value: 'true' },
    { name: 'DD_RUNTIME_SECURITY_CONFIG_EBPFLESS_ENABLED', value: 'true' },
    fromNodeName('DD_KUBERNETES_KUBELET_NODENAME'),
  ],
});

const container = (name: string, image: string, env: readonly object[] = []): object => ({
  name,
  image,
  env: [fromNodeName('DD_KUBERNETES_KUBELET_NODENAME'), ...env],
  ...(name === 'system-probe'
    ? { securityContext: { capabilities: { add: ['SYS_ADMIN', 'SYS_RESOURCE', 'BPF'] } } }
    : {}),
});

const systemProbeYaml = (cws: boolean): string => `system_probe_config:
  enabled: true
  sysprobe_socket: /var/run/sysprobe/sysprobe.sock
network_config:
  enabled: false
runtime_security_config:
  enabled: ${cws}
  socket: /var/run/sysprobe/runtime-security.sock
  policies:
    dir: /etc/datadog-agent/runtime-security.d
  activity_dump:
    enabled: ${cws}
`;
