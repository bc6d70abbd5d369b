/** What the chart gives the operator for OpenReports, and that it gives nothing where they are not wanted. */
import { describe, expect, test } from 'vitest';
import { findHelm, set } from './testing/helm.ts';

const helm = await findHelm();
const name = 'workload-protection-open-reports';

describe.skipIf(helm === undefined)('open reports', () => {
  const rendered = async (...settings: readonly string[]) => {
    const objects = (await helm?.objects(...settings)) ?? [];
    const operator = objects.find(({ kind }) => kind === 'StatefulSet');
    return {
      kinds: objects.filter(({ metadata }) => metadata.name === name).map(({ kind }) => kind),
      role: objects.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === name),
      isOn: JSON.stringify(operator).includes('--open-reports'),
    };
  };

  test('are off, without any rights, unless they are asked for', async () => {
    expect(await rendered()).toEqual({ kinds: [], role: undefined, isOn: false });
  });

  test('have a role that the reports belong to, so that they go with it', async () => {
    const { kinds, role, isOn } = await rendered(...set({ 'openReports.enabled': true }));
    expect(isOn).toBe(true);
    expect(kinds).toEqual(['ClusterRole', 'ClusterRoleBinding']);
    expect(role?.['rules']).toEqual([
      expect.objectContaining({ apiGroups: ['openreports.io'], resources: ['reports', 'clusterreports'] }),
      expect.objectContaining({
        apiGroups: ['wgpolicyk8s.io'],
        resources: ['policyreports', 'clusterpolicyreports'],
        verbs: ['list', 'create', 'patch', 'delete'],
      }),
      { apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'], resourceNames: [name], verbs: ['get'] },
    ]);
  });
});
