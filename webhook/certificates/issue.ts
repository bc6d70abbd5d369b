// Issues a root and certificates of servers: ECDSA P-256, X.509 version 3 (RFC 5280), by Node's own cryptography. Written out here
// because it is a page, and the libraries that do it bring a dozen packages into the process that guards admission.
import {
  createHash,
  generateKeyPairSync,
  randomBytes,
  sign,
  createPrivateKey,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { bits, field, identifier, integer, octets, plainField, sequence, set, time, utf8, yes } from './der.ts';

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

export function issueRoot(validity: Validity): Issued {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // Of its own name, so that two roots in one bundle are told apart.
  const name = `workload-protection-webhook-ca-${randomBytes(4).toString('hex')}`;
  const certificate = encode(
    { ...validity, subject: name, issuer: name, publicKey: keys.publicKey, signer: keys.privateKey },
    [
      extension('2.5.29.19', true, sequence(yes, integer(Buffer.from([0])))),
      // keyCertSign and cRLSign.
      extension('2.5.29.15', true, bits(Buffer.from([0x06]), 1)),
      extension('2.5.29.14', false, octets(keyIdentifier(keys.publicKey))),
    ],
  );
  return { certificate, key: pem(keys.privateKey) };
}

/** A certificate for a server under these names and addresses. */
export function issueLeaf(root: Issued, hosts: readonly string[], validity: Validity): Issued {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const authority = new X509Certificate(root.certificate);
  const certificate = encode(
    {
      ...validity,
      subject: 'workload-protection-webhook',
      issuer: authority.subject.replace(/^CN=/, ''),
      publicKey: keys.publicKey,
      signer: createPrivateKey(root.key),
    },
    [
      extension('2.5.29.19', true, sequence()),
      // digitalSignature.
      extension('2.5.29.15', true, bits(Buffer.from([0x80]), 7)),
      // serverAuth.
      extension('2.5.29.37', false, sequence(identifier('1.3.6.1.5.5.7.3.1'))),
      extension('2.5.29.35', false, sequence(plainField(0, keyIdentifier(authority.publicKey)))),
      extension('2.5.29.17', false, sequence(...hosts.map(generalName))),
    ],
  );
  return { certificate, key: pem(keys.privateKey) };
}

interface Contents extends Validity {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
}

const ecdsaWithSha256 = '1.2.840.10045.4.3.2';

const encode = ({ subject, issuer, publicKey, signer, from, to }: Contents, extensions: readonly Buffer[]): string => {
  const algorithm = sequence(identifier(ecdsaWithSha256));
  const signed = sequence(
    // Version 3.
    field(0, integer(Buffer.from([2]))),
    // 16 random bytes; the first bit is cleared, so that the number has one length.
    integer(Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    algorithm,
    commonName(issuer),
    sequence(time(from), time(to)),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    field(3, sequence(...extensions)),
  );
  const signature = sign('sha256', signed, { key: signer, dsaEncoding: 'der' });
  const text = sequence(signed, algorithm, bits(signature)).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${text.replaceAll(/(.{64})(?=.)/g, '$1\n')}\n-----END CERTIFICATE-----\n`;
};

const commonName = (name: string): Buffer => sequence(set(sequence(identifier('2.5.4.3'), utf8(name))));

const extension = (id: string, isCritical: boolean, value: Buffer): Buffer =>
  sequence(identifier(id), ...(isCritical ? [yes] : []), octets(value));

/** Any stable name of the key will do (RFC 5280, 4.2.1.2). */
const keyIdentifier = (key: KeyObject): Buffer =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20);

const generalName = (host: string): Buffer => {
  if (isIPv4(host)) return plainField(7, Buffer.from(host.split('.').map(Number)));
  if (isIPv6(host)) return plainField(7, bytesOfIPv6(host));
  return plainField(2, Buffer.from(host, 'ascii'));
};

const bytesOfIPv6 = (address: string): Buffer => {
  // The URL parser writes any form, an embedded IPv4 address included, as groups of hexadecimal digits.
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = groups.split('::');
  const [before, after] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':')));
  const missing = tail === undefined ? 0 : 8 - (before?.length ?? 0) - (after?.length ?? 0);
  const all = [...(before ?? []), ...Array.from({ length: missing }, () => '0'), ...(after ?? [])];
  return Buffer.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
};

const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
