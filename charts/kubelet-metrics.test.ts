/** What the chart gives the operator for asking kubelets, and that it gives nothing where that is not wanted. */
import { describe, expect, test } from 'vitest';
import { findHelm, releaseNamespace, set } from './testing/helm.ts';

const helm = await findHelm();
const name = 'workload-protection-kubelet-metrics';

interface Operator {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly volumes?: readonly { readonly name: string }[];
        readonly containers: readonly { readonly args: readonly string[]; readonly volumeMounts: readonly unknown[] }[];
      };
    };
  };
}

describe.skipIf(helm === undefined)('asking kubelets', () => {
  const rendered = async (values: object) => {
    const objects = (await helm?.objects(...set({ ...values }))) ?? [];
    const { volumes = [], containers } = (objects.find(({ kind }) => kind === 'StatefulSet') as unknown as Operator)
      .spec.template.spec;
    return {
      objects: objects.filter(({ metadata }) => metadata.name === name),
      rights: JSON.stringify(objects.filter(({ kind }) => kind.endsWith('Role'))),
      flags: containers[0]?.args.filter((arg) => arg.includes('kubelet')),
      mounts: containers[0]?.volumeMounts,
      volumes,
    };
  };

  test('is off, without any rights, unless it is asked for', async () => {
    const { objects, rights, flags } = await rendered({});
    expect(objects).toEqual([]);
    expect(flags).toEqual([]);
    expect(rights).not.toMatch(/nodes\/|serviceaccounts/);
  });

  test('shows the token of an account that may read the metrics of nodes, and nothing else', async () => {
    const { objects, rights, flags } = await rendered({ 'operator.kubeletMetrics.enabled': true });
    expect(flags).toEqual(['--kubelet-metrics', '--kubelet-metrics-interval=1h', `--kubelet-service-account=${name}`]);
    expect(objects.map(({ kind }) => kind)).toEqual([
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'Role',
      'RoleBinding',
    ]);
    const of = (kind: string) => objects.find((object) => object.kind === kind);
    expect(of('ServiceAccount')?.['automountServiceAccountToken']).toBe(false);
    expect(of('ClusterRole')?.['rules']).toEqual([{ apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] }]);
    expect(of('ClusterRoleBinding')?.['subjects']).toEqual([
      { kind: 'ServiceAccount', name, namespace: releaseNamespace },
    ]);
    expect(of('Role')?.['rules']).toEqual([
      { apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames: [name], verbs: ['create'] },
    ]);
    expect(of('RoleBinding')?.['subjects']).toEqual([
      { kind: 'ServiceAccount', name: 'workload-protection-operator', namespace: releaseNamespace },
    ]);
    expect(rights).not.toContain('nodes/proxy');
  });

  test.each([true, false])(
    'takes authorities from a ConfigMap, beside a journal that persists: %s',
    async (enabled) => {
      const { flags, volumes, mounts } = await rendered({
        'operator.kubeletMetrics': {
          enabled: true,
          interval: '30m',
          caConfigMap: 'kubelet-ca',
          insecureSkipVerify: true,
        },
        'operator.journal.persistence.enabled': enabled,
      });
      const folder = '/etc/workload-protection/kubelet-ca';
      expect(flags).toEqual([
        '--kubelet-metrics',
        '--kubelet-metrics-interval=30m',
        `--kubelet-service-account=${name}`,
        `--kubelet-ca-file=${folder}/ca.crt`,
        '--kubelet-insecure-skip-verify',
      ]);
      expect(volumes.map((volume) => volume.name)).toEqual(enabled ? ['kubelet-ca'] : ['journal', 'kubelet-ca']);
      expect(volumes.at(-1)).toEqual({ name: 'kubelet-ca', configMap: { name: 'kubelet-ca', optional: true } });
      expect(mounts).toContainEqual({ name: 'kubelet-ca', mountPath: folder, readOnly: true });
    },
  );
});
