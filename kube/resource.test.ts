import { describe, expect, test } from 'vitest';
import { describeRequest } from './request-name.ts';
import { apiVersionOf, pathOf, resourceName, resources } from './resource.ts';
import { compareResourceVersions } from './resource-version.ts';

describe('paths', () => {
  test.each([
    [pathOf(resources.pods), '/api/v1/pods'],
    [
      pathOf(resources.pods, { namespace: 'n', name: 'p', subresource: 'eviction' }),
      '/api/v1/namespaces/n/pods/p/eviction',
    ],
    [pathOf(resources.nodes, { name: 'n/../x', namespace: 'ignored' }), '/api/v1/nodes/n%2F..%2Fx'],
    [
      pathOf(resources.coverageReports, { name: 'cluster', subresource: 'status' }),
      '/apis/workloadprotection.dev/v1alpha1/coveragereports/cluster/status',
    ],
    [pathOf(resources.daemonSets, { namespace: 'falco' }), '/apis/apps/v1/namespaces/falco/daemonsets'],
  ])('%s', (path, wanted) => {
    expect(path).toBe(wanted);
  });

  test('of a namespaced object need its namespace', () => {
    expect(() => pathOf(resources.pods, { name: 'p' })).toThrow('the path of Pod p needs a namespace');
  });
});

test('kinds are named as kubectl names them', () => {
  expect([resourceName(resources.pods), resourceName(resources.daemonSets)]).toEqual(['pods', 'daemonsets.apps']);
  expect([apiVersionOf(resources.pods), apiVersionOf(resources.findings)]).toEqual([
    'v1',
    'workloadprotection.dev/v1alpha1',
  ]);
});

test.each([
  ['GET', '/api/v1/namespaces', 'list', 'namespaces'],
  ['GET', '/api/v1/namespaces/x', 'get', 'namespaces'],
  ['GET', '/api/v1/namespaces/x/pods', 'list', 'pods'],
  ['PUT', '/api/v1/namespaces/x/status', 'update', 'namespaces/status'],
  ['PATCH', '/apis/apps/v1/namespaces/x/daemonsets/y/status', 'patch', 'daemonsets.apps/status'],
  ['DELETE', '/apis/apps/v1/namespaces/x/daemonsets', 'deletecollection', 'daemonsets.apps'],
  ['GET', '/version', 'get', 'other'],
] as const)('%s %s is %s %s', (method, path, verb, resource) => {
  expect(describeRequest(method, path, undefined)).toEqual({ verb, resource });
});

test.each([
  ['9', '10', -1],
  ['10', '9', 1],
  ['18446744073709551616', '18446744073709551617', -1],
  ['7', '7', 0],
  ['abc', '7', undefined],
] as const)('resourceVersion %s against %s', (a, b, sign) => {
  const compared = compareResourceVersions(a, b);
  expect(compared === undefined ? undefined : Math.sign(compared)).toBe(sign);
});
