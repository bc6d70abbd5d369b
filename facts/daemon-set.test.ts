import { describe, expect, it } from 'vitest';
import { projectDaemonSet } from './daemon-set.ts';

const datadog = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: {
    name: 'datadog',
    namespace: 'datadog',
    creationTimestamp: '2026-03-01T00:00:00Z',
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    ownerReferences: [
      { apiVersion: 'datadoghq.com/v2alpha1', kind: 'DatadogAgent', name: 'datadog', uid: '1', controller: true },
    ],
  },
  spec: {
    selector: { matchLabels: { app: 'datadog' } },
    template: {
      metadata: { labels: { app: 'datadog', 'agent.datadoghq.com/component': 'agent' } },
      spec: {
        hostNetwork: true,
        hostPID: true,
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [{ operator: 'Exists' }],
        initContainers: [
          { name: 'init-config', image: 'gcr.io/datadoghq/agent:7.70.0', env: [{ name: 'DD_REMOTE', value: 'true' }] },
        ],
        containers: [
          {
            name: 'system-probe',
            image: 'gcr.io/datadoghq/agent:7.70.0',
            env: [
              { name: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED', value: 'true' },
              { name: 'DD_EMPTY' },
              { name: 'DD_API_KEY', valueFrom: { secretKeyRef: { name: 'datadog', key: 'api-key' } } },
              { name: 'DD_SITE', valueFrom: { configMapKeyRef: { name: 'site', key: 'site' } } },
            ],
            envFrom: [{ configMapRef: { name: 'common-env' } }, { secretRef: { name: 'hidden' } }],
          },
        ],
        volumes: [
          { name: 'sysprobe-config', configMap: { name: 'datadog-system-probe-config' } },
          {
            name: 'all',
            projected: {
              sources: [
                { configMap: { name: 'datadog-checks' } },
                { secret: { name: 's' } },
                { configMap: { name: 'site' } },
              ],
            },
          },
          { name: 'run', hostPath: { path: '/var/run' } },
        ],
      },
    },
  },
};

describe('projectDaemonSet', () => {
  it('reads an agent’s DaemonSet', () => {
    expect(projectDaemonSet(datadog)).toStrictEqual({
      namespace: 'datadog',
      name: 'datadog',
      owner: { apiVersion: 'datadoghq.com/v2alpha1', kind: 'DatadogAgent', name: 'datadog' },
      labels: { 'app.kubernetes.io/managed-by': 'Helm' },
      podLabels: { app: 'datadog', 'agent.datadoghq.com/component': 'agent' },
      containers: [
        { name: 'init-config', image: 'gcr.io/datadoghq/agent:7.70.0', role: 'init', env: { DD_REMOTE: 'true' } },
        {
          name: 'system-probe',
          image: 'gcr.io/datadoghq/agent:7.70.0',
          role: 'main',
          env: { DD_RUNTIME_SECURITY_CONFIG_ENABLED: 'true', DD_EMPTY: '' },
        },
      ],
      configMaps: ['common-env', 'datadog-checks', 'datadog-system-probe-config', 'site'],
      scheduling: {
        nodeName: undefined,
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        affinity: undefined,
        tolerations: [{ key: '', operator: 'Exists', value: '', effect: '' }],
        extendedResources: [],
        runtimeClass: undefined,
        operatingSystem: undefined,
      },
      hostNetwork: true,
      createdAt: Date.UTC(2026, 2, 1),
    });
  });
});
