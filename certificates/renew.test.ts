import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bundleOf, covers, fromSecretData, hasSigned, toSecretData, type Material } from './material.ts';
import { renew, settling, whatIsDue } from './renew.ts';

const start = Date.parse('2027-01-01T00:00:00Z');
const day = 86_400_000;
const hosts = ['hook.security.svc', '10.0.0.7', 'fd00::7'];

const issued = (now = start, names = hosts): Promise<Material> => renew(undefined, { kind: 'all', hosts: names }, now);

/** What is due, until nothing is. */
const settle = async (material: Material, now: number): Promise<Material> => {
  const due = whatIsDue(material, hosts, now);
  return due.kind === 'nothing' ? material : settle(await renew(material, due, now), now);
};

describe('certificates', () => {
  it('are issued where there are none, for every name and address', async () => {
    expect(whatIsDue(undefined, hosts, start)).toMatchObject({ kind: 'all' });
    const { roots, leaf } = await issued();
    const [root] = roots;
    expect(root && hasSigned(root, leaf)).toBe(true);
    expect(hosts.map((host) => covers(leaf, host))).toEqual([true, true, true]);
    expect(covers(leaf, 'other.security.svc')).toBe(false);
  });

  it('are what a verifier expects of a root and a server', async () => {
    const { roots, leaf } = await issued();
    const root = new X509Certificate(roots[0]?.pem ?? '');
    const server = new X509Certificate(leaf.pem);
    expect([root.ca, server.ca]).toEqual([true, false]);
    expect(server.keyUsage?.toSorted()).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(server.subjectAltName).toBe('DNS:hook.security.svc, IP Address:10.0.0.7, IP Address:FD00:0:0:0:0:0:0:7');
    expect(server.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });

  it('survive being written and read', async () => {
    const material = await issued();
    expect(fromSecretData(toSecretData(material))).toEqual(material);
  });

  it.each<[string, keyof ReturnType<typeof toSecretData>, string | undefined]>([
    ['a certificate that is none', 'tls.crt', 'bm90aGluZw=='],
    ['the key of another', 'tls.key', undefined],
    ['the key of another root', 'ca.key', undefined],
  ])('that hold %s are no use', async (_, field, value) => {
    const [data, other] = [toSecretData(await issued()), toSecretData(await issued())];
    expect(fromSecretData({ ...data, [field]: value ?? other[field] ?? '' })).toBeUndefined();
  });

  it('that hold nothing are no use', () => {
    expect(fromSecretData({})).toBeUndefined();
  });

  it.each(['::1', '2001:db8::a:1', 'fe80:0:0:0:0:0:0:9', '::ffff:a00:7', '192.0.2.200'])(
    'name the address %s',
    async (address) => {
      expect(covers((await issued(start, [address])).leaf, address)).toBe(true);
    },
  );

  it('have a root of its own name each time, so that two in a bundle are told apart', async () => {
    const subjects = await Promise.all(
      [1, 2].map(async () => new X509Certificate((await issued()).roots[0]?.pem ?? '').subject),
    );
    expect(subjects[0]).toMatch(/^CN=workload-protection-ca-/);
    expect(new Set(subjects).size).toBe(2);
  });

  it('are left alone until two thirds of their life', async () => {
    const due = whatIsDue(await issued(), hosts, start);
    expect(due).toMatchObject({ kind: 'nothing' });
    if (due.kind === 'nothing') expect(Math.round((due.until - start) / day)).toBe(60);
  });

  it.each<[string, number, readonly string[], string]>([
    ['the server certificate at two thirds of its life', 61 * day, hosts, 'leaf'],
    ['the server certificate for a new name', day, [...hosts, 'new.example.com'], 'leaf'],
    ['everything once the root has ended', 1100 * day, hosts, 'all'],
  ])('renew %s', async (_, later, names, expected) => {
    expect(whatIsDue(await issued(), names, start + later).kind).toBe(expected);
  });

  it('trust a new root before they use it, and the old one after', async () => {
    const old = await settle(await issued(), start + 700 * day);
    const now = start + 731 * day;
    const overlapping = await settle(old, now);
    expect(overlapping.roots).toHaveLength(2);
    expect(overlapping.leaf).toEqual(old.leaf);
    expect(bundleOf(overlapping)).toContain(old.roots[0]?.pem);

    const due = whatIsDue(overlapping, hosts, now);
    expect(due).toMatchObject({ kind: 'nothing', until: now + settling });
    const settled = await settle(overlapping, now + settling);
    const [newest, before] = settled.roots;
    expect(newest && hasSigned(newest, settled.leaf)).toBe(true);
    expect(before).toEqual(old.roots[0]);
  });

  it('at every moment of ten years have a server certificate that is valid and of a trusted root', async () => {
    let material = await issued();
    let roots = 0;
    for (let now = start; now < start + 3650 * day; now += 5 * day) {
      material = await settle(material, now);
      roots = Math.max(roots, material.roots.length);
      expect(material.leaf.to).toBeGreaterThan(now);
      expect(material.roots.some((root) => root.to > material.leaf.to && hasSigned(root, material.leaf))).toBe(true);
    }
    expect(roots).toBe(2);
  });

  it('do not take a certificate of somebody else', async () => {
    const other = await issued();
    const mixed = { ...(await issued()), leaf: other.leaf, leafKey: other.leafKey };
    expect(whatIsDue(mixed, hosts, start)).toMatchObject({ kind: 'leaf' });
  });

  it('keep the names of another process with the same Secret, so that the two do not issue in turns', async () => {
    const [ours, theirs] = [
      [...hosts, '10.0.0.8', 'fd00::8'],
      [...hosts, 'other.example.com'],
    ];
    let material = await issued(start, theirs);
    const due = whatIsDue(material, ours, start);
    if (due.kind === 'nothing') throw new Error('the certificate names hosts that it cannot know');
    material = await renew(material, due, start);
    expect([ours, theirs].map((names) => whatIsDue(material, names, start).kind)).toEqual(['nothing', 'nothing']);
    // The next renewal forgets them; who needs them asks again.
    const later = whatIsDue(material, ours, start + 61 * day);
    expect(later).toMatchObject({ kind: 'leaf', hosts: ours });
  });

  it('do not gather names without end', async () => {
    const many = Array.from({ length: 40 }, (_, index) => `10.0.1.${index}`);
    expect(whatIsDue(await issued(start, many), hosts, start)).toMatchObject({ kind: 'leaf', hosts });
  });
});
