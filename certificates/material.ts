// What the Secret holds: the roots that are trusted, the newest one's key, and the server's certificate.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';

export interface Material {
  /** The newest first; PEM each. Two while one replaces the other. */
  readonly roots: readonly Certificate[];
  /** Key of the newest root, PEM. */
  readonly rootKey: string;
  readonly leaf: Certificate;
  readonly leafKey: string;
}

export interface Certificate {
  readonly pem: string;
  readonly from: number;
  readonly to: number;
}

/** Data of the Secret, base64 as in JSON. */
export type SecretData = Readonly<Record<string, string>>;

/** All roots that the API server is to trust, one after the other. */
export const bundleOf = ({ roots }: Material): string => roots.map(({ pem }) => pem).join('');

export const toSecretData = (material: Material): SecretData => ({
  'ca.crt': encode(bundleOf(material)),
  'ca.key': encode(material.rootKey),
  'tls.crt': encode(material.leaf.pem),
  'tls.key': encode(material.leafKey),
});

/** Undefined for anything that no server could be started with: it is then issued anew. */
export const fromSecretData = (data: SecretData): Material | undefined => {
  try {
    const roots = decode(data['ca.crt']).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? [];
    const material = {
      roots: roots.map(readCertificate),
      rootKey: decode(data['ca.key']),
      leaf: readCertificate(decode(data['tls.crt'])),
      leafKey: decode(data['tls.key']),
    };
    return isWhole(material) ? material : undefined;
  } catch {
    // The only errors are those of parsers, and what cannot be parsed cannot be used.
    return undefined;
  }
};

export const readCertificate = (pem: string): Certificate => {
  const { validFrom, validTo } = new X509Certificate(pem);
  return { pem, from: Date.parse(validFrom), to: Date.parse(validTo) };
};

/** Whether each key belongs to its certificate. */
const isWhole = ({ roots: [newest], rootKey, leaf, leafKey }: Material): boolean =>
  newest !== undefined &&
  new X509Certificate(newest.pem).checkPrivateKey(createPrivateKey(rootKey)) &&
  new X509Certificate(leaf.pem).checkPrivateKey(createPrivateKey(leafKey));

/** Whether this root has signed that certificate. */
export const hasSigned = (root: Certificate, leaf: Certificate): boolean => {
  const [authority, signed] = [new X509Certificate(root.pem), new X509Certificate(leaf.pem)];
  return signed.checkIssued(authority) && signed.verify(authority.publicKey);
};

export const covers = (leaf: Certificate, host: string): boolean => {
  const certificate = new X509Certificate(leaf.pem);
  return (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
};

/** All names and addresses that it is valid for, as a URL would write them. */
export const hostsOf = ({ pem }: Certificate): readonly string[] =>
  (new X509Certificate(pem).subjectAltName ?? '').split(', ').flatMap((name) => {
    const [, kind, value = ''] = /^(DNS|IP Address):(.+)$/.exec(name) ?? [];
    if (kind === undefined) return [];
    return isIPv6(value) ? new URL(`http://[${value}]`).hostname.slice(1, -1) : value;
  });

const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
const decode = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString('utf8');
