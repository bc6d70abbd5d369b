// Why an agent could not be read: an outcome to count by, and words that name no node and no address, so that nodes in the same
// plight share one gap.

export const outcomes = [
  'ok',
  'timeout',
  'refused',
  'unreachable',
  'broken',
  'oversize',
  'redirect',
  'untrusted',
  'garbage',
  'credentials',
] as const;
export type Outcome = (typeof outcomes)[number];

export class Trouble extends Error {
  readonly outcome: Exclude<Outcome, 'ok'>;
  /** False where the next question may still be answered. */
  readonly endsConversation: boolean;

  constructor(outcome: Exclude<Outcome, 'ok'>, message: string, endsConversation = true) {
    super(message);
    this.name = 'Trouble';
    this.outcome = outcome;
    this.endsConversation = endsConversation;
  }
}

/** Whatever was thrown while asking, in our words. */
export const troubleOf = (error: unknown, port: number): Trouble => {
  if (error instanceof Trouble) return error;
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  const known = wordsOf[code];
  if (known !== undefined) return new Trouble(known[0], known[1](port));
  if (code.startsWith('HPE_')) return new Trouble('garbage', `what answers on port ${port} does not speak HTTP`);
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || code === 'EPROTO')
    return new Trouble('untrusted', isPlain(error) ? plainWords(port) : `TLS on port ${port} failed (${code})`);
  return new Trouble('broken', `asking on port ${port} failed (${code === '' ? 'no reason given' : code})`);
};

/** What OpenSSL says when it is answered in plain text. */
const isPlain = (error: unknown): boolean => /wrong version number|packet length too long/.test(String(error));

const plainWords = (port: number): string => `port ${port} does not speak TLS: set telemetry.scheme to HTTP`;

type Words = readonly [Exclude<Outcome, 'ok'>, (port: number) => string];

const unsigned: Words = [
  'untrusted',
  () => 'no trusted authority signed its certificate: name the one that did in telemetry.tls.caSecretRef',
];
const closed: Words = ['broken', () => 'it closed the connection before its answer was complete'];
const unreachable: Words = ['unreachable', () => 'its address cannot be reached'];

const wordsOf: Readonly<Record<string, Words>> = {
  ECONNREFUSED: ['refused', (port) => `nothing listens on port ${port}`],
  ECONNRESET: closed,
  EPIPE: closed,
  ERR_STREAM_PREMATURE_CLOSE: closed,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  EADDRNOTAVAIL: unreachable,
  ETIMEDOUT: ['timeout', (port) => `no connection to port ${port} comes about`],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'untrusted',
    () => 'its certificate is for another name: set telemetry.tls.serverName to the one that it carries',
  ],
  CERT_HAS_EXPIRED: ['untrusted', () => 'its certificate has expired'],
  CERT_NOT_YET_VALID: ['untrusted', () => 'its certificate is not valid yet'],
  DEPTH_ZERO_SELF_SIGNED_CERT: unsigned,
  SELF_SIGNED_CERT_IN_CHAIN: unsigned,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unsigned,
  UNABLE_TO_GET_ISSUER_CERT: unsigned,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unsigned,
  ERR_INVALID_CHAR: ['credentials', () => 'its token holds characters that no header may'],
};
