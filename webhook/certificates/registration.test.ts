import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../kube/clock.ts';
import { silentLog } from '../../kube/log.ts';
import { resources } from '../../kube/resource.ts';
import { eventually } from '../../kube/testing/eventually.ts';
import { startFakeKube, type FakeKube } from '../../kube/testing/fake-kube.ts';
import { createTransport } from '../../kube/transport.ts';
import { createRegistration, registrationPatch, type Configuration, type Registration } from './registration.ts';

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
  entries: entries.map((entry) => ({
    name: 'pods.workloadprotection.dev',
    caBundle: '',
    url: undefined,
    service,
    ...entry,
  })),
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

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

const start = (kube: FakeKube, advertised: string | undefined, publishes = true): Registration => {
  const transport = createTransport(kube.access, { userAgent: 'test' });
  const registration = createRegistration({
    transport,
    resource: resources.validatingWebhookConfigurations,
    configuration: 'workload-protection',
    publishes,
    paths,
    service,
    clock: { ...systemClock, after: (ms, callback) => systemClock.after(ms / 100, callback) },
    random: () => 0,
    log: silentLog,
  });
  const stop = new AbortController();
  const done = registration.run(stop.signal);
  running.unshift(async () => {
    stop.abort();
    await done;
    await transport.close();
  });
  if (publishes)
    registration.want({ bundle, advertiseUrl: advertised === undefined ? undefined : new URL(advertised) });
  return registration;
};

const aKube = async (): Promise<FakeKube> => {
  const kube = await startFakeKube();
  running.push(async () => kube.close());
  kube.put(resources.validatingWebhookConfigurations, {
    metadata: { name: 'workload-protection' },
    webhooks: [{ name: 'pods.workloadprotection.dev', clientConfig: { service } }],
  });
  return kube;
};

const urlIn = (registration: Registration): string | undefined => registration.published()[0]?.url;
const patches = (kube: FakeKube): number => kube.requests.filter(({ verb }) => verb === 'patch').length;

describe('two processes that are reached by different URLs', () => {
  it('do not write in turns: the one that started last is called, the other says so', async () => {
    const kube = await aKube();
    const first = start(kube, 'https://10.0.0.7:9443');
    await eventually('the first to be called', () => first.trouble() === undefined);
    const second = start(kube, 'https://10.0.0.8:9443');
    await eventually('the second to be called', () => second.trouble() === undefined);
    await eventually('the first to say so', () => first.trouble()?.includes('names https://10.0.0.8:9443'));
    const written = patches(kube);
    first.want({ bundle, advertiseUrl: new URL('https://10.0.0.7:9443') });
    second.want({ bundle: 'newer roots', advertiseUrl: new URL('https://10.0.0.8:9443') });
    await eventually('the newer roots', () => patches(kube) > written && second.trouble() === undefined);
    expect([urlIn(first), patches(kube)]).toEqual(['https://10.0.0.8:9443/validate/pods', written + 1]);
  });
});

describe('a registration that somebody else keeps', () => {
  it('is read and never written', async () => {
    const kube = await aKube();
    const registration = start(kube, undefined, false);
    await eventually('what is published', () => registration.published().length > 0);
    expect([registration.trouble(), patches(kube)]).toEqual([undefined, 0]);
  });
});
