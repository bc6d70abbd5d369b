import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../kube/clock.ts';
import { silentLog } from '../kube/log.ts';
import { resources } from '../kube/resource.ts';
import { eventually } from '../kube/testing/eventually.ts';
import { startFakeKube, type FakeKube } from '../kube/testing/fake-kube.ts';
import { createTransport } from '../kube/transport.ts';
import { createGivenCertificate, readGiven } from './given.ts';
import { toSecretData, type SecretData } from './material.ts';
import { renew } from './renew.ts';
import type { CertificateSource } from './served.ts';

const namespace = 'workload-protection';
const secret = 'from-cert-manager';
const hosts = ['hook.svc', '10.0.0.7'];

const dataFor = async (names: readonly string[] = hosts): Promise<SecretData> => {
  const { 'ca.key': _, ...data } = toSecretData(await renew(undefined, { kind: 'all', hosts: names }, Date.now()));
  return data;
};

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

const start = async (): Promise<{ readonly kube: FakeKube; readonly source: CertificateSource }> => {
  const kube = await startFakeKube();
  const transport = createTransport(kube.access, { userAgent: 'test' });
  const source = createGivenCertificate({
    transport,
    namespace,
    secret,
    hosts,
    clock: systemClock,
    random: () => 0,
    log: silentLog,
  });
  const stop = new AbortController();
  const done = source.run(stop.signal);
  running.push(async () => {
    stop.abort();
    await done;
    await transport.close();
    await kube.close();
  });
  return { kube, source };
};

const put = (kube: FakeKube, data: SecretData): void =>
  void kube.put(resources.secrets, { metadata: { name: secret, namespace }, data });

const decoded = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString();

describe('a certificate that is given', () => {
  it('is served as it stands in the Secret, with its authorities, and reloaded when it changes', async () => {
    const { kube, source } = await start();
    for (const data of [await dataFor(), await dataFor()]) {
      put(kube, data);
      const served = await eventually(
        'the certificate of the Secret',
        () => source.served(),
        (seen) => seen?.certificate === decoded(data['tls.crt']),
      );
      expect(served).toMatchObject({ key: decoded(data['tls.key']), authorities: decoded(data['ca.crt']) });
      expect(served?.expiry).toEqual({ server: expect.any(Number), ca: expect.any(Number) });
      expect(source.trouble()).toBeUndefined();
    }
  });

  it('stays in service while the Secret is broken or gone, and nothing is ever written', async () => {
    const { kube, source } = await start();
    expect(source.trouble()).toContain(`waiting for Secret ${namespace}/${secret}`);
    const data = await dataFor();
    put(kube, data);
    await eventually('a certificate', () => source.served());
    put(kube, { ...data, 'tls.key': (await dataFor())['tls.key'] ?? '' });
    await eventually('trouble', () => source.trouble()?.includes('does not belong to its tls.crt'));
    kube.remove(resources.secrets, namespace, secret);
    await eventually('trouble', () => source.trouble()?.includes('does not exist'));
    expect(source.served()?.certificate).toBe(decoded(data['tls.crt']));
    expect(kube.requests.filter(({ verb }) => !['list', 'watch', 'get'].includes(verb))).toEqual([]);
  });

  it('that names none of our hosts is served, and said to be of no use', async () => {
    const { kube, source } = await start();
    put(kube, await dataFor(['elsewhere.example.com']));
    await eventually('trouble', () => source.trouble()?.includes('names none of hook.svc, 10.0.0.7'));
    expect(source.served()).toBeDefined();
  });

  it('may leave out its authorities', async () => {
    const { 'ca.crt': _, ...data } = await dataFor();
    expect(readGiven(data)).toMatchObject({ ok: true, served: { authorities: undefined } });
  });

  it.each<[string, (data: SecretData) => SecretData | undefined, RegExp]>([
    ['no Secret', () => undefined, /does not exist/],
    ['no key', (data) => ({ ...data, 'tls.key': '' }), /has no tls\.crt and tls\.key/],
    ['nonsense', (data) => ({ ...data, 'tls.crt': 'bm90aGluZw==' }), /cannot be read/],
  ])('is refused where there is %s', async (_, change, problem) => {
    expect(readGiven(change(await dataFor()))).toMatchObject({ ok: false, problem: expect.stringMatching(problem) });
  });
});
