import { describe, expect, it } from 'vitest';
import { anExemption, aPolicy, labelled, requiring, selecting } from '../../domain/testing/policies.ts';
import type { Policy, PolicyRequirement, Requirement } from '../../domain/types.ts';
import { loosenedDemands } from './loosened-demands.ts';

const demanding = (require: Partial<Requirement>): Policy => aPolicy({ name: 'prod', require: requiring(require) });
const agent = (name: string, minVersion?: string) => ({ name, minVersion });
const policy = (name: string, rules: readonly string[] = []): PolicyRequirement => ({
  name,
  minVersion: undefined,
  source: undefined,
  rules,
});
const attack = (tactic: string, ...techniques: readonly string[]) => ({ tactic, techniques, minimumRules: 1 });
const end = Date.parse('2026-09-01T00:00:00Z');
const exempting = (...apps: readonly string[]): Policy =>
  aPolicy({
    name: 'prod',
    exemptions: apps.map((app) =>
      anExemption({ selector: selecting({ pod: labelled({ app }) }), reason: `${app} moves`, expiresAt: end }),
    ),
  });

describe('a policy that demands less', () => {
  it.each<[string, Policy, Policy, string]>([
    ['any agent', demanding({ agents: [agent('falco')] }), demanding({}), 'accepts any agent instead of falco'],
    [
      'one more agent',
      demanding({ agents: [agent('falco')] }),
      demanding({ agents: [agent('falco'), agent('tetragon')] }),
      'accepts tetragon as well',
    ],
    [
      'an older agent',
      demanding({ agents: [agent('falco', '0.43.0')] }),
      demanding({ agents: [agent('falco', '0.41.0')] }),
      'accepts falco before 0.43.0',
    ],
    [
      'an agent of any age',
      demanding({ agents: [agent('falco', '0.43.0')] }),
      demanding({ agents: [agent('falco')] }),
      'accepts falco before 0.43.0',
    ],
    [
      'weaker evidence',
      demanding({ evidence: 'Loaded' }),
      demanding({ evidence: 'Running' }),
      'is content with the evidence Running instead of Loaded',
    ],
    [
      'no detection policy',
      demanding({ policies: [policy('a'), policy('b')] }),
      demanding({ policies: [policy('b')] }),
      'no longer demands the detection policy a',
    ],
    [
      'fewer rules',
      demanding({ policies: [policy('a', ['x', 'y', 'z'])] }),
      demanding({ policies: [policy('a', ['z'])] }),
      'no longer demands the rules x of a and y of a',
    ],
    [
      'fewer techniques',
      demanding({ mitre: [attack('TA0004', 'T1611', 'T1068', 'T1', 'T2', 'T3')] }),
      demanding({ mitre: [attack('TA0004', 'T1068')] }),
      'no longer demands the techniques T1611, T1, T2 and 1 more',
    ],
    ['an exemption more', exempting(), exempting('shop'), 'exempts more until 2026-09-01T00:00:00.000Z: shop moves'],
    [
      'more exemptions',
      exempting(),
      exempting('a', 'b'),
      'has 2 more exemptions, the last until 2026-09-01T00:00:00.000Z',
    ],
  ])('is told: %s', (_, before, after, words) => {
    expect(loosenedDemands(before, after)).toEqual([`WorkloadPolicy prod ${words}`]);
    expect(loosenedDemands(before, before)).toEqual([]);
  });

  it.each<[string, Policy, Policy]>([
    ['demands more', demanding({}), demanding({ agents: [agent('falco', '1.0.0')], policies: [policy('a')] })],
    ['accepts fewer agents', demanding({ agents: [agent('a'), agent('b')] }), demanding({ agents: [agent('a')] })],
    ['wants a newer one', demanding({ agents: [agent('a')] }), demanding({ agents: [agent('a', '1.0.0')] })],
    ['exempts less', exempting('a', 'b'), exempting('b')],
  ])('is not told where it %s', (_, before, after) => {
    expect(loosenedDemands(before, after)).toEqual([]);
  });
});
