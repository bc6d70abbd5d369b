import { array, assert, constantFrom, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { badnessOf } from '../state.ts';
import { somePolicy } from '../testing/fleet.ts';
import { aPolicy, minutes, requiring } from '../testing/policies.ts';
import type { Policy } from '../types.ts';
import { judge } from './judge.ts';
import { aLoaded, aRule, aRuleset } from '../testing/telemetry.ts';
import { nearnessOf, type AgentPresence } from './presence.ts';

const works = (overrides: Partial<AgentPresence> = {}): AgentPresence => ({
  agent: 'falco',
  version: '0.43.0',
  evidence: 'Running',
  trouble: undefined,
  expectedSince: undefined,
  nearness: nearnessOf.running,
  upgrade: 'kubectl -n security set image daemonset/falco falco=falcosecurity/falco:{version}',
  minVersion: undefined,
  ...overrides,
});

const trouble = (reason: NonNullable<AgentPresence['trouble']>['reason']): Partial<AgentPresence> => ({
  trouble: { reason, cause: `it is ${reason}`, remedy: 'Mend it' },
});

const missing = (overrides: Partial<AgentPresence> = {}): AgentPresence =>
  works({
    evidence: undefined,
    version: undefined,
    nearness: nearnessOf.podExpected,
    ...trouble('AgentMissing'),
    ...overrides,
  });

const uninstalled = (agent: string): AgentPresence => missing({ agent, nearness: nearnessOf.uninstalled });

const asking = (...agents: readonly (string | [string, string])[]): Policy =>
  aPolicy({
    require: requiring({
      agents: agents.map((each) =>
        typeof each === 'string' ? { name: each, minVersion: undefined } : { name: each[0], minVersion: each[1] },
      ),
    }),
  });

const now = 100 * minutes;

describe('an asset', () => {
  test.each<[string, readonly AgentPresence[], readonly Policy[], string, readonly string[]]>([
    ['is protected by any agent, where nothing is asked', [uninstalled('datadog'), works()], [], 'Protected', []],
    ['has no agent, where none is installed', [uninstalled('falco')], [], 'NoAgent', ['AgentMissing']],
    ['has no agent, where none is even described', [], [], 'NoAgent', ['AgentMissing']],
    [
      'is protected by one agent of a list',
      [works(), uninstalled('datadog')],
      [asking('datadog', 'falco')],
      'Protected',
      [],
    ],
    [
      'is not protected by an agent that is not on the list',
      [works(), uninstalled('datadog')],
      [asking('datadog')],
      'NoAgent',
      ['AgentMissing'],
    ],
    ['is not protected by an agent that nobody knows', [works()], [asking('nobody')], 'NoAgent', ['AgentMissing']],
    [
      'must satisfy every policy',
      [works(), missing({ agent: 'datadog' })],
      [asking('falco'), aPolicy({ name: 'both', require: asking('datadog').require })],
      'NoAgent',
      ['AgentMissing'],
    ],
    [
      'stands as its best agent does',
      [works({ ...trouble('AgentNotReady'), agent: 'datadog' }), works(trouble('ProtectionDisabled'))],
      [],
      'Failed',
      ['AgentNotReady'],
    ],
    [
      'is unprotected where protection is off',
      [works(trouble('ProtectionDisabled'))],
      [],
      'NoProtection',
      ['ProtectionDisabled'],
    ],
    [
      'is warned of an agent below its own minimum',
      [works({ minVersion: '0.44.0' })],
      [],
      'Warning',
      ['AgentOutdated'],
    ],
    [
      'is warned of an agent below the policy’s minimum',
      [works()],
      [asking(['falco', '0.44.0'])],
      'Warning',
      ['AgentOutdated'],
    ],
    [
      'is not warned of an agent at the minimum',
      [works({ minVersion: '0.43.0' })],
      [asking(['falco', '0.43.0'])],
      'Protected',
      [],
    ],
    [
      'is not warned of a version that nobody asks for',
      [works({ version: undefined, minVersion: '0.44.0' })],
      [],
      'Protected',
      [],
    ],
    [
      'is incomplete where a minimum is asked and the version is not known',
      [works({ version: undefined })],
      [asking(['falco', '0.44.0'])],
      'Incomplete',
      ['EvidenceTooWeak'],
    ],
    [
      'is incomplete where more evidence is asked',
      [works()],
      [aPolicy({ require: requiring({ evidence: 'Reporting' }) })],
      'Incomplete',
      ['EvidenceTooWeak'],
    ],
    [
      'is incomplete where rules are asked and nothing proves them',
      [works()],
      [
        aPolicy({
          require: requiring({ policies: [{ name: 'base', minVersion: undefined, source: undefined, rules: [] }] }),
        }),
      ],
      'Incomplete',
      ['EvidenceTooWeak'],
    ],
    [
      'is protected where a loaded rule covers what is asked',
      [works({ evidence: 'Loaded', ruleset: aRuleset([aLoaded({ rules: [aRule({ techniques: ['T1611'] })] })]) })],
      [aPolicy({ require: requiring({ mitre: [{ tactic: 'TA0004', techniques: ['T1611'], minimumRules: 1 }] }) })],
      'Protected',
      [],
    ],
    [
      'takes another agent of the list, which is not outdated',
      [works({ minVersion: '0.44.0' }), works({ agent: 'datadog' })],
      [],
      'Protected',
      [],
    ],
  ])('%s', (_, presences, policies, state, reasons) => {
    const judgement = judge(presences, policies, now);
    expect(judgement.state).toBe(state);
    expect(judgement.gaps.map(({ reason }) => reason)).toEqual(reasons);
  });
});

describe('grace', () => {
  const coming = missing({ expectedSince: now });
  test.each<[string, AgentPresence, readonly Policy[], number, string, number]>([
    ['begins when the agent can be expected', coming, [], now, 'Unknown', now + 5 * minutes],
    ['lasts to the last millisecond', coming, [], now + 5 * minutes - 1, 'Unknown', now + 5 * minutes],
    ['is over at its very end', coming, [], now + 5 * minutes, 'NoAgent', Number.POSITIVE_INFINITY],
    ['is what the policy says', coming, [aPolicy({ gracePeriod: 7 })], now + 6, 'Unknown', now + 7],
    ['may be none', coming, [aPolicy({ gracePeriod: 0 })], now, 'NoAgent', Number.POSITIVE_INFINITY],
    ['is not given where waiting cannot help', missing(), [], now, 'NoAgent', Number.POSITIVE_INFINITY],
    [
      'of the strictest policy ends first',
      coming,
      [aPolicy({ gracePeriod: 7 }), aPolicy({ name: 'lax', gracePeriod: 9 })],
      now + 8,
      'NoAgent',
      now + 9,
    ],
    [
      'is given to an agent that starts',
      works({ ...trouble('AgentNotReady'), expectedSince: now, evidence: 'Declared' }),
      [],
      now,
      'Unknown',
      now + 5 * minutes,
    ],
  ])('%s', (_, presence, policies, at, state, validUntil) => {
    const judgement = judge([presence], policies, at);
    expect([judgement.state, judgement.validUntil]).toEqual([state, validUntil]);
  });

  test('says what is in the way at present', () => {
    expect(judge([coming], [], now).gaps[0]).toMatchObject({
      reason: 'NotYetReported',
      cause: 'within the grace period; at present it is AgentMissing',
    });
  });
});

test('the remedy for an old agent satisfies every minimum that it falls short of', () => {
  const [gap] = judge([works({ minVersion: 'v0.44.0' })], [asking(['falco', '0.43.5'])], now).gaps;
  expect(gap).toMatchObject({
    cause: 'falco 0.43.0 is older than v0.44.0, the minimum of ProtectionAgent falco',
    remedy: 'kubectl -n security set image daemonset/falco falco=falcosecurity/falco:0.44.0',
  });
});

test('the same gap under two policies is one, and names both', () => {
  const policies = [aPolicy({ name: 'b' }), aPolicy({ name: 'a' })];
  expect(judge([missing()], policies, now).gaps).toMatchObject([{ reason: 'AgentMissing', policies: ['a', 'b'] }]);
});

test('evidence is the weakest that any policy rests on', () => {
  const presences = [works({ evidence: 'Loaded' }), works({ agent: 'datadog' })];
  expect(judge(presences, [asking('falco')], now).evidence).toBe('Loaded');
  expect(judge(presences, [asking('falco'), asking('datadog')], now).evidence).toBe('Running');
  expect(judge([missing()], [], now).evidence).toBeUndefined();
});

test('another policy never makes an asset better', () => {
  const presence = record({
    agent: constantFrom('falco', 'datadog'),
    version: constantFrom(undefined, '0.40.0', '0.43.0'),
    kind: constantFrom(
      works(),
      works({ evidence: 'Loaded' }),
      missing(),
      missing({ expectedSince: now - 3 * minutes }),
      works(trouble('ProtectionDisabled')),
      works({ minVersion: '0.42.0' }),
      uninstalled(''),
    ),
  }).map(({ kind, agent, version }) => ({ ...kind, agent, version: kind.evidence && version }));
  assert(
    property(
      array(presence, { maxLength: 3 }),
      array(somePolicy, { minLength: 1, maxLength: 3 }),
      somePolicy,
      (presences, policies, added) => {
        const [before, after] = [judge(presences, policies, now), judge(presences, [...policies, added], now)];
        expect(badnessOf(after.state)).toBeGreaterThanOrEqual(badnessOf(before.state));
        // The baseline gives five minutes; only a policy that gives longer can be kinder than none.
        if (added.gracePeriod > 5 * minutes) return;
        expect(badnessOf(judge(presences, [added], now).state)).toBeGreaterThanOrEqual(
          badnessOf(judge(presences, [], now).state),
        );
      },
    ),
    { numRuns: 500 },
  );
});
