// Signs what is posted, as the Standard Webhooks specification has it: whoever receives it can tell that it is ours, whole and of now.
import { createHmac } from 'node:crypto';
import type { SecretData } from '../../certificates/material.ts';

export interface SinkSecret {
  /** The first is the one to come; while keys change, each of them signs. */
  readonly keys: readonly Buffer[];
  readonly authorization: string | undefined;
  readonly alertmanagerAuthorization: string | undefined;
  /** PEM; undefined: the roots that the machine trusts. */
  readonly ca: string | undefined;
}

export const noSecret: SinkSecret = {
  keys: [],
  authorization: undefined,
  alertmanagerAuthorization: undefined,
  ca: undefined,
};

/** What can be guessed signs nothing. */
const shortestKey = 16;

/** Throws where it holds no key that is long enough. */
export const readSinkSecret = (data: SecretData): SinkSecret => {
  const text = (key: string): string | undefined => {
    const value = Buffer.from(data[key] ?? '', 'base64')
      .toString('utf8')
      .trim();
    return value === '' ? undefined : value;
  };
  const lines = (text('signing-key') ?? '').split('\n').flatMap((line) => line.trim() || []);
  const keys = lines.map(keyOf);
  if (keys.length === 0) throw new Error('it has no key "signing-key"');
  if (keys.some((key) => key.length < shortestKey))
    throw new Error(`a line of its signing-key is shorter than ${shortestKey} bytes`);
  return {
    keys,
    authorization: text('authorization'),
    alertmanagerAuthorization: text('alertmanager-authorization'),
    ca: text('ca.crt'),
  };
};

/** `whsec_` and base64, as libraries of the specification make them; any other text is taken as it is. */
const keyOf = (line: string): Buffer =>
  line.startsWith('whsec_') ? Buffer.from(line.slice('whsec_'.length), 'base64') : Buffer.from(line, 'utf8');

export const signatureHeaders = (
  keys: readonly Buffer[],
  id: string,
  seconds: number,
  body: string,
): Readonly<Record<string, string>> => ({
  'webhook-id': id,
  'webhook-timestamp': String(seconds),
  ...(keys.length === 0
    ? {}
    : {
        'webhook-signature': keys
          .map((key) => `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`, 'utf8').digest('base64')}`)
          .join(' '),
      }),
});
