import { describe, expect, it } from 'vitest';
import { failClosedEntry, policyOf, readConfiguration, targetOf, type Configuration } from './plan.ts';

const caBundle = Buffer.from('roots').toString('base64');
const excluded = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'ours'] };

const source = (clientConfig: object): Configuration => ({
  name: 'workload-protection',
  uid: 'u',
  webhooks: [
    { name: 'controllers.workloadprotection.dev', failurePolicy: 'Ignore', clientConfig: {} },
    {
      name: 'pods.workloadprotection.dev',
      failurePolicy: 'Ignore',
      timeoutSeconds: 5,
      rules: [{ operations: ['CREATE'], resources: ['pods'] }],
      namespaceSelector: { matchExpressions: [excluded] },
      matchConditions: [{ name: 'a', expression: 'true' }],
      clientConfig,
    },
  ],
});
const service = { namespace: 'ours', name: 'hook', port: 443, path: '/validate/pods' };

describe('the fail-closed configuration', () => {
  it('asks what the other one asks, of opted-in namespaces only, and never of those that are excluded', () => {
    expect(failClosedEntry(source({ service, caBundle }), 'Fail')).toEqual({
      name: 'fail-closed.pods.workloadprotection.dev',
      failurePolicy: 'Fail',
      timeoutSeconds: 5,
      rules: [{ operations: ['CREATE'], resources: ['pods'] }],
      namespaceSelector: {
        matchLabels: { 'workloadprotection.dev/fail-closed': 'true' },
        matchExpressions: [excluded],
      },
      matchConditions: [{ name: 'a', expression: 'true' }],
      clientConfig: { service: { ...service, path: '/validate/pods/fail-closed' }, caBundle },
    });
  });

  it('goes to the URL where the other one does', () => {
    const entry = failClosedEntry(source({ url: 'https://10.0.0.7:9443/validate/pods', caBundle }), 'Ignore');
    expect(entry).toMatchObject({
      failurePolicy: 'Ignore',
      clientConfig: { url: 'https://10.0.0.7:9443/validate/pods/fail-closed', caBundle },
    });
  });

  it.each([
    ['the Service', { service, caBundle }, { host: 'hook.ours.svc', port: 443, authorities: 'roots' }],
    [
      'a Service without a port',
      { service: { ...service, port: undefined } },
      { host: 'hook.ours.svc', port: 443, authorities: '' },
    ],
    [
      'a URL',
      { url: 'https://10.0.0.7:9443/validate/pods', caBundle },
      { host: '10.0.0.7', port: 9443, authorities: 'roots' },
    ],
    ['a URL with IPv6', { url: 'https://[fd00::7]/validate/pods' }, { host: 'fd00::7', port: 443, authorities: '' }],
  ])('is probed at %s', (_, clientConfig, target) => {
    expect(targetOf(source(clientConfig))).toEqual(target);
  });

  it('is nothing where pods are not judged at all', () => {
    const without = { ...source({}), webhooks: [] };
    expect([failClosedEntry(without, 'Fail'), targetOf(without), policyOf(without)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('is read as the API server gives it, and not where it is nothing', () => {
    const webhooks = [{ name: 'x', failurePolicy: 'Fail' }];
    const read = readConfiguration({ metadata: { name: 'n', uid: 'u' }, webhooks });
    expect([read, policyOf(read)]).toEqual([{ name: 'n', uid: 'u', webhooks }, 'Fail']);
    expect(readConfiguration({})).toBeUndefined();
  });
});
