// Asks one kubelet which cgroup version its node runs with, at its own port: through the API server it would take nodes/proxy, a right
// that also lets one run commands in every pod. It believes nothing: a kubelet may hang, pour, or be somebody else.
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { ConnectionOptions, SecureContext } from 'node:tls';
import type { KubeletFacts } from '../../domain/types.ts';
import type { Clock } from '../../kube/clock.ts';
import { startDeadline } from '../../kube/deadline.ts';
import { findSample } from './scan.ts';
import { forbidden, KubeletTrouble, troubleOf, unauthorised } from './trouble.ts';

export interface KubeletTrust {
  readonly context: SecureContext;
  readonly insecure: boolean;
}

export interface KubeletCredentials {
  readonly trust: () => Promise<KubeletTrust>;
  /** `fresh`: the last one was not taken. */
  readonly token: (fresh?: boolean) => Promise<string>;
}

export interface AskKubeletOptions {
  readonly credentials: KubeletCredentials;
  readonly clock: Clock;
  readonly userAgent: string;
}

const metric = 'kubelet_cgroup_version';

export const limits = {
  /** A kubelet of a full node on a busy machine takes a second or two. */
  answerMs: 10_000,
  /** Several times what a kubelet with five hundred pods writes. None of it is held. */
  answerBytes: 16 * 1024 * 1024,
} as const;

/** Fails with a KubeletTrouble. */
export const askKubelet = async (
  { address, port }: Pick<KubeletFacts, 'address' | 'port'>,
  { credentials, clock, userAgent }: AskKubeletOptions,
  signal: AbortSignal,
): Promise<1 | 2> => {
  const deadline = startDeadline(clock, limits.answerMs, signal);
  try {
    // An address, never a name: nothing is looked up.
    if (isIP(address) === 0) throw new KubeletTrouble('unreachable', 'its node has no internal address');
    const trust = await credentials.trust();
    const answer = async (token: string): Promise<IncomingMessage> =>
      send({ address, port, trust, token, userAgent }, deadline.signal);
    let response = await answer(await credentials.token());
    if (response.statusCode === 401) {
      response.destroy();
      response = await answer(await credentials.token(true));
    }
    return await versionIn(response);
  } catch (error) {
    if (!deadline.expired) throw troubleOf(error, port);
    throw new KubeletTrouble('timeout', `it gave no complete answer within ${limits.answerMs / 1000} s`);
  } finally {
    deadline.done();
  }
};

interface Question {
  readonly address: string;
  readonly port: number;
  readonly trust: KubeletTrust;
  readonly token: string;
  readonly userAgent: string;
}

const send = ({ address, port, trust, token, userAgent }: Question, signal: AbortSignal): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const tls: ConnectionOptions = { secureContext: trust.context, rejectUnauthorized: !trust.insecure };
    const request = httpsRequest({
      ...tls,
      host: address,
      port,
      path: '/metrics',
      // A connection of its own, which ends with the answer: it is asked once an hour.
      agent: false,
      signal,
      // Nothing is said of compression, so that reading can stop where the sample stands.
      headers: { accept: 'text/plain;version=0.0.4', authorization: `Bearer ${token}`, 'user-agent': userAgent },
    });
    request.once('response', resolve);
    // Stays until the end: a connection may break after the answer has begun, and then fails the reading of it, too.
    request.on('error', reject);
    request.end();
  });

const versionIn = async (response: IncomingMessage): Promise<1 | 2> => {
  try {
    const { statusCode: status = 0, headers } = response;
    if (status === 401) throw unauthorised();
    if (status === 403) throw forbidden();
    if (status >= 300 && status < 400)
      throw new KubeletTrouble('redirect', 'it redirects, and no redirect is followed');
    if (status !== 200) throw new KubeletTrouble('garbage', `it answers ${status}`);
    if ((headers['content-encoding'] ?? 'identity') !== 'identity')
      throw new KubeletTrouble('garbage', 'its answer is in an encoding that was not asked for');
    const value = await findSample(response as AsyncIterable<Buffer>, metric, limits.answerBytes);
    if (value === undefined)
      throw new KubeletTrouble('absent', `its metrics hold no ${metric}, which kubelets have from 1.31 on`);
    if (value !== 1 && value !== 2) throw new KubeletTrouble('garbage', `it says ${value} of ${metric}`);
    return value;
  } finally {
    // What nobody reads on must not keep its connection.
    response.destroy();
  }
};
