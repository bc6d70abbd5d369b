// A certificate that somebody else keeps in a Secret, cert-manager for one. It is served as it is and reloaded when it changes; nothing
// is ever written.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { covers, readCertificate, type SecretData } from './material.ts';
import { watchSecret, type SecretWatchOptions } from './secret-watch.ts';
import type { CertificateSource, Served } from './served.ts';

export interface GivenCertificateOptions extends SecretWatchOptions {
  /** Names and addresses that the certificate should be valid for. */
  readonly hosts: readonly string[];
}

export function createGivenCertificate(options: GivenCertificateOptions): CertificateSource {
  const { namespace, secret, hosts, log } = options;
  const watch = watchSecret(options);
  const listeners = new Set<(served: Served) => void>();
  let served: Served | undefined;
  let trouble: string | undefined = `waiting for Secret ${namespace}/${secret} with the certificate`;

  const take = (): void => {
    const read = readGiven(watch.current()?.data);
    if (!read.ok) {
      // What was served goes on being served: it is better than nothing, and may be valid for weeks.
      trouble = `Secret ${namespace}/${secret} ${read.problem}`;
      log.warn({ trouble }, 'the certificate cannot be taken from its Secret; the last one stays');
      return;
    }
    const missing = hosts.filter((host) => !covers(readCertificate(read.served.certificate), host));
    trouble =
      missing.length === hosts.length
        ? `the certificate in Secret ${namespace}/${secret} names none of ${hosts.join(', ')}: API servers will refuse it`
        : undefined;
    if (trouble !== undefined) log.warn({ trouble }, 'the certificate is served all the same');
    if (JSON.stringify(read.served) === JSON.stringify(served)) return;
    served = read.served;
    log.info({ secret: `${namespace}/${secret}`, expiry: served.expiry }, 'serving the certificate of the Secret');
    for (const listener of listeners) listener(served);
  };

  return {
    served: () => served,
    trouble: () => trouble,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async run(signal) {
      const end = watch.subscribe(take);
      try {
        await watch.reflector.run(signal);
      } finally {
        end();
      }
    },
  };
}

type Read = { readonly ok: true; readonly served: Served } | { readonly ok: false; readonly problem: string };

export const readGiven = (data: SecretData | undefined): Read => {
  if (data === undefined) return { ok: false, problem: 'does not exist: make it, or have cert-manager make it' };
  const [certificate, key, authorities] = ['tls.crt', 'tls.key', 'ca.crt'].map((name) => decode(data[name]));
  if (!certificate || !key) return { ok: false, problem: 'has no tls.crt and tls.key' };
  try {
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
      return { ok: false, problem: 'has a tls.key that does not belong to its tls.crt' };
    const ca = authorities ? readCertificate(authorities).to : undefined;
    return {
      ok: true,
      served: {
        certificate,
        key,
        authorities: authorities === '' ? undefined : authorities,
        expiry: { server: readCertificate(certificate).to, ...(ca === undefined ? {} : { ca }) },
      },
    };
  } catch (error) {
    return { ok: false, problem: `cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
};

const decode = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString('utf8');
