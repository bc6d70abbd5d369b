import { describe, expect, test } from 'vitest';
import { observe, type Ear, type ListeningNode, type ObserveInput } from './observe.ts';
import { aNode } from './testing/ear.ts';

const listening = (input: Partial<ObserveInput>) =>
  observe({ nodes: [aNode('node-1', {})], evidence: undefined, share: 1, ...input }).listening;

describe('a behaviour would be heard', () => {
  test.each<[string, Partial<ObserveInput>]>([
    ['where its agent is well', {}],
    ['where one of two agents is well', { nodes: [aNode('node-1', { trouble: 'crash loop' }, { agent: 'tetragon' })] }],
    ['where enough of its nodes listen', { share: 0.5, nodes: [aNode('a', {}), aNode('b', { trouble: 'x' })] }],
    [
      'on weak evidence where no more can be had',
      { nodes: [aNode('a', { evidence: 'Running', reachable: 'Running', shown: 'Running' })] },
    ],
    [
      'though nothing is proven to arrive, where less is asked for',
      {
        evidence: 'Loaded',
        nodes: [aNode('a', { reachable: 'Delivered', undelivered: { why: 'nothing arrived', isMissing: false } })],
      },
    ],
    [
      'with delivery proven, where that is asked for',
      { evidence: 'Delivered', nodes: [aNode('a', { evidence: 'Running' })] },
    ],
  ])('%s', (_, input) => {
    expect(listening(input)).toEqual({ listening: true });
  });
});

describe('a behaviour would not be heard', () => {
  test.each<[string, Partial<ObserveInput>, string, RegExp]>([
    ['where nothing of its subject runs', { nodes: [] }, 'NothingRunning', /nothing of it runs/],
    ['where no agent is', { nodes: [aNode('a')] }, 'AgentBlind', /on node a: no agent there/],
    [
      'where its agent does not work',
      { nodes: [aNode('a', { trouble: 'falco is in a crash loop' })] },
      'AgentBlind',
      /on node a: falco is in a crash loop/,
    ],
    ['where its agent is gone', { nodes: [aNode('a', { evidence: undefined })] }, 'AgentBlind', /falco does not run/],
    [
      'where its agent has shown more elsewhere',
      { nodes: [aNode('a', { evidence: 'Running' })] },
      'AgentBlind',
      /Running only, and Loaded is asked for/,
    ],
    [
      'on weaker evidence than asked for',
      { evidence: 'Loaded', nodes: [aNode('a', { evidence: 'Reporting', reachable: 'Reporting' })] },
      'AgentBlind',
      /Reporting only/,
    ],
    [
      'where the rule is not loaded',
      { nodes: [aNode('a', { ruleNotLoaded: 'rule X is disabled' })] },
      'RuleNotLoaded',
      /rule X is disabled/,
    ],
    [
      'where delivery is not proven',
      {
        evidence: 'Delivered',
        nodes: [aNode('a', { undelivered: { why: 'falco counted 1 more', isMissing: false } })],
      },
      'DeliveryUnproven',
      /on node a: falco counted 1 more/,
    ],
    [
      'where delivery is not proven, and could be',
      {
        nodes: [aNode('a', { reachable: 'Delivered', undelivered: { why: 'falco counted 1 more', isMissing: false } })],
      },
      'DeliveryUnproven',
      /on node a: falco counted 1 more/,
    ],
    [
      'on what arrives alone, where the agent could show more and nobody asks for less',
      { nodes: [aNode('a', { reachable: 'Delivered', evidence: 'Running' })] },
      'AgentBlind',
      /Running only, and Loaded is asked for/,
    ],
    ['where events were shed', { nodes: [{ ...aNode('a', {}), isShedding: true }] }, 'EventsShed', /dropped/],
    [
      'where too few of its nodes listen',
      { share: 0.9, nodes: [aNode('a', {}), aNode('b', {}), aNode('c', { trouble: 'x' })] },
      'AgentBlind',
      /on node c: x/,
    ],
  ])('%s', (_, input, reason, message) => {
    expect(listening(input)).toMatchObject({ listening: false, reason, message: expect.stringMatching(message) });
  });

  test('tells the worst first, and on how many nodes more', () => {
    const nodes = [
      aNode('a', { undelivered: { why: 'x', isMissing: false } }),
      aNode('b', { trouble: 'gone' }),
      aNode('c', { trouble: 'gone' }),
    ];
    expect(listening({ evidence: 'Delivered', nodes })).toMatchObject({ message: 'on node b (and on 2 more): gone' });
  });
});

