import { describe, expect, it } from 'vitest';
import { KubeError } from '../../kube/errors.ts';
import { issueCertificate } from '../../kube/testing/certificates.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import type { KubeRequest, Transport } from '../../kube/transport.ts';
import { createCredentials } from './credentials.ts';
import type { ScrapeSettings, TlsSettings } from './settings.ts';

const issued = issueCertificate();

const world = () => {
  const secrets = new Map<string, Record<string, string>>();
  const asked: string[] = [];
  let failure: KubeError | undefined;
  const request = async <T>({ path }: KubeRequest): Promise<T> => {
    asked.push(path);
    const data = secrets.get(path.split('/').at(-1) ?? '');
    if (failure !== undefined) throw failure;
    if (data === undefined) throw errorOf(404, 'NotFound');
    const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
    return { data: Object.fromEntries(encoded) } as T;
  };
  const clock = new FakeClock();
  const transport: Pick<Transport, 'request'> = { request };
  return {
    secrets,
    asked,
    clock,
    fail: (next: KubeError | undefined) => {
      failure = next;
    },
    of: createCredentials({ transport, namespace: 'watchers', clock }),
  };
};

const errorOf = (code: number, reason: string): KubeError =>
  new KubeError({ code, reason, message: reason, request: 'GET' });

const settings = (rest: Partial<ScrapeSettings> = {}): ScrapeSettings => ({
  agent: 'falco',
  type: 'Falco',
  port: 8765,
  path: '/metrics',
  intervalMs: 60_000,
  staleAfterMs: 180_000,
  tls: undefined,
  token: { name: 'falco', key: 'token' },
  custom: undefined,
  ...rest,
});
const tls: TlsSettings = {
  authority: { name: 'falco-ca', key: 'ca.crt' },
  client: 'falco-client',
  serverName: 'falco.example.com',
  insecure: false,
};

describe('credentials', () => {
  it('are asked of nobody where there are none', async () => {
    const { of, asked } = world();
    expect(await of(settings({ token: undefined }))).toEqual({ trust: undefined, token: undefined });
    expect(asked).toEqual([]);
  });

  it('come from the operator’s own namespace, without the newline at a token’s end', async () => {
    const { of, asked, secrets } = world();
    secrets.set('falco', { token: 's3cret\n' });
    expect(await of(settings())).toEqual({ trust: undefined, token: 's3cret' });
    expect(asked).toEqual(['/api/v1/namespaces/watchers/secrets/falco']);
  });

  it('of TLS are an authority, a certificate and a name', async () => {
    const { of, secrets } = world();
    secrets.set('falco-ca', { 'ca.crt': issued.ca });
    secrets.set('falco-client', { 'tls.crt': issued.cert, 'tls.key': issued.key });
    const { trust } = await of(settings({ token: undefined, tls }));
    expect(trust).toMatchObject({ serverName: 'falco.example.com', insecure: false });
  });

  it('are read again after half a minute, and stay the same object while they say the same', async () => {
    const { of, asked, secrets, clock } = world();
    const how = settings();
    secrets.set('falco', { token: 'first' });
    const first = await of(how);
    secrets.set('falco', { token: 'second' });
    expect(await of(how)).toBe(first);
    await clock.advance(30_000);
    expect(await of(how)).toMatchObject({ token: 'second' });
    await clock.advance(30_000);
    expect(await of(how)).toBe(await of(how));
    expect(asked).toHaveLength(3);
  });

  it.each([
    ['is not there', errorOf(404, 'NotFound'), 'there is no Secret watchers/falco'],
    [
      'may not be read',
      errorOf(403, 'Forbidden'),
      "Secret watchers/falco may not be read: list it in telemetrySecrets of the chart's values",
    ],
    ['cannot be read now', errorOf(500, 'InternalError'), 'Secret watchers/falco cannot be read at the moment'],
  ])('are missed in words where the Secret %s, and asked for again soon', async (_, error, message) => {
    const { of, asked, secrets, fail, clock } = world();
    secrets.set('falco', { token: 's3cret' });
    fail(error);
    await expect(of(settings())).rejects.toMatchObject({ outcome: 'credentials', message });
    await expect(of(settings())).rejects.toMatchObject({ outcome: 'credentials' });
    expect(asked).toHaveLength(1);
    fail(undefined);
    await clock.advance(5000);
    expect(await of(settings())).toMatchObject({ token: 's3cret' });
  });

  it('are missed where the Secret lacks the key', async () => {
    const { of, secrets } = world();
    secrets.set('falco', { password: 'x' });
    await expect(of(settings())).rejects.toMatchObject({ message: 'Secret watchers/falco has no key token' });
  });

  it('are refused where they are no certificates', async () => {
    const { of, secrets } = world();
    secrets.set('falco-ca', { 'ca.crt': issued.ca });
    secrets.set('falco-client', { 'tls.crt': 'not PEM', 'tls.key': 'neither' });
    await expect(of(settings({ tls, token: undefined }))).rejects.toMatchObject({
      outcome: 'credentials',
      message: expect.stringContaining('PEM'),
    });
  });
});
