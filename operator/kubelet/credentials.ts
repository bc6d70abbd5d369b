// What kubelets are shown, and by what they are trusted. The token is not our own: a kubelet of a node that somebody has taken over
// could do with it all that we may. It is that of an account that may read the metrics of nodes, asked for anew before it ends.
import { readFile } from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { object, text } from '../../facts/read.ts';
import type { ClusterAccess } from '../../kube/access.ts';
import type { Clock } from '../../kube/clock.ts';
import { classify } from '../../kube/errors.ts';
import type { Transport } from '../../kube/transport.ts';
import type { KubeletCredentials, KubeletTrust } from './ask.ts';
import { KubeletTrouble } from './trouble.ts';

export interface KubeletCredentialsOptions {
  readonly access: Pick<ClusterAccess, 'tls'>;
  readonly transport: Pick<Transport, 'request'>;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Undefined: the cluster's own authorities. */
  readonly caFile: string | undefined;
  readonly insecure: boolean;
  readonly clock: Clock;
}

/** As long as API servers are asked for without a reason for another time; they give no shorter one than ten minutes. */
const tokenSeconds = 3600;
/** A token is used for as much of its life: clocks differ, and an answer takes a while. */
const usedShare = 0.8;
/** Of what could not be had, or was not taken: one request for all kubelets that wait for it. */
const retryAfterMs = 30_000;
/** Soon enough for authorities that are replaced, of which the old ones stay for a while. */
const rereadAfterMs = 60_000;
const deadlineMs = 10_000;

export const createKubeletCredentials = (options: KubeletCredentialsOptions): KubeletCredentials => {
  const { clock } = options;
  const token = remembered(clock, () => requestToken(options));
  const material = remembered(clock, async () => {
    const authorities = await authoritiesOf(options);
    return { value: authorities, forMs: rereadAfterMs };
  });
  let trust: { readonly authorities: string | undefined; readonly value: KubeletTrust } | undefined;
  return {
    token: (fresh = false) => token(fresh),
    trust: async () => {
      const authorities = await material();
      // The same object while it says the same: making one is not cheap.
      if (trust === undefined || trust.authorities !== authorities)
        trust = { authorities, value: { context: contextOf(authorities), insecure: options.insecure } };
      return trust.value;
    },
  };
};

interface Had<T> {
  readonly value: T;
  readonly forMs: number;
}

/** One request for all who ask, until its time is over; what failed, or was not taken, is tried again after a while. */
const remembered = <T>(clock: Clock, get: () => Promise<Had<T>>): ((fresh?: boolean) => Promise<T>) => {
  let known: { readonly had: Promise<Had<T>>; readonly since: number; until: number } | undefined;
  return async (fresh = false) => {
    const now = clock.monotonic();
    const isDue = known === undefined || now >= known.until || (fresh && now >= known.since + retryAfterMs);
    if (isDue || known === undefined) {
      const next = { had: get(), since: now, until: now + retryAfterMs };
      known = next;
      next.had.then(
        ({ forMs }) => {
          next.until = now + forMs;
        },
        () => {},
      );
    }
    return (await known.had).value;
  };
};

const requestToken = async ({
  transport,
  namespace,
  serviceAccount,
}: KubeletCredentialsOptions): Promise<Had<string>> => {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`;
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: tokenSeconds },
  };
  try {
    const { spec, status } = object(await transport.request({ method: 'POST', path, body, deadlineMs }));
    const value = text(object(status).token);
    if (value === '') throw new Error('the API server gave an empty token');
    // An API server may give another time than was asked for.
    const seconds = Number(object(spec).expirationSeconds ?? tokenSeconds);
    return { value, forMs: seconds * 1000 * usedShare };
  } catch (error) {
    const kind = classify(error);
    const why =
      kind === 'forbidden' || kind === 'notFound'
        ? 'the chart makes it, and gives the right, with operator.kubeletMetrics.enabled'
        : 'it is tried again';
    throw new KubeletTrouble(
      'credentials',
      `no token of ServiceAccount ${namespace}/${serviceAccount} can be had (${kind}): ${why}`,
    );
  }
};

/** Undefined where the API server is known by the machine's own authorities, and kubelets are then, too. */
const authoritiesOf = async ({ access, caFile }: KubeletCredentialsOptions): Promise<string | undefined> => {
  try {
    return caFile === undefined ? (await access.tls()).ca : await readFile(caFile, 'utf8');
  } catch {
    const what = caFile === undefined ? "the cluster's authorities cannot be read" : `${caFile} cannot be read`;
    throw new KubeletTrouble('credentials', `${what}: they are what its certificate is verified against`);
  }
};

const contextOf = (authorities: string | undefined): KubeletTrust['context'] => {
  if (authorities === undefined) return createSecureContext();
  try {
    // A context takes anything, and then trusts nobody.
    void new X509Certificate(authorities);
    return createSecureContext({ ca: authorities });
  } catch {
    throw new KubeletTrouble(
      'credentials',
      'the authorities that it is to be verified against are no certificates in PEM',
    );
  }
};
