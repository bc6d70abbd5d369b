// Issues a root and certificates of servers: ECDSA P-256, X.509 version 3. It is loaded only where something is issued: a replica that
// serves what another has issued, or what cert-manager has, keeps the library out of its memory.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

export interface Issued {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

export interface Validity {
  readonly from: number;
  readonly to: number;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const { subtle } = webcrypto;

export async function issueRoot({ from, to }: Validity): Promise<Issued> {
  const keys = await generateKeys();
  // Of its own name, so that two roots in one bundle are told apart.
  const suffix = Buffer.from(webcrypto.getRandomValues(new Uint8Array(4))).toString('hex');
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=workload-protection-ca-${suffix}`,
    keys,
    notBefore: new Date(from),
    notAfter: new Date(to),
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return issued(certificate, keys.privateKey);
}

/** A certificate for a server under these names and addresses. */
export async function issueLeaf(root: Issued, hosts: readonly string[], { from, to }: Validity): Promise<Issued> {
  const keys = await generateKeys();
  const authority = new X509Certificate(root.certificate);
  const certificate = await X509CertificateGenerator.create({
    subject: 'CN=workload-protection',
    issuer: authority.subjectName,
    publicKey: keys.publicKey,
    signingKey: await readKey(root.key),
    notBefore: new Date(from),
    notAfter: new Date(to),
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      // The operator's replicas also show theirs to one another.
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      await AuthorityKeyIdentifierExtension.create(authority.publicKey),
      new SubjectAlternativeNameExtension(
        hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host })),
      ),
    ],
  });
  return issued(certificate, keys.privateKey);
}

const generateKeys = (): Promise<webcrypto.CryptoKeyPair> => subtle.generateKey(algorithm, true, ['sign', 'verify']);

const readKey = (pem: string): Promise<webcrypto.CryptoKey> =>
  subtle.importKey('pkcs8', PemConverter.decodeFirst(pem), algorithm, false, ['sign']);

const issued = async (certificate: X509Certificate, key: webcrypto.CryptoKey): Promise<Issued> => ({
  certificate: `${certificate.toString('pem')}\n`,
  key: `${PemConverter.encode(await subtle.exportKey('pkcs8', key), PemConverter.PrivateKeyTag)}\n`,
});
