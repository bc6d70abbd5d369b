import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../kube/clock.ts';
import { eventually } from '../../kube/testing/eventually.ts';
import { bundleOf, type Material } from '../../certificates/material.ts';
import type { Entry } from './registration.ts';
import { renew } from '../../certificates/renew.ts';
import { createSelfProbe, type SelfProbe } from './self-probe.ts';

const name = 'pods.workloadprotection.dev';
const service = { namespace: 'workload-protection', name: 'hook' };
const issue = (hosts: readonly string[]): Promise<Material> => renew(undefined, { kind: 'all', hosts }, Date.now());
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

const serve = async ({ leaf, leafKey }: Material): Promise<number> => {
  const server: Server = createServer({ cert: leaf.pem, key: leafKey });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  running.push(() => new Promise((resolve) => void server.close(() => resolve())));
  return (server.address() as AddressInfo).port;
};

const probe = (port: number, published: () => readonly Entry[]): SelfProbe => {
  const made = createSelfProbe({
    published,
    address: { host: '127.0.0.1', port },
    clock: { ...systemClock, after: (_, callback) => systemClock.after(5, callback) },
  });
  const stop = new AbortController();
  const done = made.run(stop.signal);
  running.unshift(async () => {
    stop.abort();
    await done;
  });
  return made;
};

const configured = (entry: Partial<Entry>): readonly Entry[] => [
  { name, caBundle: '', url: undefined, service: undefined, ...entry },
];

describe('the self-probe', () => {
  it.each<[string, Partial<Entry>]>([
    ['the Service', { service }],
    ['a URL with an address', { url: 'https://10.0.0.7:9443/validate/pods' }],
    ['a URL with an IPv6 address', { url: 'https://[fd00::7]:9443/validate/pods' }],
    ['a URL with a name', { url: 'https://hook.example.com/validate/pods' }],
  ])('succeeds where we are called by %s', async (_, entry) => {
    const material = await issue(['hook.workload-protection.svc', '10.0.0.7', 'fd00::7', 'hook.example.com']);
    const found = probe(await serve(material), () => configured({ ...entry, caBundle: base64(bundleOf(material)) }));
    await eventually('success', () => found.trouble() === undefined);
  });

  it.each<[string, readonly string[], boolean, RegExp]>([
    ['the published roots are of yesterday', ['hook.workload-protection.svc'], false, /self-signed|unable to verify/],
    ['the certificate names another', ['other.svc'], true, /does not match certificate's altnames|Host: hook/],
  ])('fails where %s, and recovers', async (_, hosts, isTrusted, words) => {
    const [material, good] = [await issue(hosts), await issue(['hook.workload-protection.svc'])];
    const port = await serve(material);
    let caBundle = base64(bundleOf(isTrusted ? material : good));
    let isThere = true;
    const found = probe(port, () => (isThere ? configured({ service, caBundle }) : []));
    await eventually(
      'a failure',
      () => found.trouble(),
      (trouble) => trouble !== undefined && words.test(trouble),
    );
    expect(found.trouble()).toContain('a handshake as hook.workload-protection.svc');
    if (isTrusted) isThere = false;
    else caBundle = base64(bundleOf(material));
    await eventually('success', () => found.trouble() === undefined);
  });
});
