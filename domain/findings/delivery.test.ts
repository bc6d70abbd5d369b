import { describe, expect, test } from 'vitest';
import { createDeliveryAccount, type DeliveryStanding } from './delivery.ts';

const compiler = 'Compiler Run in Container';
const shell = 'Terminal shell in container';
const second = 1000;
const minute = 60 * second;
/** What the agent's clock says where ours says 0. */
const skew = 1_700_000_000_000;

/** An agent whose counters begin at zero, and are read every minute. */
const anAgent = () => {
  const account = createDeliveryAccount();
  let [now, since] = [0, skew - 60 * minute];
  let matches = new Map<string, number>();
  const happen = (rule = compiler): number => {
    matches.set(rule, (matches.get(rule) ?? 0) + 1);
    return skew + now;
  };
  const pass = (ms: number): void => {
    now += ms;
  };
  const arrive = (happenedAt: number, rule = compiler): void => account.arrived(rule, happenedAt, now);
  const read = (): void => {
    account.read({ matches: [...matches].map(([rule, count]) => ({ rule, count })), since, until: skew + now }, now);
    // Nothing else happens in the same moment.
    pass(1);
  };
  return {
    pass,
    arrive,
    /** Was taken in before anybody missed it. */
    arriveLate: (happenedAt: number): void => account.arrived(compiler, happenedAt, happenedAt - skew + 1),
    read,
    /** Is seen and not heard of again. */
    lose: (rule = compiler): void => {
      happen(rule);
      pass(1);
    },
    /** Is seen, and arrives a moment later. */
    deliver: (rule = compiler): void => {
      const at = happen(rule);
      pass(second);
      arrive(at, rule);
    },
    happen,
    readAfter: (ms = minute): void => {
      pass(ms);
      read();
    },
    restart: (isTold = true): void => {
      matches = new Map();
      pass(1);
      if (isTold) since = skew + now;
      pass(1);
    },
    standing: (counts: (rule: string) => boolean = () => true): DeliveryStanding => account.standing(counts),
  };
};

type Agent = ReturnType<typeof anAgent>;

const kindAfter = (story: (agent: Agent) => void, counts?: (rule: string) => boolean): string => {
  const agent = anAgent();
  story(agent);
  const standing = agent.standing(counts);
  return standing.kind === 'owing' ? `${standing.count} ${standing.isLost ? 'lost' : 'owed'}` : standing.kind;
};

const readTwice = (agent: Agent): void => {
  agent.read();
  agent.readAfter();
};

test.each<[string, string, (agent: Agent) => void]>([
  ['is not told before its counters are read', 'untold', () => {}],
  ['is not told by one reading, which compares nothing', 'untold', (agent) => agent.read()],
  ['is told where nothing was counted', 'balanced', readTwice],
  [
    'is told where all that was counted has arrived',
    'balanced',
    (agent) => {
      agent.read();
      agent.deliver();
      agent.deliver(shell);
      agent.readAfter();
    },
  ],
  [
    'says nothing of what was counted before anybody read',
    'balanced',
    (agent) => {
      agent.lose();
      readTwice(agent);
    },
  ],
  [
    'is owed for what was counted and has not arrived',
    '2 owed',
    (agent) => {
      agent.read();
      agent.lose();
      agent.lose();
      agent.readAfter();
    },
  ],
  [
    'is no more owed once it has arrived',
    'balanced',
    (agent) => {
      agent.read();
      const at = agent.happen();
      agent.readAfter(second);
      agent.pass(20 * second);
      agent.arrive(at);
    },
  ],
  [
    'is not given up within its allowance, however often the counters are read',
    '1 owed',
    (agent) => {
      agent.read();
      agent.lose();
      for (let seconds = 0; seconds < 30; seconds += 5) agent.readAfter(5 * second);
    },
  ],
  [
    'is lost when it has not arrived by the next reading',
    '1 lost',
    (agent) => {
      agent.read();
      agent.lose();
      agent.readAfter();
      agent.readAfter();
    },
  ],
  [
    'stays lost, though nothing more is',
    '1 lost',
    (agent) => {
      agent.read();
      agent.lose();
      for (let hours = 0; hours < 100; hours++) agent.readAfter(60 * minute);
    },
  ],
  [
    'is told anew from when anything arrives',
    'balanced',
    (agent) => {
      agent.read();
      agent.lose();
      agent.readAfter();
      agent.readAfter();
      agent.deliver(shell);
      agent.readAfter();
    },
  ],
  [
    'is not told anew for what was lost since the last reading',
    '1 owed',
    (agent) => {
      agent.read();
      agent.lose();
      agent.readAfter();
      agent.readAfter();
      agent.lose();
      agent.deliver(shell);
      agent.readAfter();
    },
  ],
  [
    'is told again once all has come after all, by a way on which it was kept back',
    'balanced',
    (agent) => {
      agent.read();
      const at = agent.happen();
      agent.readAfter();
      agent.readAfter();
      agent.arriveLate(at);
      agent.readAfter();
    },
  ],
  [
    'of what comes after all, when it was given up, pays for nothing else',
    '1 owed',
    (agent) => {
      agent.read();
      const late = [agent.happen(), agent.happen()];
      agent.readAfter();
      agent.readAfter();
      for (const at of late) agent.arrive(at);
      agent.lose();
      agent.readAfter(second);
    },
  ],
  [
    'is not proven by what was on its way when the counters were first read',
    '1 owed',
    (agent) => {
      const at = agent.happen();
      agent.read();
      agent.pass(second);
      agent.arrive(at);
      agent.lose();
      agent.readAfter(second);
    },
  ],
  [
    'of one rule pays for no other',
    '1 owed',
    (agent) => {
      agent.read();
      agent.deliver(shell);
      agent.lose();
      agent.readAfter();
    },
  ],
  [
    'twice pays for one loss at most, and not for long',
    '1 owed',
    (agent) => {
      agent.read();
      const at = agent.happen();
      for (const _ of ['once', 'twice']) agent.arrive(at + 1);
      for (let readings = 0; readings < 2; readings++) agent.readAfter();
      agent.lose();
      agent.readAfter();
    },
  ],
  [
    'is not told by counters that do not count what arrives',
    'untold',
    (agent) => {
      agent.read();
      agent.arrive(skew + second);
      for (let readings = 0; readings < 3; readings++) agent.readAfter();
    },
  ],
])('delivery %s', (_, expected, story) => {
  expect(kindAfter(story)).toBe(expected);
});

