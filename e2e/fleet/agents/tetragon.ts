// Tetragon, as its Helm chart (1.7.0) renders it.
import type { Manifest } from '../manifest.ts';
import { daemonSet, everywhere, fromNodeName, hostPath, type AgentOptions } from './daemon-set.ts';

export const tetragon = (options: AgentOptions = {}): readonly Manifest[] => {
  const { namespace = 'kube-system', name = 'tetragon', version = 'v1.7.0' } = options;
  const selector = { 'app.kubernetes.io/name': 'tetragon', 'app.kubernetes.io/instance': name };
  const labels = {
    ...selector,
    'app.kubernetes.io/component': 'agent',
    'app.kubernetes.io/part-of': 'tetragon',
    'app.kubernetes.io/version': version.replace(/^v/, ''),
    'app.kubernetes.io/managed-by': 'Helm',
    'helm.sh/chart': `tetragon-${version.replace(/^v/, '')}`,
  };
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `${name}-config`, namespace, labels },
      data: {
        'export-filename': '/var/run/cilium/tetragon/tetragon.log',
        'export-denylist': '{"health_check":true}\n{"namespace":["", "cilium", "kube-system"]}',
        'metrics-server': ':2112',
        'server-address': 'unix:///var/run/tetragon/tetragon.sock',
        'enable-policy-filter': 'true',
      },
    },
    daemonSet(
      {
        name,
        namespace,
        labels,
        podLabels: labels,
        selector,
        tolerations: everywhere,
        podSpec: {
          hostNetwork: true,
          dnsPolicy: 'Default',
          containers: [
            {
              name: 'export-stdout',
              image: 'quay.io/cilium/hubble-export-stdout:v1.1.1',
              command: ['hubble-export-stdout'],
              args: ['/var/run/cilium/tetragon/tetragon.log'],
            },
            {
              name: 'tetragon',
              image: `${options.image ?? 'quay.io/cilium/tetragon'}:${version}`,
              args: ['--config-dir=/etc/tetragon/tetragon.conf.d/'],
              env: [fromNodeName('NODE_NAME')],
              livenessProbe: { grpc: { port: 6789, service: 'liveness' }, timeoutSeconds: 60 },
              securityContext: { privileged: true },
            },
          ],
          volumes: [
            { name: 'tetragon-config', configMap: { name: `${name}-config` } },
            hostPath('bpf-maps', '/sys/fs/bpf'),
            hostPath('host-proc', '/proc'),
          ],
        },
      },
      options,
    ),
  ];
};
