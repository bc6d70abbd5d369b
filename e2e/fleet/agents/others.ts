// Kubescape's node-agent (chart 1.40.3), Tracee (chart 0.24.1), and both of Sysdig's agents, as their charts render them.
import type { Manifest } from '../manifest.ts';
import { controlPlaneOnly, daemonSet, everywhere, fromNodeName, hostPath, type AgentOptions } from './daemon-set.ts';

export const kubescapeNodeAgent = (options: AgentOptions = {}): readonly Manifest[] => {
  const { namespace = 'kubescape', name = 'node-agent', version = 'v0.3.158' } = options;
  const selector = {
    'app.kubernetes.io/name': 'kubescape-operator',
    'app.kubernetes.io/instance': 'kubescape',
    'app.kubernetes.io/component': 'node-agent',
  };
  const podLabels = { ...selector, app: 'node-agent', 'kubescape.io/tier': 'core' };
  return [
    daemonSet(
      {
        name,
        namespace,
        labels: { ...podLabels, 'helm.sh/chart': 'kubescape-operator-1.40.3', 'app.kubernetes.io/managed-by': 'Helm' },
        podLabels,
        selector,
        tolerations: controlPlaneOnly,
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        podSpec: {
          hostPID: true,
          containers: [
            {
              name: 'node-agent',
              image: `${options.image ?? 'quay.io/kubescape/node-agent'}:${version}`,
              env: [{ name: 'AGENT_VERSION', value: version }, fromNodeName('NodeName')],
              ports: [
                { name: 'prometheus', containerPort: 8080 },
                { name: 'health', containerPort: 7888 },
              ],
              readinessProbe: { httpGet: { path: '/readyz', port: 7888 } },
              livenessProbe: { httpGet: { path: '/livez', port: 7888 } },
              securityContext: { capabilities: { add: ['SYS_ADMIN', 'SYS_PTRACE', 'NET_ADMIN'] } },
            },
          ],
          volumes: [hostPath('host', '/'), hostPath('bpffs', '/sys/fs/bpf')],
        },
      },
      options,
    ),
  ];
};

export const tracee = (options: AgentOptions = {}): readonly Manifest[] => {
  const { namespace = 'tracee', name = 'tracee', version = '0.24.1' } = options;
  const podLabels = { 'app.kubernetes.io/name': 'tracee', 'app.kubernetes.io/instance': name };
  return [
    daemonSet(
      {
        name,
        namespace,
        labels: { ...podLabels, 'app.kubernetes.io/version': version, 'app.kubernetes.io/managed-by': 'Helm' },
        podLabels,
        tolerations: controlPlaneOnly,
        podSpec: {
          hostPID: true,
          containers: [
            {
              name: 'tracee',
              image: `${options.image ?? 'docker.io/aquasec/tracee'}:${version}`,
              args: ['--config', '/tracee/config.yaml'],
              ports: [{ name: 'metrics', containerPort: 3366 }],
              readinessProbe: { httpGet: { path: '/healthz', port: 3366 } },
              securityContext: { privileged: true },
            },
          ],
          volumes: [hostPath('etc-os-release', '/etc/os-release')],
        },
      },
      options,
    ),
  ];
};

export const sysdigAgent = (options: AgentOptions = {}): readonly Manifest[] => {
  const { namespace = 'sysdig-agent', name = 'sysdig-agent', version = '14.7.4' } = options;
  const podLabels = { app: 'sysdig-agent', 'app.kubernetes.io/name': name, 'app.kubernetes.io/instance': name };
  return [
    daemonSet(
      {
        name,
        namespace,
        labels: podLabels,
        podLabels,
        tolerations: everywhere,
        podSpec: {
          hostNetwork: true,
          hostPID: true,
          containers: [
            {
              name: 'sysdig',
              image: `${options.image ?? 'quay.io/sysdig/agent'}:${version}`,
              readinessProbe: {
                exec: { command: ['test', '-e', '/opt/draios/logs/running'] },
                initialDelaySeconds: 10,
              },
              securityContext: { privileged: true },
            },
          ],
          volumes: [hostPath('dev-vol', '/dev')],
        },
      },
      options,
    ),
  ];
};

export const sysdigHostShield = (options: AgentOptions = {}): readonly Manifest[] => {
  const { namespace = 'sysdig', name = 'shield', version = '0.19.0' } = options;
  const podLabels = {
    'app.kubernetes.io/name': 'shield',
    'app.kubernetes.io/instance': name,
    'sysdig/component': 'host',
    'sysdig/component-version': version,
  };
  return [
    daemonSet(
      {
        name: `${name}-host`,
        namespace,
        labels: podLabels,
        podLabels,
        // The version stays out of the selector: it changes.
        selector: {
          'app.kubernetes.io/name': 'shield',
          'app.kubernetes.io/instance': name,
          'sysdig/component': 'host',
        },
        tolerations: everywhere,
        podSpec: {
          hostNetwork: true,
          hostPID: true,
          initContainers: [{ name: 'sysdig-host-shield-kmodule', image: `quay.io/sysdig/agent-kmodule:${version}` }],
          containers: [
            {
              name: 'sysdig-host-shield',
              image: `${options.image ?? 'quay.io/sysdig/host-shield'}:${version}`,
              readinessProbe: {
                httpGet: { host: '127.0.0.1', path: '/healthz', port: 24483 },
                initialDelaySeconds: 90,
              },
              securityContext: { privileged: true },
            },
          ],
          volumes: [hostPath('dev-vol', '/dev')],
        },
      },
      options,
    ),
  ];
};
