import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import type { KubeRequest, Transport } from '../../kube/transport.ts';
import { audience, createReviews } from './reviews.ts';

const jwt = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2lnbmF0dXJl`;
const aToken = (serial = 0): string => jwt({ aud: [audience], exp: 4_000_000_000, serial });

interface Spec {
  readonly token?: string;
  readonly user?: string;
  readonly audiences?: readonly string[];
  readonly nonResourceAttributes?: { readonly path: string; readonly verb: string };
}

let clock: FakeClock;
let asked: Spec[];
let node: string | undefined;
let verbs: readonly string[];
let answer: (spec: Spec) => unknown;

/** An API server that knows one account, on one node, with some verbs. */
const honest = (spec: Spec): unknown =>
  spec.nonResourceAttributes === undefined
    ? {
        authenticated: true,
        audiences: [audience],
        user: {
          username: 'system:serviceaccount:falco:falco',
          groups: ['system:serviceaccounts'],
          extra: node === undefined ? {} : { 'authentication.kubernetes.io/node-name': [node] },
        },
      }
    : { allowed: verbs.includes(spec.nonResourceAttributes.verb) };

const transport: Transport = {
  request: async <T>({ body }: KubeRequest): Promise<T> => {
    const { spec } = body as { readonly spec: Spec };
    asked.push(spec);
    return { status: await answer(spec) } as T;
  },
  stream: () => {
    throw new Error('nothing is watched here');
  },
  close: async () => {},
};

beforeEach(() => {
  clock = new FakeClock();
  asked = [];
  node = 'node-7';
  verbs = ['post'];
  answer = honest;
});

const prove = (token = aToken()) => createReviews({ transport, clock }).prove(token, 'falco');

describe('the token of a ServiceAccount', () => {
  it('limits its sender to the node of its pod', async () => {
    expect(await prove()).toEqual({ kind: 'sender', sender: { name: 'ServiceAccount falco/falco', node: 'node-7' } });
  });

  it('is asked about for our audience, and its right for the very path', async () => {
    await prove();
    expect(asked[0]).toMatchObject({ audiences: [audience] });
    expect(asked[2]).toMatchObject({
      user: 'system:serviceaccount:falco:falco',
      nonResourceAttributes: { path: '/ingest/v1/falco', verb: 'post' },
    });
  });

  it('may speak of every node where its account may forward', async () => {
    verbs = ['post', 'forward'];
    expect(await prove()).toMatchObject({ kind: 'sender', sender: { node: undefined } });
  });

  it('is forbidden where its account has no right to post: any pod can have such a token', async () => {
    verbs = [];
    expect(await prove()).toMatchObject({ kind: 'forbidden' });
  });

  it('is forbidden where it names no node and its account may not forward', async () => {
    node = undefined;
    expect(await prove()).toMatchObject({ kind: 'forbidden', message: expect.stringContaining('names no node') });
  });

  it.each([
    ['one for the API server', jwt({ aud: ['https://kubernetes.default.svc'], exp: 4_000_000_000 })],
    ['one that has expired', jwt({ aud: [audience], exp: 1 })],
    ['none at all', 'made-up'],
    ['one of garbage', 'a.b.c'],
    ['one with a fourth part', `${jwt({ aud: [audience] })}.d`],
  ])('is refused without asking where it is %s', async (_, token) => {
    expect(await prove(token)).toMatchObject({ kind: 'unknown' });
    expect(asked).toEqual([]);
  });

  it('is unknown where the API server does not answer for our audience', async () => {
    answer = () => ({ authenticated: true, audiences: [], user: { username: 'somebody' } });
    expect(await prove()).toMatchObject({ kind: 'unknown' });
  });

  it('is asked about once in two minutes, however many requests come at once', async () => {
    const reviews = createReviews({ transport, clock });
    await Promise.all(Array.from({ length: 20 }, () => reviews.prove(aToken(), 'falco')));
    await reviews.prove(aToken(), 'falco');
    expect(asked.filter(({ token }) => token !== undefined)).toHaveLength(1);
    await clock.advance(120_001);
    await reviews.prove(aToken(), 'falco');
    expect(asked.filter(({ token }) => token !== undefined)).toHaveLength(2);
  });

  it('shares the rights of its account with its other tokens', async () => {
    const reviews = createReviews({ transport, clock });
    for (let serial = 0; serial < 10; serial++) await reviews.prove(aToken(serial), 'falco');
    expect(asked.filter(({ nonResourceAttributes }) => nonResourceAttributes !== undefined)).toHaveLength(2);
  });

  it('says that it could not be told where the API server fails, and asks again', async () => {
    const reviews = createReviews({ transport, clock });
    answer = () => {
      throw new Error('no route');
    };
    expect(await reviews.prove(aToken(), 'falco')).toMatchObject({ kind: 'unavailable' });
    answer = honest;
    expect(await reviews.prove(aToken(), 'falco')).toMatchObject({ kind: 'sender' });
  });

  it('is good while a flood of others is made up, and after it', async () => {
    const reviews = createReviews({ transport, clock });
    const aStranger = (serial: number): string => `${aToken(serial)}made-up`;
    await reviews.prove(aToken(), 'falco');
    await clock.advance(120_001);
    const open = Promise.withResolvers<void>();
    answer = async (spec) => {
      if (!String(spec['token']).endsWith('made-up')) return honest(spec);
      await open.promise;
      return { authenticated: false };
    };
    const flood = Array.from({ length: 100 }, (_, serial) => reviews.prove(aStranger(serial), 'falco'));
    expect(await reviews.prove(aToken(), 'falco')).toMatchObject({ kind: 'sender' });
    open.resolve();
    expect((await Promise.all(flood)).filter(({ kind }) => kind === 'sender')).toEqual([]);
    const before = asked.length;
    for (const serial of [0, 1])
      expect(await reviews.prove(aStranger(serial), 'falco')).toMatchObject({ kind: 'unknown' });
    expect(asked).toHaveLength(before);
  });

  it('has a bound on what is asked at once', async () => {
    const reviews = createReviews({ transport, clock });
    const open = Promise.withResolvers<void>();
    answer = async (spec) => {
      await open.promise;
      return honest(spec);
    };
    const proofs = Array.from({ length: 60 }, (_, serial) => reviews.prove(aToken(serial), 'falco'));
    expect(await proofs[59]).toMatchObject({ kind: 'unavailable' });
    open.resolve();
    expect(await proofs[0]).toMatchObject({ kind: 'sender' });
  });
});
