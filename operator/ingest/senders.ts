// The senders that the Secret names: each key `NAME.token` holds the token of the sender NAME, and `ca.crt` the authorities whose
// certificates are senders, too. It is watched, so that a token can be changed without a restart.
import { hash } from 'node:crypto';
import type { SecretData } from '../../certificates/material.ts';
import { watchSecret, type SecretWatchOptions } from '../../certificates/secret-watch.ts';
import type { Sender } from './sender.ts';

export interface Senders {
  run(signal: AbortSignal): Promise<void>;
  /** Whose token it is. */
  byToken(token: string): Sender | undefined;
  /** PEM; empty where certificates are no proof. */
  authorities(): string;
  /** Told of each change. */
  subscribe(listener: () => void): () => void;
}

/** What can be guessed is no secret. */
const shortestToken = 16;

export function createSenders(options: SecretWatchOptions): Senders {
  const { log, namespace, secret } = options;
  const watch = watchSecret(options);
  const listeners = new Set<() => void>();
  let known: Known = { tokens: new Map(), authorities: '', mistakes: [] };
  return {
    byToken: (token) => known.tokens.get(digestOf(token)),
    authorities: () => known.authorities,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async run(signal) {
      const end = watch.subscribe(() => {
        known = readSenders(watch.current()?.data ?? {});
        for (const mistake of known.mistakes) log.warn({ secret: `${namespace}/${secret}` }, mistake);
        log.info({ secret: `${namespace}/${secret}`, tokens: known.tokens.size }, 'the senders of events were read');
        for (const listener of listeners) listener();
      });
      try {
        await watch.reflector.run(signal);
      } finally {
        end();
      }
    },
  };
}

interface Known {
  /** By the digest of the token, so that the time of a look-up tells nothing of it. */
  readonly tokens: ReadonlyMap<string, Sender>;
  readonly authorities: string;
  readonly mistakes: readonly string[];
}

export const readSenders = (data: SecretData): Known => {
  const tokens = new Map<string, Sender>();
  const mistakes: string[] = [];
  let authorities = '';
  for (const [key, value] of Object.entries(data)) {
    // A line end at the end of a token comes from the file that it was made from.
    const text = Buffer.from(value, 'base64').toString('utf8').trim();
    if (key === 'ca.crt') authorities = text;
    else if (!key.endsWith('.token')) mistakes.push(`${key} is neither ca.crt nor NAME.token, and means nothing`);
    else if (text.length < shortestToken)
      mistakes.push(`${key} is shorter than ${shortestToken} characters, and is not taken for a token`);
    else tokens.set(digestOf(text), { name: `token ${key.slice(0, -'.token'.length)}`, node: undefined });
  }
  return { tokens, authorities, mistakes };
};

export const digestOf = (token: string): string => hash('sha256', token, 'base64');
