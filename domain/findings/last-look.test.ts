import { describe, expect, test } from 'vitest';
import { provenAgoOf, unprovenSince, whyUnproven } from './last-look.ts';
import type { ListeningNode, ObserveInput } from './observe.ts';
import { aNode as aListeningNode, type EarOverrides } from './testing/ear.ts';

const aNode = (name: string, ...ears: readonly EarOverrides[]): ListeningNode =>
  aListeningNode(
    name,
    ...ears.map(({ proof, ...rest }) => ({
      reachable: 'Delivered' as const,
      proof: { answeredAgo: 20, deliveredAgo: 40, ...proof },
      ...rest,
    })),
  );
const answered = (name: string, answeredAgo: number): ListeningNode =>
  aNode(name, { proof: { answeredAgo, deliveredAgo: 0 } });
const input = (rest: Partial<ObserveInput> = {}): ObserveInput => ({
  nodes: [aNode('a', {})],
  evidence: undefined,
  share: 1,
  ...rest,
});

describe('that everybody listens was shown last', () => {
  test.each<[string, Partial<ObserveInput>, number]>([
    ['when both its answer and its delivery were, where both are asked for', {}, 40],
    ['when it answered, where nothing must be delivered', { evidence: 'Loaded' }, 20],
    ['when it was delivered, where its answer is not asked for', { evidence: 'Delivered' }, 40],
    ['just now, where it is enough that it runs', { evidence: 'Running' }, 0],
    ['when the last of its nodes did', { nodes: [answered('a', 10), answered('b', 30)] }, 30],
    ['when as many did as are asked for', { nodes: [answered('a', 10), answered('b', 30)], share: 0.5 }, 10],
    [
      'when those did that hear, where they are enough',
      { nodes: [aNode('a', { trouble: 'crash loop', proof: { answeredAgo: 1 } }), answered('b', 30)], share: 0.5 },
      30,
    ],
    [
      'when one of two agents of a node did',
      { nodes: [aNode('a', {}, { agent: 'tetragon', reachable: 'Loaded', proof: { answeredAgo: 5 } })] },
      5,
    ],
    ['never, where nothing runs', { nodes: [] }, Number.POSITIVE_INFINITY],
  ])('%s', (_, rest, expected) => {
    expect(provenAgoOf(input(rest))).toBe(expected);
  });
});

describe('who is waited for', () => {
  const nodes = [
    answered('asked', 100),
    answered('lately', 10),
    aNode('deaf', { trouble: 'crash loop', proof: { answeredAgo: 100 } }),
    aNode('lossy', { proof: { answeredAgo: 10, deliveredAgo: 100 } }),
  ];

  test('is who hears and has shown nothing since', () => {
    expect(unprovenSince(input({ nodes }), 50)).toEqual([
      { node: 'asked', agent: 'falco', isUnanswered: true },
      { node: 'lossy', agent: 'falco', isUnanswered: false },
    ]);
  });

  test.each<[string, readonly ListeningNode[], string, RegExp]>([
    [
      'has not answered',
      nodes,
      'AgentBlind',
      /^on node asked \(and on 1 more\): falco has not answered since the quiet period was over/,
    ],
    [
      'has not proven that all has arrived',
      nodes.slice(1),
      'DeliveryUnproven',
      /^on node lossy: since the quiet period was over nothing has proven that all that falco saw has arrived/,
    ],
  ])('is told in words where it %s', (_, some, reason, message) => {
    expect(whyUnproven(unprovenSince(input({ nodes: some }), 50))).toMatchObject({
      reason,
      message: expect.stringMatching(message) as string,
    });
  });
});
