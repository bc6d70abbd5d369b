import { describe, expect, it } from 'vitest';
import { baseline } from '../../domain/coverage/demand.ts';
import type { AgentPresence } from '../../domain/coverage/presence.ts';
import { silenceOf } from '../../domain/coverage/silence.ts';
import { hearing } from '../../domain/testing/telemetry.ts';
import { restoredFrom } from './restore.ts';
import type { ScrapeSettings } from './settings.ts';
import type { Target } from './targets.ts';

const evaluatedAt = 10_000_000;
const settings: ScrapeSettings = {
  agent: 'falco',
  type: 'Falco',
  port: 8765,
  path: '/metrics',
  intervalMs: 60_000,
  staleAfterMs: 180_000,
  tls: undefined,
  token: undefined,
  custom: undefined,
};
const target = (rest: Partial<Target> = {}): Target => ({
  node: 'node-1',
  settings,
  namespace: 'falco',
  pod: 'falco-1',
  createdAt: 1000,
  address: '192.0.2.1',
  trusted: true,
  ...rest,
});

const profile = (rest: object = {}) => ({
  id: 'p',
  state: 'Protected',
  reasons: [],
  agents: [{ name: 'falco', version: '0.43.0', state: 'Protected', evidence: 'Loaded' }],
  ruleset: 'r1',
  names: ['node-1', 'node-2'],
  ...rest,
});
const rulesets = [
  {
    id: 'r1',
    policies: [
      {
        name: 'falco_rules.yaml',
        agent: 'falco',
        version: 'sha256:abc',
        source: 'OCI',
        status: 'Loaded',
        rules: ['Terminal shell in container'],
        disabledRules: ['Noisy rule'],
        failedRules: ['Broken rule'],
      },
      { name: 'local.yaml', agent: 'falco', version: '1.2.0', status: 'Drifted' },
      { name: 'declared.yaml', agent: 'falco', status: 'Declared' },
      { name: 'tcp-connect', agent: 'tetragon', status: 'Loaded' },
    ],
  },
];

const restore = (profiles: readonly object[], of: Partial<Target> = {}) =>
  restoredFrom([{ profiles, rulesets }], evaluatedAt)(target(of));

describe('what an earlier leader knew', () => {
  it('is what it wrote of the agent on the node, at the time of its last report', () => {
    expect(restore([profile()])).toEqual({
      reading: {
        at: evaluatedAt,
        version: '0.43.0',
        policies: [
          {
            name: 'falco_rules.yaml',
            digest: 'sha256:abc',
            source: 'OCI',
            status: 'Loaded',
            rules: [
              { name: 'Terminal shell in container', status: 'Loaded', tactics: [], techniques: [] },
              { name: 'Noisy rule', status: 'Disabled', tactics: [], techniques: [] },
              { name: 'Broken rule', status: 'Failed', tactics: [], techniques: [] },
            ],
          },
          { name: 'local.yaml', version: '1.2.0', status: 'Loaded' },
        ],
        policiesAre: 'Complete',
        issues: [],
      },
      askedSince: 1000,
      failure: undefined,
    });
  });

  it('is one object for all nodes that stood alike', () => {
    const of = restoredFrom([{ profiles: [profile()], rulesets }], evaluatedAt);
    const [first, second] = [of(target()), of(target({ node: 'node-2' }))];
    expect(first?.reading?.policies).toBe(second?.reading?.policies);
  });

  it('proves no more than was proved', () => {
    const agents = [{ name: 'falco', version: '0.43.0', state: 'Protected', evidence: 'Reporting' }];
    expect(restore([profile({ agents })])?.reading?.policiesAre).toBe('Partial');
  });

  it('holds the trouble that the agent told of itself, and no other', () => {
    const reasons = [
      { reason: 'PolicyLoadFailed', cause: 'a file failed', remedy: 'mend it', agent: 'falco' },
      { reason: 'PolicyMissing', cause: 'not there', remedy: 'add it', agent: 'falco' },
      { reason: 'AgentHealth', cause: 'of another', remedy: 'x', agent: 'tetragon' },
    ];
    expect(restore([profile({ reasons })])?.reading?.issues).toEqual([
      { reason: 'PolicyLoadFailed', cause: 'a file failed', remedy: 'mend it' },
    ]);
  });

  it('stays stale where it was', () => {
    const reasons = [{ reason: 'TelemetryStale', cause: 'old', remedy: 'x', agent: 'falco' }];
    const agents = [{ name: 'falco', version: '0.43.0', state: 'Warning', evidence: 'Running' }];
    expect(restore([profile({ reasons, agents })])).toMatchObject({
      reading: { at: evaluatedAt - 180_000, version: '0.43.0' },
      failure: expect.any(String),
    });
  });

  it('stays silence where the agent had never spoken', () => {
    const reasons = [{ reason: 'TelemetryUnavailable', cause: 'falco has not answered', remedy: 'x', agent: 'falco' }];
    expect(restore([profile({ reasons })])).toEqual({
      reading: undefined,
      askedSince: 1000,
      failure: expect.any(String),
    });
  });

  it('stays lost where the agent had spoken once, as the verdict says it', () => {
    const heard = hearing({ hasAnswered: true, olderThan: 3 * 180_000, staleAfter: 180_000 });
    const presence = { agent: 'falco', heard } as AgentPresence;
    const trouble = silenceOf(baseline, presence, evaluatedAt);
    expect(trouble?.reason).toBe('TelemetryUnavailable');
    expect(restore([profile({ reasons: [{ ...trouble, agent: 'falco' }] })])).toEqual({
      reading: { at: evaluatedAt - 3 * 180_000, version: '0.43.0', issues: [] },
      askedSince: 1000,
      failure: expect.any(String),
    });
  });

  it.each<readonly [string, readonly object[], Partial<Target>]>([
    ['the node was not there', [profile()], { node: 'node-3' }],
    ['the agent was not there', [profile({ agents: [] })], {}],
    ['the pod has come since', [profile()], { createdAt: evaluatedAt + 1 }],
    ['the agent had said nothing', [profile({ agents: [{ name: 'falco', evidence: 'Running' }] })], {}],
    ['what was written is nonsense', [{ names: ['node-1'], agents: 'none', reasons: 7 }], {}],
  ])('is nothing where %s', (_, profiles, of) => {
    expect(restore(profiles, of)).toBeUndefined();
  });
});
