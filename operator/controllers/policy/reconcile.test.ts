import { describe, expect, test } from 'vitest';
import type { Unseen } from '../../../agents/sight.ts';
import { createCoverageModel } from '../../../domain/coverage/model.ts';
import { aPolicy, requiring } from '../../../domain/testing/policies.ts';
import type { Requirement } from '../../../domain/types.ts';
import type { StatusRequest } from '../../status.ts';
import { createOurObjects } from '../../watches.ts';
import { createPolicyReconcile } from './reconcile.ts';

const reconciling = (mitre: Requirement['mitre'] = [], unseen: () => readonly Unseen[] = () => []) => {
  const [model, ours] = [createCoverageModel(), createOurObjects()];
  model.setPolicies([aPolicy({ name: 'production', require: requiring({ mitre }) })]);
  ours.policies.upsert({ metadata: { name: 'production', uid: 'u' } });
  const written: StatusRequest[] = [];
  const reconcile = createPolicyReconcile({
    model,
    ours,
    definitions: { errorOfAgent: () => undefined, errorOfPolicy: () => undefined },
    status: {
      write: async (request) => {
        written.push(request);
        return true;
      },
    },
    nodeMarker: { refusal: () => undefined },
    unseen,
    now: () => 0,
  });
  return { reconcile: () => reconcile('production'), written };
};

const aspectsOf = async (mitre: Requirement['mitre']): Promise<StatusRequest['aspects']> => {
  const { reconcile, written } = reconciling(mitre);
  await reconcile();
  return written.flatMap(({ aspects }) => aspects);
};

test('a policy that waits for what nobody sees says so, is accepted all the same, and is looked at again', async () => {
  const unseen = [{ index: 0, behaviour: 'OutdatedCgroups', why: 'they are not asked' }];
  const { reconcile, written } = reconciling([], () => unseen.splice(0));
  expect(await reconcile()).toEqual({ requeueAfterMs: 60_000 });
  expect(await reconcile()).toBeUndefined();
  expect(written.map(({ aspects }) => aspects.map(({ type, status }) => `${type} ${status}`))).toEqual([
    ['Accepted True', 'Satisfied True', 'BehavioursVisible False'],
    ['Accepted True', 'Satisfied True'],
  ]);
});

describe('a policy that requires parts of ATT&CK', () => {
  test('that there are has no condition of that', async () => {
    const aspects = await aspectsOf([{ tactic: 'TA0002', techniques: ['T1059.004'], minimumRules: 1 }]);
    expect(aspects.map(({ type }) => type)).toEqual(['Accepted', 'Satisfied']);
  });

  test('that there are not is told which', async () => {
    const aspects = await aspectsOf([
      { tactic: 'TA0099', techniques: [], minimumRules: 1 },
      { tactic: undefined, techniques: ['T9999', 'T1059'], minimumRules: 1 },
    ]);
    const aspect = aspects.find(({ type }) => type === 'AttackIdsKnown');
    expect(aspect).toMatchObject({ status: 'False', reason: 'UnknownIds' });
    expect(aspect?.message).toContain('does not hold: TA0099, T9999.');
  });
});
