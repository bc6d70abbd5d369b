import { describe, expect, it } from 'vitest';
import { createAgentCatalogue } from '../coverage/agents.ts';
import { aFalco } from '../testing/agents.ts';
import { aNode } from '../testing/nodes.ts';
import { aDaemonSet, anywhere, aShape } from '../testing/pods.ts';
import { admitting, aPolicy, minutes } from '../testing/policies.ts';
import type { Answer, PlacementQuestion } from './answer.ts';
import { drawPicture } from './picture.ts';
import { decidePlacement } from './decide.ts';
import { createAnswerer } from './remembered-answers.ts';
import { createDecider } from './remembered-decisions.ts';

const now = 100 * minutes;
const admission = admitting({ mode: 'Warn', kinds: ['Pod'] });
/** The second keeps the node in its class until long after the first has lost its patience. */
const policies = [
  aPolicy({ name: 'hasty', gracePeriod: 2 * minutes, admission }),
  aPolicy({ name: 'patient', gracePeriod: 60 * minutes, admission }),
];
const question: PlacementQuestion = {
  kind: 'Pod',
  namespace: 'shop',
  namespaceLabels: {},
  shape: aShape(),
  scheduling: anywhere,
  handler: undefined,
  owner: undefined,
};
const draw = () =>
  drawPicture(
    {
      nodes: [aNode({ createdAt: now - minutes })],
      reportOf: () => ({ agents: [], reasons: [] }),
      catalogue: createAgentCatalogue([aFalco()], [aDaemonSet()]),
      policies,
      isStale: false,
    },
    now,
  );
const verdictOf = (answer: Answer) => (answer.kind === 'Judged' ? answer.policies[0]?.verdict : answer.kind);

describe('an answer', () => {
  it('is the same object for the same question while nothing has changed', () => {
    const [answer, picture] = [createAnswerer(), draw()];
    expect(answer({ ...question }, picture, now + 1)).toBe(answer(question, picture, now));
  });

  it('is found anew when a grace period has ended', () => {
    const [answer, picture] = [createAnswerer(), draw()];
    expect(verdictOf(answer(question, picture, now))).toBe('Unknown');
    expect(verdictOf(answer(question, picture, now + minutes))).toBe('Unprotected');
  });

  it('is found anew from another picture', () => {
    const answer = createAnswerer();
    expect(answer(question, draw(), now)).not.toBe(answer(question, draw(), now));
  });

  it('is another for another question', () => {
    const [answer, picture] = [createAnswerer(), draw()];
    expect(answer({ ...question, kind: 'Job' }, picture, now)).toEqual({ kind: 'NotSelected' });
    expect(answer(question, picture, now)).toMatchObject({ kind: 'Judged' });
  });
});

describe('a decision', () => {
  const answer = createAnswerer()(question, draw(), now);

  it('is worded once for one answer', () => {
    const decide = createDecider();
    expect(decide(answer, 'Pod')).toEqual(decidePlacement(answer, 'Pod'));
    expect(decide(answer, 'Pod')).toBe(decide(answer, 'Pod'));
  });

  it('is made anew where an emergency or an earlier template bears on it', () => {
    const decide = createDecider();
    const plain = decide(answer, 'Pod');
    expect(decide(answer, 'Pod', { before: answer })).not.toEqual(plain);
    expect(decide(answer, 'Pod', { before: answer })).toEqual(decidePlacement(answer, 'Pod', { before: answer }));
    expect(decide(answer, 'Pod')).toBe(plain);
  });
});
