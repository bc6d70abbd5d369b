// Publishes whom agents are to trust: the authority of the certificate, in a ConfigMap that anyone who may read it can copy from.
import type { CertificateSource } from '../../certificates/served.ts';
import { object, textMap } from '../../facts/read.ts';
import { createWriter, type Writer } from '../../kube/apply.ts';
import { sleep, type Clock } from '../../kube/clock.ts';
import { classify } from '../../kube/errors.ts';
import type { Log } from '../../kube/log.ts';
import { resources } from '../../kube/resource.ts';
import type { Transport } from '../../kube/transport.ts';

export interface AuthorityOptions {
  readonly transport: Transport;
  readonly namespace: string;
  readonly authorityConfigMap: string;
  readonly certificate: CertificateSource;
  readonly clock: Clock;
  readonly log: Log;
}

const retryMs = 10_000;
/** Should somebody delete it: agents hold copies, so this is soon enough. */
const againMs = 600_000;

/** Ends when the signal aborts. Every replica does it: the content is the same. */
export const publishAuthority = async (options: AuthorityOptions, signal: AbortSignal): Promise<void> => {
  const { transport, namespace, authorityConfigMap: name, certificate, clock, log } = options;
  const writer = createWriter(transport);
  while (!signal.aborted) {
    const changed = new AbortController();
    const wake = (): void => changed.abort();
    const end = certificate.subscribe(wake);
    signal.addEventListener('abort', wake, { once: true });
    const authorities = certificate.served()?.authorities;
    let waitMs = againMs;
    if (authorities !== undefined) {
      try {
        // Nothing is written where nothing changed.
        if ((await published(writer, namespace, name, signal)) !== authorities) {
          await writer.apply(
            resources.configMaps,
            {
              metadata: { name, namespace, labels: { 'app.kubernetes.io/part-of': 'workload-protection' } },
              data: { 'ca.crt': authorities },
            },
            { fieldManager: 'workload-protection-ingest', signal },
          );
          log.info({ configMap: `${namespace}/${name}` }, 'published whom senders of events are to trust');
        }
      } catch (error) {
        waitMs = retryMs;
        if (!signal.aborted)
          log.warn(
            { error, configMap: `${namespace}/${name}` },
            'cannot publish the authority of the ingest certificate',
          );
      }
    }
    await sleep(clock, waitMs, changed.signal);
    signal.removeEventListener('abort', wake);
    end();
  }
};

/** Undefined where there is none. */
const published = async (
  writer: Writer,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> => {
  try {
    const { data } = object(await writer.get(resources.configMaps, { namespace, name }, { signal }));
    return textMap(data)['ca.crt'];
  } catch (error) {
    if (classify(error) === 'notFound') return undefined;
    throw error;
  }
};
