// Proves ServiceAccount tokens by asking the API server whose they are and what that account may do. Answers are kept for two minutes,
// as kubelets keep theirs, so that an agent on each of 5,000 nodes costs 42 reviews a second at most.
import { list, object, text } from '../../facts/read.ts';
import type { Clock } from '../../kube/clock.ts';
import type { Transport } from '../../kube/transport.ts';
import { placeLast } from '../place-last.ts';
import { createMemory } from './memory.ts';
import type { Proof } from './sender.ts';
import { digestOf } from './senders.ts';
import type { Source } from './source.ts';

export interface Reviews {
  prove(token: string, source: Source): Promise<Proof>;
}

export interface ReviewsOptions {
  readonly transport: Transport;
  readonly clock: Clock;
}

/** A token for the API server itself is not taken: whoever were sent one could use it there. */
export const audience = 'workload-protection';
const keptMs = 120_000;
/** Somebody may be about to be given the right. */
const refusedKeptMs = 10_000;
/** One for each node, and some. */
const mostTokens = 10_000;
const mostAccounts = 1000;
/** A sender waits for its answer. */
const deadlineMs = 5000;
/** Reviews that are under way: past it a flood of made-up tokens is being sent. */
const mostAtOnce = 50;
/** Of tokens that were never good: those that were must not wait behind a flood of others. */
const mostNewAtOnce = mostAtOnce / 2;
const nodeClaim = 'authentication.kubernetes.io/node-name';

interface User {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, unknown>>;
  readonly node: string | undefined;
}

export function createReviews({ transport, clock }: ReviewsOptions): Reviews {
  const users = createMemory<User | undefined>({ clock, most: mostTokens });
  const rights = createMemory<boolean>({ clock, most: mostAccounts });
  /** Made up, expired or withdrawn: apart, so that a flood of them drives none out that is good. By digest, until when. */
  const strangers = new Map<string, number>();
  let underWay = 0;

  const ask = async (path: string, body: object, most = mostAtOnce): Promise<Readonly<Record<string, unknown>>> => {
    if (underWay >= most) throw new Error(`${underWay} reviews are under way already`);
    underWay++;
    try {
      return object(object(await transport.request({ method: 'POST', path, body, deadlineMs })).status);
    } finally {
      underWay--;
    }
  };

  const noteStranger = (digest: string): void => {
    placeLast(strangers, digest, clock.monotonic() + refusedKeptMs, mostTokens);
  };

  const userOf = async (token: string): Promise<User | undefined> => {
    const digest = digestOf(token);
    if ((strangers.get(digest) ?? 0) > clock.monotonic()) return undefined;
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences: [audience] },
    };
    return users.get(digest, async () => {
      const most = users.knew(digest) ? mostAtOnce : mostNewAtOnce;
      const status = await ask('/apis/authentication.k8s.io/v1/tokenreviews', body, most);
      const isOurs = status.authenticated === true && list(status.audiences).includes(audience);
      if (!isOurs) noteStranger(digest);
      return isOurs ? { value: readUser(status), keptMs } : { value: undefined, keptMs: 0 };
    });
  };

  const may = (user: User, verb: string, source: Source): Promise<boolean> =>
    rights.get(`${user.username}\n${verb}\n${source}`, async () => {
      const { username, uid, groups, extra } = user;
      const status = await ask('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user: username, uid, groups, extra, nonResourceAttributes: { path: `/ingest/v1/${source}`, verb } },
      });
      const isAllowed = status.allowed === true;
      return { value: isAllowed, keptMs: isAllowed ? keptMs : refusedKeptMs };
    });

  return {
    async prove(token, source) {
      const misfit = misfitOf(token, clock.now());
      if (misfit !== undefined) return { kind: 'unknown', message: misfit };
      try {
        const user = await userOf(token);
        if (user === undefined)
          return { kind: 'unknown', message: `the API server does not know the token for the audience ${audience}` };
        const name = user.username.replace(/^system:serviceaccount:([^:]+):/, 'ServiceAccount $1/');
        if (await may(user, 'forward', source)) return { kind: 'sender', sender: { name, node: undefined } };
        if (!(await may(user, 'post', source)))
          return {
            kind: 'forbidden',
            message: `${name} has no right to post to /ingest/v1/${source}: bind the role of senders`,
          };
        if (user.node === undefined)
          return {
            kind: 'forbidden',
            message: `the token of ${name} names no node: use one that is projected into a pod, or bind the role of forwarders`,
          };
        return { kind: 'sender', sender: { name, node: user.node } };
      } catch (error) {
        return {
          kind: 'unavailable',
          message: `the API server could not be asked whose token it is: ${error instanceof Error ? error.message : String(error)}`,
        };
      }
    },
  };
}

const readUser = (status: Readonly<Record<string, unknown>>): User => {
  const { username, uid, groups, extra } = object(status.user);
  const claims = object(extra);
  const [node] = list(claims[nodeClaim]);
  return {
    username: text(username),
    uid: text(uid),
    groups: list(groups).map(text),
    extra: claims,
    node: text(node) === '' ? undefined : text(node),
  };
};

/** Why the API server need not be asked: what is no token for us by its own words is none by anybody's. */
const misfitOf = (token: string, now: number): string | undefined => {
  const [, body = '', signature, more] = token.split('.');
  if (signature === undefined || more !== undefined) return 'the token is neither one of the senders Secret nor a JWT';
  try {
    const { aud, exp } = object(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
    if (!(Array.isArray(aud) ? aud : [aud]).includes(audience)) return `the token is not for the audience ${audience}`;
    return typeof exp === 'number' && exp * 1000 < now ? 'the token has expired' : undefined;
  } catch {
    return 'the token is neither one of the senders Secret nor a JWT';
  }
};
