// Who sends a request: by a token of the senders Secret, a ServiceAccount's, or a client certificate.
import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Reviews } from './reviews.ts';
import type { Proof } from './sender.ts';
import type { Senders } from './senders.ts';
import type { Source } from './source.ts';

export type Authenticate = (request: IncomingMessage, source: Source) => Proof | Promise<Proof>;

export const createAuthenticate = (
  senders: Pick<Senders, 'byToken' | 'authorities'>,
  reviews: Reviews,
): Authenticate => {
  const byToken = (token: string, source: Source): Proof | Promise<Proof> => {
    const sender = senders.byToken(token);
    return sender === undefined ? reviews.prove(token, source) : { kind: 'sender', sender };
  };
  return (request, source) => {
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const [, token] = /^Bearer +([\x21-\x7e]{1,8192})$/i.exec(authorization) ?? [];
      return token === undefined
        ? { kind: 'unknown', message: 'authorization must be "Bearer" and a token' }
        : byToken(token, source);
    }
    // The only header in which Datadog's agent and forwarders can carry a secret.
    const key = request.headers['dd-api-key'];
    if (source === 'datadog' && typeof key === 'string') return byToken(key, source);
    return byCertificate(request.socket as TLSSocket, senders.authorities() !== '');
  };
};

const byCertificate = (socket: TLSSocket, isProof: boolean): Proof => {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined)
    return { kind: 'unknown', message: 'send a bearer token, or present a client certificate' };
  if (!socket.authorized || !isProof) {
    const why = isProof ? String(socket.authorizationError) : 'the senders Secret holds no ca.crt';
    return { kind: 'unknown', message: `the client certificate is not trusted: ${why}` };
  }
  return senderOf(certificate);
};

/** As kubelets are named: such a certificate speaks of its node only. */
const nodePrefix = 'system:node:';

const senderOf = (certificate: X509Certificate): Proof => {
  const name = /^CN=(.+)$/m.exec(certificate.subject)?.[1] ?? '';
  if (name === '') return { kind: 'unknown', message: 'the client certificate has no common name (CN)' };
  const node = name.startsWith(nodePrefix) ? name.slice(nodePrefix.length) : undefined;
  return { kind: 'sender', sender: { name: `certificate ${name}`, node } };
};
