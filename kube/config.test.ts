import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadCluster } from './config.ts';
import { tokenFile } from './token-file.ts';
import { FakeClock } from './testing/fake-clock.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function kubeconfig(user: object, cluster: object = {}, name = 'config'): Promise<string> {
  const file = join(folder, name);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'main',
    contexts: [
      { name: 'main', context: { cluster: 'one', user: 'me', namespace: 'team' } },
      { name: 'other', context: { cluster: 'two', user: 'me' } },
    ],
    clusters: [
      { name: 'one', cluster: { server: 'https://one:6443/', ...cluster } },
      { name: 'two', cluster: { server: 'https://two:6443/prefix' } },
    ],
    users: [{ name: 'me', user }],
  };
  await writeFile(file, dump(config));
  return file;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('a kubeconfig', () => {
  test('with a token', async () => {
    const access = await loadCluster({ kubeconfig: await kubeconfig({ token: 'abc' }), env: {} });
    expect(access).toMatchObject({ server: 'https://one:6443', namespace: 'team' });
    expect(await access.authorise()).toEqual({ authorization: 'Bearer abc' });
  });

  test('with certificates inside, and in files beside it', async () => {
    await writeFile(join(folder, 'ca.crt'), 'CA');
    const user = { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') };
    const access = await loadCluster({
      kubeconfig: await kubeconfig(user, { 'certificate-authority': 'ca.crt' }),
      env: {},
    });
    expect(await access.tls()).toMatchObject({ ca: 'CA', cert: 'CERT', key: 'KEY' });
    expect(await access.authorise()).toEqual({});
  });

  test('with a token file, which is read again when it is refused', async () => {
    await writeFile(join(folder, 'token'), 'first\n');
    const access = await loadCluster({ kubeconfig: await kubeconfig({ tokenFile: 'token' }), env: {} });
    expect(await access.authorise()).toEqual({ authorization: 'Bearer first' });
    await writeFile(join(folder, 'token'), 'second\n');
    expect(await access.authorise()).toEqual({ authorization: 'Bearer first' });
    expect(await access.authorise(true)).toEqual({ authorization: 'Bearer second' });
  });

  test('another context may be named', async () => {
    const access = await loadCluster({ kubeconfig: await kubeconfig({ token: 'abc' }), context: 'other', env: {} });
    expect(access).toMatchObject({ server: 'https://two:6443/prefix', namespace: undefined });
  });

  test('whose user runs a helper program, goes through the client library', async () => {
    const credential = JSON.stringify({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'from-helper' },
    });
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'echo',
      args: [credential],
      interactiveMode: 'Never',
    };
    const file = await kubeconfig({ exec }, { 'certificate-authority-data': base64('CA') });
    const access = await loadCluster({ kubeconfig: file, env: {} });
    expect(await access.authorise()).toMatchObject({ authorization: 'Bearer from-helper' });
    expect(await access.tls()).toMatchObject({ ca: 'CA' });
    expect(access).toMatchObject({ server: 'https://one:6443', namespace: 'team' });
  });

  const wrong: readonly [string, () => Promise<unknown>, string][] = [
    [
      'that is not there',
      () => loadCluster({ kubeconfig: '/nowhere/config', env: {} }),
      'cannot read the kubeconfig /nowhere/config',
    ],
    [
      'without the context',
      async () => loadCluster({ kubeconfig: await kubeconfig({}), context: 'x', env: {} }),
      'has no context x; it has main, other',
    ],
    [
      'behind a proxy',
      async () => loadCluster({ kubeconfig: await kubeconfig({}, { 'proxy-url': 'http://p' }), env: {} }),
      'proxy-url',
    ],
  ];
  test.each(wrong)('%s is refused with what to do', async (_name, load, message) => {
    await expect(load()).rejects.toThrow(message);
  });
});

describe('where the cluster is', () => {
  const inside = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };

  async function serviceAccount(): Promise<string> {
    const at = join(folder, 'serviceaccount');
    await mkdir(at);
    await Promise.all([
      writeFile(join(at, 'token'), 'pod-token'),
      writeFile(join(at, 'ca.crt'), 'CA'),
      writeFile(join(at, 'namespace'), 'ours\n'),
    ]);
    return at;
  }

  test('inside a cluster it is that one', async () => {
    const access = await loadCluster({ env: inside, serviceAccountFolder: await serviceAccount() });
    expect(access).toMatchObject({ server: 'https://[fd00::1]:443', namespace: 'ours' });
    expect(await access.authorise()).toEqual({ authorization: 'Bearer pod-token' });
    expect(await access.tls()).toEqual({ ca: 'CA' });
  });

  test('a kubeconfig or a context that is named goes before it', async () => {
    const serviceAccountFolder = await serviceAccount();
    const file = await kubeconfig({ token: 'abc' });
    const named = await loadCluster({ kubeconfig: file, env: inside, serviceAccountFolder });
    expect(named.server).toBe('https://one:6443');
    const byContext = await loadCluster({
      context: 'other',
      env: { ...inside, KUBECONFIG: file },
      serviceAccountFolder,
    });
    expect(byContext.server).toBe('https://two:6443/prefix');
  });

  test('outside it is KUBECONFIG, else ~/.kube/config', async () => {
    const file = await kubeconfig({ token: 'abc' });
    expect((await loadCluster({ env: { KUBECONFIG: file } })).server).toBe('https://one:6443');
    await mkdir(join(folder, '.kube'));
    await kubeconfig({ token: 'abc' }, { server: 'https://home:6443' }, '.kube/config');
    expect((await loadCluster({ env: { HOME: folder } })).server).toBe('https://home:6443');
  });

  test('several files in KUBECONFIG are merged', async () => {
    const first = await kubeconfig({ token: 'abc' });
    const second = join(folder, 'second');
    await writeFile(
      second,
      dump({ apiVersion: 'v1', kind: 'Config', clusters: [], users: [], contexts: [], preferences: {} }),
    );
    const access = await loadCluster({ env: { KUBECONFIG: `${first}:${second}` } });
    expect(access.server).toBe('https://one:6443');
  });
});

describe('a token file', () => {
  test('is read again after a minute, and an unreadable moment keeps the last token', async () => {
    const clock = new FakeClock();
    const path = join(folder, 'token');
    await writeFile(path, 'one');
    const token = tokenFile(path, clock);
    expect(await token()).toBe('one');
    await writeFile(path, 'two');
    expect(await token()).toBe('one');
    await clock.advance(60_000);
    expect(await token()).toBe('two');
    await writeFile(path, '');
    await clock.advance(60_000);
    expect(await token()).toBe('two');
  });

  test('that is not there is an error that names it', async () => {
    await expect(tokenFile('/nowhere/token')()).rejects.toThrow(
      "cannot read the API server's token from /nowhere/token",
    );
  });
});
