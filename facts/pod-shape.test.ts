import { describe, expect, it } from 'vitest';
import { projectPodShape } from './pod-shape.ts';

const main = { name: 'app', image: 'app:1' };
const shapeOf = (spec: object) =>
  projectPodShape({ metadata: { labels: { app: 'a' } }, spec: { containers: [main], ...spec } });

describe('projectPodShape', () => {
  it('tells init containers, native sidecars, main and ephemeral containers apart', () => {
    const { containers } = shapeOf({
      initContainers: [
        { name: 'migrate', image: 'migrate:1' },
        { name: 'proxy', image: 'istio/proxyv2:1.26.0', restartPolicy: 'Always' },
      ],
      ephemeralContainers: [{ name: 'debugger-x7v2k', image: 'busybox:1.37', targetContainerName: 'app' }],
    });
    expect(containers).toEqual([
      { name: 'migrate', image: 'migrate:1', role: 'init' },
      { name: 'proxy', image: 'istio/proxyv2:1.26.0', role: 'sidecar' },
      { name: 'app', image: 'app:1', role: 'main' },
      { name: 'debugger-x7v2k', image: 'busybox:1.37', role: 'ephemeral' },
    ]);
  });

  it('keeps the annotation by which a pod opts out of an agent, and no other', () => {
    const annotations = { 'kubearmor-policy': 'disabled', 'kubectl.kubernetes.io/last-applied-configuration': '{}' };
    const shape = projectPodShape({ metadata: { annotations }, spec: { containers: [main] } });
    expect(shape.annotations).toEqual({ 'kubearmor-policy': 'disabled' });
    expect(shapeOf({})).not.toHaveProperty('annotations');
  });

  it('keeps variables that switch something, and nothing else of the environment', () => {
    const env = [
      { name: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED', value: 'true' },
      { name: 'DEBUG', value: '0' },
      { name: 'PASSWORD', value: 'correct horse' },
      { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ];
    const { containers } = shapeOf({ containers: [{ ...main, env }] });
    expect(containers[0]?.switches).toEqual({ DD_RUNTIME_SECURITY_CONFIG_ENABLED: 'true', DEBUG: '0' });
  });

  const privileged = { securityContext: { privileged: true } };
  const hostProcess = { securityContext: { windowsOptions: { hostProcess: true } } };
  it.each([
    ['a privileged container', { containers: [{ ...main, ...privileged }] }, { privileged: true }],
    ['a privileged init container', { initContainers: [{ ...main, ...privileged }] }, { privileged: true }],
    ['a privileged debug container', { ephemeralContainers: [{ ...main, ...privileged }] }, { privileged: true }],
    ['a Windows HostProcess pod', hostProcess, { privileged: true }],
    ['a Windows HostProcess container', { containers: [{ ...main, ...hostProcess }] }, { privileged: true }],
    ['the host PID namespace', { hostPID: true }, { hostPID: true }],
    ['the host network', { hostNetwork: true }, { hostNetwork: true }],
    [
      'a host path',
      {
        volumes: [
          { name: 'a', emptyDir: {} },
          { name: 'b', hostPath: { path: '/' } },
        ],
      },
      { hostPath: true },
    ],
    ['a runtime class', { runtimeClassName: 'kata-qemu' }, { runtimeClass: 'kata-qemu' }],
    ['nothing of the kind', { volumes: [{ name: 'a', emptyDir: {} }], hostPID: false, runtimeClassName: '' }, {}],
  ])('sees %s', (_, spec, flags) => {
    const none = { runtimeClass: undefined, privileged: false, hostPID: false, hostNetwork: false, hostPath: false };
    expect(shapeOf(spec)).toMatchObject({ ...none, ...flags });
  });
});