describe('on how many nodes it would be heard', () => {
  const hearing = (input: Partial<ObserveInput>) =>
    observe({ nodes: [], evidence: undefined, share: 1, ...input }).hearing;
  const lost = { undelivered: { why: 'falco counted 1 more', isMissing: true } };

  test('is told, whatever share is asked for', () => {
    const nodes = [aNode('a', {}), aNode('b', { trouble: 'x' }), aNode('c', {})];
    for (const share of [0, 0.5, 1]) expect(hearing({ nodes, share })).toEqual({ heard: 2, of: 3, missing: [] });
  });

  test('is nothing where nothing runs', () => {
    expect(hearing({})).toBeUndefined();
  });

  test('is told with the nodes of which events are missing, of each agent, whether that makes them deaf or not', () => {
    const nodes = [
      aNode('b', { reachable: 'Delivered', ...lost }),
      aNode('a', { ...lost, trouble: 'gone' }, { agent: 'tetragon' }),
      aNode('c', {}, { agent: 'tetragon', ...lost }),
    ];
    expect(hearing({ nodes })).toEqual({
      heard: 2,
      of: 3,
      missing: [
        { agent: 'falco', nodes: ['a', 'b'] },
        { agent: 'tetragon', nodes: ['c'] },
      ],
    });
  });

  test('is all of them where more miss something than are worth naming', () => {
    const nodes = Array.from({ length: 21 }, (_, index) => aNode(`node-${index}`, lost));
    expect(hearing({ nodes: nodes.slice(1) })?.missing).toMatchObject([{ nodes: { length: 20 } }]);
    expect(hearing({ nodes })?.missing).toEqual([{ agent: 'falco', nodes: 'All' }]);
  });
});

describe('since it last showed that it listened', () => {
  const missing = (isOpen: boolean): Partial<Ear> => ({
    reachable: 'Delivered',
    undelivered: { why: 'falco counted 1 more', isMissing: true },
    proof: { answeredAgo: 0, deliveredAgo: 0, isOpen },
  });
  test.each<[string, ListeningNode, boolean]>([
    ['an agent that is gone may have been deaf', aNode('a', { evidence: undefined }), true],
    ['an agent that has fallen silent may have been deaf', aNode('a', { evidence: 'Running' }), true],
    ['a rule that is missing may have been so', aNode('a', { ruleNotLoaded: 'rule X is disabled' }), true],
    ['something was lost', aNode('a', missing(false)), true],
    ['something may be on its way, and nothing lost', aNode('a', missing(true)), false],
    ['what was shed was shed now', { ...aNode('a', {}), isShedding: true }, false],
  ])('%s', (_, node, hasLapsed) => {
    expect(listening({ nodes: [node] })).toMatchObject({ listening: false, hasLapsed });
  });
});

describe('the evidence that is asked for', () => {
  test.each<[string, Partial<ObserveInput>, string]>([
    ['is what the policy says', { evidence: 'Delivered' }, 'Delivered'],
    [
      'is else what every agent can reach',
      { nodes: [aNode('a', { reachable: 'Delivered' }, { reachable: 'Reporting' })] },
      'Reporting',
    ],
    ['is Running where nothing runs', { nodes: [] }, 'Running'],
  ])('%s', (_, input, expected) => {
    expect(observe({ nodes: [aNode('a', {})], evidence: undefined, share: 1, ...input }).evidence).toBe(expected);
  });
});