describe('an agent that restarts', () => {
  test.each<[string, string, (agent: Agent) => void]>([
    ['has lost nothing where nothing was counted since', 'balanced', (agent) => agent.restart()],
    [
      'has lost what was owed',
      '1 lost',
      (agent) => {
        agent.lose();
        agent.readAfter();
        agent.restart();
      },
    ],
    [
      'has lost it for good, whatever is counted then',
      '1 lost',
      (agent) => {
        agent.lose();
        agent.readAfter();
        agent.readAfter();
        agent.restart();
        agent.readAfter();
        agent.readAfter();
      },
    ],
    [
      'owes what it has counted since',
      '1 owed',
      (agent) => {
        agent.restart();
        agent.lose();
      },
    ],
    [
      'does not pay by what it saw before',
      '1 owed',
      (agent) => {
        agent.deliver();
        agent.restart();
        agent.lose();
      },
    ],
    [
      'is credited with what has come since',
      'balanced',
      (agent) => {
        agent.deliver();
        agent.restart();
        agent.deliver();
        agent.deliver();
      },
    ],
    [
      'is credited with nothing where it does not say when',
      '1 owed',
      (agent) => {
        agent.deliver();
        agent.readAfter();
        agent.deliver();
        agent.readAfter();
        agent.restart(false);
        agent.deliver();
      },
    ],
    [
      'is well again once anything arrives',
      'balanced',
      (agent) => {
        agent.lose();
        agent.readAfter();
        agent.restart();
        agent.readAfter();
        agent.deliver();
      },
    ],
  ])('%s', (_, expected, story) => {
    expect(
      kindAfter((agent) => {
        agent.read();
        story(agent);
        agent.readAfter();
      }),
    ).toBe(expected);
  });
});

test('rules that nobody looks at are not owed for, and what was lost is told before what may still come', () => {
  const agent = anAgent();
  agent.read();
  agent.lose(shell);
  agent.readAfter();
  agent.readAfter();
  for (let count = 0; count < 3; count++) agent.lose(compiler);
  agent.readAfter();
  expect(agent.standing((rule) => rule === 'Another')).toMatchObject({ kind: 'balanced' });
  expect(agent.standing((rule) => rule === compiler)).toMatchObject({ rule: compiler, count: 3, isLost: false });
  expect(agent.standing(() => true)).toMatchObject({ rule: shell, count: 1, isLost: true });
});

test('however many rules arrive, those that are counted are compared', () => {
  const agent = anAgent();
  agent.read();
  for (let index = 0; index < 5000; index++) agent.arrive(skew + second, `rule ${index}`);
  agent.lose();
  agent.readAfter();
  expect(agent.standing((rule) => rule === compiler)).toMatchObject({ kind: 'owing', rule: compiler, count: 1 });
});
