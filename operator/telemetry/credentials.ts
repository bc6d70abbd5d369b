// What agents are shown and by what they are trusted: from Secrets of the operator's own namespace, and from nowhere else. They are
// read again now and then, so that what is rotated there is used here.
import { createSecureContext } from 'node:tls';
import type { Clock } from '../../kube/clock.ts';
import { classify } from '../../kube/errors.ts';
import { pathOf, resources } from '../../kube/resource.ts';
import type { Transport } from '../../kube/transport.ts';
import type { Trust } from './ask.ts';
import type { ScrapeSettings, TlsSettings } from './settings.ts';
import { Trouble } from './trouble.ts';

export interface Credentials {
  /** The same object while the Secrets say the same. */
  readonly trust: Trust | undefined;
  readonly token: string | undefined;
}

export interface CredentialsOptions {
  readonly transport: Pick<Transport, 'request'>;
  readonly namespace: string;
  readonly clock: Clock;
}

/** Soon enough for a rotation, which leaves the old credentials valid for a while, and few requests for a handful of Secrets. */
const rereadAfterMs = 30_000;
/** Of what could not be read: one request for all agents that wait for it. */
const retryAfterMs = 5000;
const deadlineMs = 10_000;

/** Fails with a Trouble where they cannot be had. */
export const createCredentials = ({
  transport,
  namespace,
  clock,
}: CredentialsOptions): ((settings: ScrapeSettings) => Promise<Credentials>) => {
  /** As many as ProtectionAgents name: three each at most. */
  const secrets = new Map<string, { readonly data: Promise<SecretData>; staleAt: number }>();
  const made = new WeakMap<ScrapeSettings, { readonly text: string; readonly credentials: Credentials }>();

  const fetch = async (name: string): Promise<SecretData> => {
    try {
      const path = pathOf(resources.secrets, { namespace, name });
      const { data } = await transport.request<{ readonly data?: SecretData }>({ method: 'GET', path, deadlineMs });
      return data ?? {};
    } catch (error) {
      throw new Trouble('credentials', unreadable(namespace, name, error));
    }
  };

  const read = (name: string): Promise<SecretData> => {
    const known = secrets.get(name);
    if (known !== undefined && clock.monotonic() < known.staleAt) return known.data;
    const entry = { data: fetch(name), staleAt: clock.monotonic() + rereadAfterMs };
    secrets.set(name, entry);
    entry.data.catch(() => {
      entry.staleAt = clock.monotonic() + retryAfterMs;
    });
    return entry.data;
  };

  const keyOf = async (name: string, key: string): Promise<string> => {
    const value = (await read(name))[key];
    if (value === undefined) throw new Trouble('credentials', `Secret ${namespace}/${name} has no key ${key}`);
    return Buffer.from(value, 'base64').toString('utf8').trim();
  };

  return async (settings) => {
    const { tls, token } = settings;
    if (tls === undefined && token === undefined) return none;
    const [ca, cert, key, bearer] = await Promise.all([
      tls?.authority && keyOf(tls.authority.name, tls.authority.key),
      tls?.client && keyOf(tls.client, 'tls.crt'),
      tls?.client && keyOf(tls.client, 'tls.key'),
      token && keyOf(token.name, token.key),
    ]);
    const text = JSON.stringify([ca, cert, key, bearer]);
    const known = made.get(settings);
    if (known?.text === text) return known.credentials;
    const credentials = { trust: tls && trustOf(tls, { ca, cert, key }), token: bearer };
    made.set(settings, { text, credentials });
    return credentials;
  };
};

const none: Credentials = { trust: undefined, token: undefined };

type SecretData = Readonly<Record<string, string>>;

const trustOf = (
  { serverName, insecure }: TlsSettings,
  { ca, cert, key }: Readonly<Record<'ca' | 'cert' | 'key', string | undefined>>,
): Trust => {
  try {
    const context = createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    });
    return { context, serverName, insecure };
  } catch {
    throw new Trouble('credentials', 'the Secrets that telemetry.tls names hold no valid certificates and keys in PEM');
  }
};

const unreadable = (namespace: string, name: string, error: unknown): string => {
  const kind = classify(error);
  if (kind === 'notFound') return `there is no Secret ${namespace}/${name}`;
  return kind === 'forbidden'
    ? `Secret ${namespace}/${name} may not be read: list it in telemetrySecrets of the chart's values`
    : `Secret ${namespace}/${name} cannot be read at the moment`;
};
