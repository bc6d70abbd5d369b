import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  caseStampAnnotation,
  readStamp,
  seeCase,
  stampOf,
  unknownActor,
  writeStamp,
  type Decision,
  type StampedChange,
} from './case-stamp.ts';
import type { CasePhase } from './types.ts';

const uid = '7b1c';
const inPhase = (phase: CasePhase, riskAcceptedUntil?: string): Decision => ({
  phase,
  riskAcceptedUntil,
  riskAcceptedReason: undefined,
});
const change: StampedChange = {
  uid,
  generation: 4,
  stamp: `${uid} 4 Fixed ann`,
  before: inPhase('Fixed'),
  after: inPhase('Fixed'),
  isOtherSpec: true,
  user: 'bob',
};

describe('a stamp', () => {
  it.each<[string, string | undefined, string | undefined]>([
    ['of the version', `${uid} 4 Fixed ann`, 'ann'],
    ['of a user whose name has blanks', `${uid} 4 Fixed CN=ann, O=a team`, 'CN=ann, O=a team'],
    ['that is not there', undefined, undefined],
    ['of an older version', `${uid} 3 Fixed ann`, undefined],
    ['of a version to come', `${uid} 5 Fixed ann`, undefined],
    ['of a version that only begins alike', `${uid} 40 Fixed ann`, undefined],
    ['of another phase', `${uid} 4 Remediating ann`, undefined],
    ['of another finding', '9f2e 4 Fixed ann', undefined],
    ['of nobody', `${uid} 4 Fixed `, undefined],
    ['that is none', 'ann', undefined],
  ])('%s', (_, stamp, user) => {
    expect(readStamp(stamp, { uid, generation: 4, phase: 'Fixed' })).toBe(user);
  });

  it.each<[string, Partial<StampedChange>, string | undefined]>([
    ['is of whoever changes the phase', { after: inPhase('Remediating') }, `${uid} 5 Remediating bob`],
    [
      'is of whoever accepts for longer',
      {
        stamp: `${uid} 4 RiskAccepted ann`,
        before: inPhase('RiskAccepted', '2027-01-01T00:00:00Z'),
        after: inPhase('RiskAccepted', '2028-01-01T00:00:00Z'),
      },
      `${uid} 5 RiskAccepted bob`,
    ],
    ['goes along with other changes of the case', {}, `${uid} 5 Fixed ann`],
    ['stays where the spec stays', { isOtherSpec: false }, `${uid} 4 Fixed ann`],
    ['that is out of date stays out of date', { stamp: `${uid} 3 Fixed ann` }, `${uid} 3 Fixed ann`],
    ['is none where nobody has decided', { stamp: undefined }, undefined],
  ])('%s', (_, overrides, expected) => {
    expect(stampOf({ ...change, ...overrides })).toBe(expected);
  });
});

// People change the case, or something else in it, or nothing; now with the webhook, now without; one of them may hold back, add or move a stamp
// as far as the API server lets anybody. Whatever they do, whoever is believed to have decided did decide.
const aChange = fc.record({
  user: fc.constantFrom('ann', 'bob', 'mallory'),
  phase: fc.constantFrom<CasePhase | undefined>('Triaged', 'Remediating', 'Fixed', undefined),
  touchesOther: fc.boolean(),
  isHookUp: fc.boolean(),
  byHand: fc.boolean(),
});

it('never names anybody but who made the decision', () => {
  fc.assert(
    fc.property(fc.array(aChange, { maxLength: 30 }), (changes) => {
      let [generation, phase, decider, stamp]: [number, CasePhase, string, string | undefined] = [
        1,
        'New',
        '',
        undefined,
      ];
      for (const { user, phase: asked, touchesOther, isHookUp, byHand } of changes) {
        const wanted: CasePhase = asked ?? phase;
        const [before, after] = [inPhase(phase), inPhase(wanted)];
        const isOtherSpec = wanted !== phase || touchesOther;
        if (isHookUp) stamp = stampOf({ uid, generation, stamp, before, after, isOtherSpec, user });
        // What the policy of the API server leaves to people: their own name, on their own decision.
        else if (byHand && wanted !== phase)
          stamp = writeStamp({ uid, generation: generation + 1, phase: wanted, user });
        if (wanted !== phase) decider = user;
        if (isOtherSpec) generation += 1;
        phase = wanted;
        const believed = readStamp(stamp, { uid, generation, phase });
        if (believed !== undefined) expect(believed).toBe(decider);
        if (isHookUp && wanted !== before.phase) expect(believed).toBe(user);
      }
    }),
  );
});

describe('who decided', () => {
  const seen = (stamp: string | undefined, phase: CasePhase = 'Fixed', riskAcceptedUntil?: number) => ({
    uid,
    generation: 4,
    annotations: stamp === undefined ? undefined : { [caseStampAnnotation]: stamp },
    phase,
    riskAcceptedUntil,
  });
  const byBob = { phase: 'Fixed', riskAcceptedUntil: undefined, actor: 'bob' } as const;

  it.each<[string, Parameters<typeof seeCase>, string]>([
    ['is whoever the stamp names', [seen(`${uid} 4 Fixed ann`), undefined], 'ann'],
    ['is whoever the stamp names, whoever decided the same before', [seen(`${uid} 4 Fixed ann`), byBob], 'ann'],
    ['is whoever did, where nothing was decided since', [seen(`${uid} 3 Fixed ann`), byBob], 'bob'],
    ['is not known of another phase', [seen(undefined, 'Remediating'), byBob], unknownActor],
    ['is not known of another acceptance', [seen(undefined, 'Fixed', 7), byBob], unknownActor],
    ['is not known where nobody has seen it before', [seen(`${uid} 3 Fixed ann`), undefined], unknownActor],
    ['is not known of what was never stamped', [seen(undefined), undefined], unknownActor],
  ])('%s', (_, [object, before], actor) => {
    expect(seeCase(object, before).actor).toBe(actor);
  });
});
