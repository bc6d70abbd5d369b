import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { criticalityRank } from '../state.ts';
import { aNode } from '../testing/nodes.ts';
import { aPolicy, counting } from '../testing/policies.ts';
import { criticalities, type Policy } from '../types.ts';
import { behavioursNamedBy } from './classify.ts';
import { nodeStanding, type CgroupAnswer, type NodeStanding } from './node-standing.ts';
import type { Severity } from './types.ts';

const policy = (name: string, severity?: Severity): Policy =>
  aPolicy({ name, posture: [counting({ behaviour: 'OutdatedCgroups', severity, quietPeriod: 1000 })] });

const stand = (
  answer: CgroupAnswer,
  node: Parameters<typeof aNode>[0] = {},
  { selecting = [], others = [] }: { readonly selecting?: readonly Policy[]; readonly others?: readonly Policy[] } = {},
): NodeStanding | undefined =>
  nodeStanding('OutdatedCgroups', aNode(node), {
    selecting,
    named: behavioursNamedBy([...selecting, ...others]),
    cgroups: () => answer,
  });

const v1: CgroupAnswer = { version: 1, at: 7 };
const v2: CgroupAnswer = { version: 2, at: 7 };
const silent: CgroupAnswer = { version: undefined, why: 'its kubelet hangs' };

describe('cgroup v1', () => {
  test.each<[string, CgroupAnswer, Parameters<typeof aNode>[0], boolean | undefined, string]>([
    ['is so where the kubelet says so', v1, {}, true, 'its kubelet says that it runs with cgroup v1'],
    [
      'names what a kubelet from 1.35 on had to be told',
      v1,
      { kubeletVersion: 'v1.36.3' },
      true,
      'its kubelet says that it runs with cgroup v1, and v1.36.3 had to be told to accept that (failCgroupV1: false)',
    ],
    [
      'stays so while the node is not ready',
      v1,
      { ready: false },
      true,
      'its kubelet says that it runs with cgroup v1',
    ],
    ['is not so where it says v2', v2, {}, false, 'its kubelet says that it runs with cgroup v2'],
    [
      'cannot be told while a node that said v2 is not ready',
      v2,
      { ready: false },
      undefined,
      'the node is not ready, so that its kubelet says nothing',
    ],
    ['cannot be told where the kubelet does not answer', silent, {}, undefined, 'its kubelet hangs'],
  ])('%s', (_, answer, node, isSo, message) => {
    expect(stand(answer, node)).toMatchObject({ isSo, message });
  });

  test('counts by its own terms where nobody names it, by those of all who do where they select the node, and else not', () => {
    expect(stand(v1)?.behaving).toMatchObject({ severity: 'Medium', policies: [], quiet: { period: 86_400_000 } });
    expect(stand(v1, {}, { selecting: [policy('b', 'Low'), policy('a', 'High')] })?.behaving).toMatchObject({
      severity: 'High',
      policies: ['a', 'b'],
      quiet: { period: 1000 },
    });
    expect(stand(v1, {}, { others: [policy('elsewhere')] })).toBeUndefined();
  });
});

const anyAnswer = fc.constantFrom(v1, v2, silent);
const anySeverity = fc.option(fc.constantFrom(...criticalities), { nil: undefined });
const anyVersion = fc.oneof(
  fc.tuple(fc.nat(50), fc.nat(20)).map(([minor, patch]) => `v1.${minor}.${patch}`),
  fc.constantFrom('', 'latest', 'v1.35.0-rc.1', 'v1.34.2+k3s1', 'v1.36.1-gke.1500000'),
);

describe('whatever is said', () => {
  test('only a kubelet that says v1 makes a finding, and only one that says v2 of a ready node clears it', () => {
    fc.assert(
      fc.property(anyAnswer, fc.boolean(), anyVersion, anySeverity, (answer, ready, kubeletVersion, severity) => {
        const standing = stand(answer, { ready, kubeletVersion }, { selecting: [policy('p', severity)] });
        expect(standing?.isSo === true).toBe(answer.version === 1);
        expect(standing?.isSo === false).toBe(answer.version === 2 && ready);
        expect(standing?.message).not.toBe('');
      }),
    );
  });

  test('its severity is that of the policies, or one step worse, and never better with a newer kubelet', () => {
    fc.assert(
      fc.property(anySeverity, fc.nat(50), fc.nat(50), (severity, one, other) => {
        const rankWith = (minor: number): number =>
          criticalityRank(
            stand(v1, { kubeletVersion: `v1.${minor}.0` }, { selecting: [policy('p', severity)] })?.severity ?? 'Low',
          );
        const own = criticalityRank(severity ?? 'Medium');
        const [older, newer] = [rankWith(Math.min(one, other)), rankWith(Math.max(one, other))];
        expect(older).toBeGreaterThanOrEqual(own);
        expect(newer).toBeGreaterThanOrEqual(older);
        expect(newer).toBeLessThanOrEqual(Math.min(own + 1, criticalities.length - 1));
      }),
    );
  });
});
