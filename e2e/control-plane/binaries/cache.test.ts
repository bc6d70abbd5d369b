import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { versions } from '../versions.ts';
import { checkDigest } from './archive.ts';
import { binaryCache, installAtomically, platformName, presentIn } from './cache.ts';
import { missingMessage } from './locate.ts';
import { withLock } from './lock.ts';

describe('the cache of binaries', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'cache-test-'));
  });
  afterAll(async () => rm(folder, { recursive: true }));

  test('lies under XDG_CACHE_HOME, by version and platform; tools by versions of their own', () => {
    const cache = binaryCache({ XDG_CACHE_HOME: '/x' }, 'linux-amd64');
    expect(cache.folderOf('etcd', '1.32.2')).toBe('/x/workload-protection-operator/control-plane/1.32.2-linux-amd64');
    expect(cache.folderOf('kwok', '1.32.2')).toBe(
      `/x/workload-protection-operator/control-plane/kwok-${versions.kwok}-linux-amd64`,
    );
    expect(binaryCache({ HOME: '/home/me' }, 'linux-amd64').root).toBe(
      '/home/me/.cache/workload-protection-operator/control-plane',
    );
  });

  test('names platforms as Go does, and refuses those that Kubernetes does not run on', () => {
    expect(platformName('linux', 'x64')).toBe('linux-amd64');
    expect(platformName('darwin', 'arm64')).toBe('darwin-arm64');
    expect(() => platformName('win32', 'x64')).toThrow('no control plane for win32');
  });

  test('counts only executables as present', async () => {
    await writeFile(path.join(folder, 'etcd'), '');
    await writeFile(path.join(folder, 'kubectl'), '');
    await chmod(path.join(folder, 'etcd'), 0o755);
    expect(await presentIn(folder, ['etcd', 'kubectl', 'kwok'])).toEqual(new Set(['etcd']));
  });

  test('a build that fails leaves nothing behind', async () => {
    const target = path.join(folder, 'broken', 'v1');
    const build = installAtomically(target, async (temporary) => {
      await writeFile(path.join(temporary, 'half'), '');
      throw new Error('compiler says no');
    });
    await expect(build).rejects.toThrow('compiler says no');
    expect(await readdir(path.dirname(target))).toEqual([]);
  });

  test('two at once never work at the same time, and a lock of a dead process is taken over', async () => {
    const lock = path.join(folder, 'build.lock');
    // No system gives out this process id.
    await writeFile(lock, '2147483646\n');
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await readdir(folder);
      inside -= 1;
    };
    await Promise.all([withLock(lock, () => {}, work), withLock(lock, () => {}, work)]);
    expect(most).toBe(1);
    expect(await readdir(folder)).not.toContain('build.lock');
  });
});

describe('what is told when binaries cannot be had', () => {
  test('names what is missing, why, and the three ways to supply it', () => {
    const message = missingMessage(['etcd', 'kwok'], '1.36.3', '/cache', 'no route to host');
    expect(message).toContain('needs etcd, kwok (Kubernetes 1.36.3)');
    expect(message).toContain('no route to host');
    expect(message).toMatch(/1\. install Go[^]*2\. set KUBEBUILDER_ASSETS[^]*3\. reach the internet.*lacks kwok/);
  });

  test('an archive with another digest than the published one is not used', () => {
    const bytes = Buffer.from('x');
    expect(() => checkDigest(bytes, `${'0'.repeat(128)}  envtest.tar.gz`, 'https://x')).toThrow('not used');
    expect(() => checkDigest(bytes, 'not found', 'https://x')).toThrow('no digest at all');
  });
});
