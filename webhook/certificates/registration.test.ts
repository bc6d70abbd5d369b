import { describe, expect, it } from 'vitest';
import { registrationPatch, type Configuration } from './registration.ts';

const paths = {
  'pods.workloadprotection.dev': '/validate/pods',
  'controllers.workloadprotection.dev': '/validate/controllers',
};
const service = { namespace: 'workload-protection', name: 'workload-protection-webhook' };
const bundle = 'roots';
const caBundle = Buffer.from(bundle).toString('base64');

const configured = (...entries: readonly Partial<Configuration['entries'][number]>[]): Configuration => ({
  name: 'workload-protection',
  uid: 'u1',
  entries: entries.map((entry) => ({ name: 'pods.workloadprotection.dev', caBundle: '', url: undefined, ...entry })),
});

const patchOf = (configuration: Configuration, advertised?: string) =>
  registrationPatch(
    configuration,
    { bundle, advertiseUrl: advertised === undefined ? undefined : new URL(advertised) },
    paths,
    service,
  );

describe('the registration', () => {
  it('adds the roots to what the chart renders, and touches nothing else', () => {
    expect(patchOf(configured({}, { name: 'controllers.workloadprotection.dev' }))).toEqual([
      { op: 'test', path: '/metadata/uid', value: 'u1' },
      { op: 'test', path: '/webhooks/0/name', value: 'pods.workloadprotection.dev' },
      { op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: caBundle },
      { op: 'test', path: '/webhooks/1/name', value: 'controllers.workloadprotection.dev' },
      { op: 'add', path: '/webhooks/1/clientConfig/caBundle', value: caBundle },
    ]);
  });

  it.each<[string, Configuration, string | undefined]>([
    ['they are there', configured({ caBundle }), undefined],
    [
      'they are there beside the right URL',
      configured({ caBundle, url: 'https://10.0.0.7:9443/validate/pods' }),
      'https://10.0.0.7:9443',
    ],
    ['the entry is not ours', configured({ name: 'pods.example.com' }), undefined],
    ['there is no entry', configured(), undefined],
  ])('writes nothing where %s', (_, configuration, advertised) => {
    expect(patchOf(configuration, advertised)).toBeUndefined();
  });

  it.each(['https://10.0.0.7:9443', 'https://10.0.0.7:9443/'])(
    'puts the URL %s in the place of the Service',
    (advertised) => {
      expect(patchOf(configured({}), advertised)).toContainEqual({
        op: 'replace',
        path: '/webhooks/0/clientConfig',
        value: { url: 'https://10.0.0.7:9443/validate/pods', caBundle },
      });
    },
  );

  it('goes back to the Service where a process outside of the cluster was before', () => {
    expect(patchOf(configured({ caBundle, url: 'https://10.0.0.7:9443/validate/pods' }))).toContainEqual({
      op: 'replace',
      path: '/webhooks/0/clientConfig',
      value: { service: { ...service, path: '/validate/pods' }, caBundle },
    });
  });
});
