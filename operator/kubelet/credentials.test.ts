import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { KubeError } from '../../kube/errors.ts';
import { issueCertificate } from '../../kube/testing/certificates.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import type { KubeRequest, Transport } from '../../kube/transport.ts';
import { createKubeletCredentials, type KubeletCredentialsOptions } from './credentials.ts';

const folders: string[] = [];
afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

const minute = 60_000;
const { ca } = issueCertificate();

const setUp = (overrides: Partial<KubeletCredentialsOptions> & { readonly fails?: () => Error | undefined } = {}) => {
  const clock = new FakeClock();
  const requests: KubeRequest[] = [];
  const request = ((each: KubeRequest) => {
    requests.push(each);
    const error = overrides.fails?.();
    if (error !== undefined) return Promise.reject(error);
    return Promise.resolve({ spec: { expirationSeconds: 3600 }, status: { token: `token-${requests.length}` } });
  }) as Transport['request'];
  const credentials = createKubeletCredentials({
    access: { tls: () => Promise.resolve({ ca }) },
    transport: { request },
    namespace: 'workload-protection',
    serviceAccount: 'kubelet-metrics',
    caFile: undefined,
    insecure: false,
    clock,
    ...overrides,
  });
  return { clock, requests, credentials };
};

const refused = (code: number) => new KubeError({ code, reason: 'x', message: 'no', request: 'POST /token' });

describe('the token', () => {
  test('is that of the account, for an hour', async () => {
    const { credentials, requests } = setUp();
    expect(await credentials.token()).toBe('token-1');
    expect(requests).toMatchObject([
      {
        method: 'POST',
        path: '/api/v1/namespaces/workload-protection/serviceaccounts/kubelet-metrics/token',
        body: { kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
      },
    ]);
  });

  test('is asked for once by all who need it, and anew before it ends', async () => {
    const { credentials, requests, clock } = setUp();
    await Promise.all([credentials.token(), credentials.token(), credentials.token()]);
    await clock.advance(47 * minute);
    expect(await credentials.token()).toBe('token-1');
    await clock.advance(2 * minute);
    expect(await credentials.token()).toBe('token-2');
    expect(requests).toHaveLength(2);
  });

  test('is another where it was not taken, but not for each who says so', async () => {
    const { credentials, requests, clock } = setUp();
    await credentials.token();
    expect(await credentials.token(true)).toBe('token-1');
    await clock.advance(minute);
    expect(await Promise.all([credentials.token(true), credentials.token(true)])).toEqual(['token-2', 'token-2']);
    expect(requests).toHaveLength(2);
  });

  test.each([
    [403, /no token of ServiceAccount workload-protection\/kubelet-metrics .* operator\.kubeletMetrics\.enabled/],
    [404, /operator\.kubeletMetrics\.enabled/],
    [500, /it is tried again/],
  ])('that cannot be had (%i) is asked for again after a while, and says what to do', async (code, words) => {
    let error: Error | undefined = refused(code);
    const { credentials, requests, clock } = setUp({ fails: () => error });
    await expect(credentials.token()).rejects.toMatchObject({ outcome: 'credentials' });
    await expect(credentials.token()).rejects.toThrow(words);
    expect(requests).toHaveLength(1);
    error = undefined;
    await clock.advance(minute);
    expect(await credentials.token()).toBe('token-2');
  });
});

describe('what kubelets are verified against', () => {
  test("is the cluster's own authority, one object while it says the same", async () => {
    let authority = ca;
    const { credentials, clock } = setUp({ access: { tls: () => Promise.resolve({ ca: authority, insecure: true }) } });
    const first = await credentials.trust();
    // Whatever is said of the API server.
    expect(first.insecure).toBe(false);
    await clock.advance(2 * minute);
    expect(await credentials.trust()).toBe(first);
    authority = issueCertificate().ca;
    await clock.advance(2 * minute);
    expect(await credentials.trust()).not.toBe(first);
  });

  test('is a file where one is named, read again when it changes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'workload-protection-kubelet-'));
    folders.push(folder);
    const caFile = join(folder, 'ca.crt');
    const { credentials, clock } = setUp({ caFile });
    await expect(credentials.trust()).rejects.toMatchObject({
      outcome: 'credentials',
      message: expect.stringContaining(`${caFile} cannot be read`),
    });
    await writeFile(caFile, 'this is no certificate');
    await clock.advance(minute);
    await expect(credentials.trust()).rejects.toMatchObject({
      outcome: 'credentials',
      message: expect.stringContaining('no certificates in PEM'),
    });
    await writeFile(caFile, ca);
    await clock.advance(2 * minute);
    expect(await credentials.trust()).toMatchObject({ insecure: false });
  });

  test('is nothing only where that is said', async () => {
    expect(await setUp({ insecure: true }).credentials.trust()).toMatchObject({ insecure: true });
  });
});
