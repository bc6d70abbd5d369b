// When certificates are due, and what is then issued. Two roots overlap: a new one is first trusted and only then used, so that no
// API server meets a certificate of a root that it has not heard of, and no replica with the old certificate is refused.
import type { Issued, Validity } from './issue.ts';
import { covers, hasSigned, hostsOf, readCertificate, type Material } from './material.ts';

const hour = 3_600_000;
const day = 24 * hour;
/** Long beside a certificate's life, so that one always ends before its root does. */
const rootLife = 3 * 365 * day;
const leafLife = 90 * day;
/** Clocks of other machines may be behind ours. */
const backdated = hour;
/** From a new root being published to its first use: API servers hear of it within seconds, replicas within a watch's renewal. */
export const settling = 10 * 60_000;

export type Due =
  | {
      readonly kind: 'all' | 'root' | 'leaf';
      readonly why: string;
      /** Whom a certificate is to be issued for. */
      readonly hosts: readonly string[];
    }
  | { readonly kind: 'nothing'; readonly until: number };

/** Names in one certificate: far more than there are processes with an address of their own, and still one TLS record. */
const mostHosts = 32;

/** What must be issued now. */
export function whatIsDue(material: Material | undefined, hosts: readonly string[], now: number): Due {
  const [newest, ...older] = material?.roots ?? [];
  if (material === undefined || newest === undefined)
    return { kind: 'all', why: 'there is no usable certificate', hosts };
  if (now >= newest.to) return { kind: 'all', why: 'the root has expired', hosts };
  const { leaf } = material;
  const missing = hosts.filter((host) => !covers(leaf, host));
  if (missing.length > 0) {
    // A process with another address may be serving this very certificate: it keeps its name, or the two would issue in turns for
    // ever. Names that nobody needs any more go at the next renewal.
    const all = [...new Set([...hosts, ...hostsOf(leaf)])];
    const why = `the certificate does not name ${missing.join(', ')}`;
    return { kind: 'leaf', why, hosts: all.length > mostHosts ? hosts : all };
  }
  if (now >= leaf.to) return { kind: 'leaf', why: 'the certificate has expired', hosts };
  if (now >= renewalOf(newest)) return { kind: 'root', why: 'the root has lived two thirds of its life', hosts };
  const isOfNewest = hasSigned(newest, leaf);
  if (!isOfNewest && !older.some((root) => hasSigned(root, leaf))) {
    return { kind: 'leaf', why: 'the certificate is of a root that is not trusted', hosts };
  }
  const settled = newest.from + backdated + settling;
  if (!isOfNewest && now >= settled) return { kind: 'leaf', why: 'the new root has settled', hosts };
  // Within these minutes a renewal waits for the new root; a third of the certificate's life is left.
  if (isOfNewest && now >= renewalOf(leaf))
    return { kind: 'leaf', why: 'the certificate has lived two thirds of its life', hosts };
  return { kind: 'nothing', until: Math.min(renewalOf(newest), isOfNewest ? renewalOf(leaf) : settled) };
}

/** The material after what is due was issued. */
export async function renew(
  material: Material | undefined,
  { kind, hosts }: Pick<Exclude<Due, { kind: 'nothing' }>, 'kind' | 'hosts'>,
  now: number,
): Promise<Material> {
  const { issueLeaf, issueRoot } = await import('./issue.ts');
  const newRoot = kind === 'leaf' ? undefined : await issueRoot(lifeFrom(now, rootLife));
  if (kind === 'root' && material !== undefined && newRoot !== undefined) {
    const newest = material.roots.find(({ to }) => to > now);
    return {
      ...material,
      roots: [readCertificate(newRoot.certificate), ...(newest === undefined ? [] : [newest])],
      rootKey: newRoot.key,
    };
  }
  const root: Issued = newRoot ?? { certificate: material?.roots[0]?.pem ?? '', key: material?.rootKey ?? '' };
  const issued = await issueLeaf(root, hosts, lifeFrom(now, leafLife));
  const leaf = readCertificate(issued.certificate);
  const others = newRoot === undefined ? (material?.roots.slice(1) ?? []) : [];
  return {
    roots: [readCertificate(root.certificate), ...others.filter(({ to }) => to > now)],
    rootKey: root.key,
    leaf,
    leafKey: issued.key,
  };
}

const lifeFrom = (now: number, life: number): Validity => ({ from: now - backdated, to: now + life });

const renewalOf = ({ from, to }: { readonly from: number; readonly to: number }): number =>
  from + ((to - from) * 2) / 3;
