// Every reason that readings and declarations give, with the words that people read.
import { describe, expect, test } from 'vitest';
import type { Reason } from '../reason.ts';
import { aPolicy, minutes, requiring } from '../testing/policies.ts';
import { aLoaded, aRule, aRuleset, hearing, told } from '../testing/telemetry.ts';
import type { Requirement } from '../types.ts';
import { judge } from './judge.ts';
import { nearnessOf, type AgentPresence } from './presence.ts';

const now = 100 * minutes;

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

const asking = (require: Partial<Requirement>) => [aPolicy({ name: 'production', require: requiring(require) })];

const policy = (overrides: Partial<Requirement['policies'][number]> = {}): Requirement['policies'][number] => ({
  name: 'rules.yaml',
  minVersion: undefined,
  source: undefined,
  rules: [],
  ...overrides,
});

const technique = (id: string, minimumRules = 1): Requirement['mitre'][number] => ({
  tactic: undefined,
  techniques: [id],
  minimumRules,
});

const configMap = { kind: 'ConfigMap', namespace: 'security', name: 'falco-rules' };
const restart = 'kubectl -n security rollout restart daemonset/falco';
const look = "kubectl get pagent falco -o jsonpath='{.status.scrape}'";

interface Row {
  readonly when: string;
  readonly presence: AgentPresence;
  readonly require?: Partial<Requirement>;
  readonly state: string;
  readonly gaps: readonly { readonly reason: Reason; readonly cause: string; readonly remedy: string }[];
}

const rows: readonly Row[] = [
  {
    when: 'nothing is wrong, and nobody asks',
    presence: works(told()),
    state: 'Protected',
    gaps: [],
  },
  {
    when: 'telemetry is off and nobody asks for more than Running',
    presence: works(),
    state: 'Protected',
    gaps: [],
  },
  {
    when: 'it was asked and may still be starting',
    presence: works({
      heard: hearing({ hasAnswered: false, askedSince: now - minutes, failure: 'connection refused' }),
    }),
    state: 'Unknown',
    gaps: [
      {
        reason: 'NotYetReported',
        cause: 'within the grace period; at present falco has been asked and has not answered: connection refused',
        remedy: `Wait for the grace period to end; if it does not settle: See which of its pods do not answer, and why: ${look}`,
      },
    ],
  },
  {
    when: 'it was asked, past the grace period',
    presence: works({ heard: hearing({ hasAnswered: false, failure: 'connection refused' }) }),
    state: 'Unknown',
    gaps: [
      {
        reason: 'TelemetryUnavailable',
        cause: 'falco has been asked and has not answered: connection refused',
        remedy: `See which of its pods do not answer, and why: ${look}`,
      },
    ],
  },
  {
    when: 'nobody has asked it yet, and a policy wants to know',
    presence: works({ heard: hearing({ isAsked: false, hasAnswered: false }) }),
    require: { evidence: 'Reporting' },
    state: 'Unknown',
    gaps: [
      {
        reason: 'NotYetReported',
        cause: 'falco has telemetry configured and has not been asked yet',
        remedy: `Wait for its next round of readings: ${look}`,
      },
    ],
  },
  {
    when: 'nobody has asked it yet, and no policy wants to know',
    presence: works({ heard: hearing({ isAsked: false, hasAnswered: false }) }),
    state: 'Protected',
    gaps: [],
  },
  {
    when: 'it has said nothing for nine minutes',
    presence: works({ heard: hearing({ olderThan: 9 * minutes, failure: 'no answer within 5s' }) }),
    require: { evidence: 'Loaded', policies: [policy()] },
    state: 'Unknown',
    gaps: [
      {
        reason: 'TelemetryUnavailable',
        cause: "falco's last report is older than 9m, 3 times its staleAfter: no answer within 5s",
        remedy: `See which of its pods do not answer, and why: ${look}`,
      },
    ],
  },
  {
    when: 'it has said nothing for three minutes',
    presence: works(told(aRuleset(), { heard: hearing({ olderThan: 3 * minutes, failure: 'no answer within 5s' }) })),
    state: 'Warning',
    gaps: [
      {
        reason: 'TelemetryStale',
        cause: "falco's last report is older than 3m: no answer within 5s",
        remedy: `See which of its pods do not answer, and why: ${look}`,
      },
    ],
  },
  {
    when: 'it has said nothing for longer than a policy takes',
    presence: works(told(aRuleset(), { heard: hearing({ olderThan: minutes }) })),
    require: { telemetryMaxAge: minutes },
    state: 'Warning',
    gaps: [
      {
        reason: 'TelemetryStale',
        cause: "falco's last report is older than 1m, the telemetryMaxAge of WorkloadPolicy production",
        remedy: `See which of its pods do not answer, and why: ${look}`,
      },
    ],
  },
  {
    when: 'it is stale, and a policy takes older readings',
    presence: works(told(aRuleset(), { heard: hearing({ olderThan: 3 * minutes }) })),
    require: { telemetryMaxAge: 5 * minutes },
    state: 'Protected',
    gaps: [],
  },
  {
    when: 'it tells of trouble of its own',
    presence: works(
      told(aRuleset(), {
        heard: hearing({
          issues: [
            { reason: 'SelfTestFailed', cause: "falco's self test failed", remedy: 'See its log' },
            { reason: 'AgentHealth', cause: 'falco lacks memory', remedy: 'Give it more' },
          ],
        }),
      }),
    ),
    state: 'Failed',
    gaps: [
      { reason: 'SelfTestFailed', cause: "falco's self test failed", remedy: 'See its log' },
      { reason: 'AgentHealth', cause: 'falco lacks memory', remedy: 'Give it more' },
    ],
  },
  {
    when: 'it loses more than a policy allows',
    presence: works(told(aRuleset(), { heard: hearing({ losses: [{ where: 'kernel buffer', moreThan: 0.02 }] }) })),
    require: { maxDropRatio: 0.01 },
    state: 'Warning',
    gaps: [
      {
        reason: 'EventsDropped',
        cause: 'falco loses more than 2% of its events (kernel buffer), and WorkloadPolicy production allows 1%',
        remedy:
          'Give Falco larger buffers (driver.modernEbpf.bufSizePreset in its chart), or more CPU; or allow more: kubectl edit wpol production (spec.require.maxDropRatio)',
      },
    ],
  },
  {
    when: 'it loses less than a policy allows, and some of an unknown total',
    presence: works(
      told(aRuleset(), {
        heard: hearing({
          losses: [
            { where: 'kernel buffer', moreThan: 0.001 },
            { where: 'output queue', moreThan: undefined },
          ],
        }),
      }),
    ),
    require: { maxDropRatio: 0.01 },
    state: 'Protected',
    gaps: [],
  },
  {
    when: 'it loses some of an unknown total, and a policy allows none',
    presence: works(told(aRuleset(), { heard: hearing({ losses: [{ where: 'output queue', moreThan: undefined }] }) })),
    require: { maxDropRatio: 0 },
    state: 'Warning',
    gaps: [
      {
        reason: 'EventsDropped',
        cause: 'falco loses events of an unknown total (output queue), and WorkloadPolicy production allows none',
        remedy:
          'Give Falco larger buffers (driver.modernEbpf.bufSizePreset in its chart), or more CPU; or allow more: kubectl edit wpol production (spec.require.maxDropRatio)',
      },
    ],
  },
  {
    when: 'it loses much, and no policy judges that',
    presence: works(told(aRuleset(), { heard: hearing({ losses: [{ where: 'kernel buffer', moreThan: 0.5 }] }) })),
    state: 'Protected',
    gaps: [],
  },
  {
    when: 'a content is not the declared one',
    presence: works(
      told(
        aRuleset([
          aLoaded({ status: 'Drifted', declaredBy: configMap, message: 'the loaded content has the digest sha256:a' }),
        ]),
      ),
    ),
    state: 'Warning',
    gaps: [
      {
        reason: 'PolicyDrift',
        cause:
          'falco has loaded the policy rules.yaml otherwise than ConfigMap security/falco-rules declares it: the loaded content has the digest sha256:a',
        remedy: `Let falco load it anew: ${restart}`,
      },
    ],
  },
  {
    when: 'a declared policy is not loaded, and nobody requires it',
    presence: works(told(aRuleset([aLoaded({ status: 'Missing', declaredBy: configMap })]))),
    state: 'Warning',
    gaps: [
      {
        reason: 'PolicyDrift',
        cause: 'falco has not loaded the policy rules.yaml, which ConfigMap security/falco-rules declares',
        remedy: `Let falco load it anew: ${restart}`,
      },
    ],
  },
  {
    when: 'a policy could not be loaded',
    presence: works(
      told(aRuleset([aLoaded({ status: 'Failed', declaredBy: configMap, message: 'line 3: no such field' })])),
    ),
    require: { policies: [policy()] },
    state: 'Failed',
    gaps: [
      {
        reason: 'PolicyLoadFailed',
        cause: 'falco could not load the policy rules.yaml (ConfigMap security/falco-rules): line 3: no such field',
        remedy: `Correct ConfigMap security/falco-rules, then: Let falco load it anew: ${restart}`,
      },
    ],
  },
  {
    when: 'a policy could not be loaded, and the agent has said so in its own words',
    presence: works(
      told(aRuleset([aLoaded({ status: 'Failed' })]), {
        heard: hearing({
          issues: [{ reason: 'PolicyLoadFailed', cause: 'falco refused rules.yaml', remedy: 'See its log' }],
        }),
      }),
    ),
    state: 'Failed',
    gaps: [{ reason: 'PolicyLoadFailed', cause: 'falco refused rules.yaml', remedy: 'See its log' }],
  },
  {
    when: 'rules could not be loaded',
    presence: works(
      told(
        aRuleset([
          aLoaded({
            rules: [
              aRule(),
              aRule({ name: 'a', status: 'Failed', message: 'bad filter' }),
              aRule({ name: 'b', status: 'Failed' }),
            ],
          }),
        ]),
      ),
    ),
    require: { policies: [policy({ rules: ['a'] })] },
    state: 'Failed',
    gaps: [
      {
        reason: 'RuleLoadFailed',
        cause: 'falco could not load 2 of the 3 rules of rules.yaml: a, b (bad filter)',
        remedy: 'Correct or remove these rules in rules.yaml',
      },
    ],
  },
  {
    when: 'a required policy is not loaded',
    presence: works(told(aRuleset([]))),
    require: { policies: [policy()] },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'PolicyMissing',
        cause: 'WorkloadPolicy production requires the policy rules.yaml, and falco has not loaded it',
        remedy: 'Declare the policy rules.yaml for falco, or correct the name: kubectl edit wpol production',
      },
    ],
  },
  {
    when: 'a required policy is switched off',
    presence: works(told(aRuleset([aLoaded({ status: 'Disabled', declaredBy: configMap })]))),
    require: { policies: [policy()] },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'PolicyMissing',
        cause: 'WorkloadPolicy production requires the policy rules.yaml, and falco has it switched off',
        remedy: 'Switch the policy rules.yaml on in ConfigMap security/falco-rules',
      },
    ],
  },
  {
    when: 'a required policy comes from elsewhere',
    presence: works(told(aRuleset([aLoaded({ source: 'File' })]))),
    require: { policies: [policy({ source: 'OCI' })] },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'PolicyMissing',
        cause: 'WorkloadPolicy production requires the policy rules.yaml from OCI, and falco has it from File',
        remedy: 'Load rules.yaml from OCI, or correct the source: kubectl edit wpol production',
      },
    ],
  },
  {
    when: 'nobody tells where a required policy comes from',
    presence: works(told()),
    require: { policies: [policy({ source: 'OCI' })] },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'EvidenceTooWeak',
        cause:
          'WorkloadPolicy production requires the policy rules.yaml from OCI, and where falco has it from cannot be told',
        remedy: 'Take the source out of what is required: kubectl edit wpol production',
      },
    ],
  },
  {
    when: 'a required policy is loaded in an older version',
    presence: works(told(aRuleset([aLoaded({ version: '1.2.0', declaredBy: configMap })]))),
    require: { policies: [policy({ minVersion: '1.10' })] },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'PolicyOutdated',
        cause:
          'WorkloadPolicy production requires the policy rules.yaml in version 1.10 or later, and falco has loaded 1.2.0',
        remedy: 'Bring rules.yaml to 1.10 or later in ConfigMap security/falco-rules',
      },
    ],
  },
  {
    when: 'a required policy is loaded in an older generation',
    presence: works(told(aRuleset([aLoaded({ version: '9' })]))),
    require: { policies: [policy({ minVersion: '10' })] },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'PolicyOutdated',
        cause:
          'WorkloadPolicy production requires the policy rules.yaml in version 10 or later, and falco has loaded 9',
        remedy: 'Bring rules.yaml to 10 or later',
      },
    ],
  },
  {
    when: 'nobody tells the version of a required policy',
    presence: works(told()),
    require: { policies: [policy({ minVersion: '1.10' })] },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'EvidenceTooWeak',
        cause:
          'WorkloadPolicy production requires the policy rules.yaml in version 1.10 or later, and falco has loaded one whose version nobody tells',
        remedy: 'Take minVersion out of what is required: kubectl edit wpol production',
      },
    ],
  },
  {
    when: 'required rules are missing, switched off and filtered out',
    presence: works(
      told(
        aRuleset([
          aLoaded({
            declaredBy: configMap,
            rules: [
              aRule({ name: 'off', status: 'Disabled' }),
              aRule({ name: 'out', status: 'Filtered', message: 'for agents from 0.44' }),
            ],
          }),
        ]),
      ),
    ),
    require: { policies: [policy({ rules: ['gone', 'off', 'out'] })] },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'RuleDisabled',
        cause: 'WorkloadPolicy production requires the rule off of rules.yaml, and falco has it switched off',
        remedy: 'Switch the rule off on in ConfigMap security/falco-rules',
      },
      {
        reason: 'RuleMissing',
        cause: 'WorkloadPolicy production requires the rule gone of rules.yaml, and falco has not loaded it',
        remedy: 'Add the rule gone to ConfigMap security/falco-rules',
      },
      {
        reason: 'RuleMissing',
        cause:
          'WorkloadPolicy production requires the rule out of rules.yaml, and falco has filtered it out: for agents from 0.44',
        remedy: 'Let falco take the rule out of ConfigMap security/falco-rules',
      },
    ],
  },
  {
    when: 'nobody knows the rules of a required policy',
    presence: works(told(aRuleset([aLoaded({ rules: undefined })]))),
    require: { policies: [policy({ rules: ['a', 'b'] })] },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'EvidenceTooWeak',
        cause:
          'WorkloadPolicy production requires the rules a, b of rules.yaml, and which rules falco has loaded of it cannot be told',
        remedy:
          'Keep the content of rules.yaml in an object of the cluster, or supply it as a catalogue, so that its rules are known by its digest',
      },
    ],
  },
  {
    when: 'nobody knows the rules of a required policy because it is not as declared',
    presence: works(told(aRuleset([aLoaded({ rules: undefined, status: 'Drifted', declaredBy: configMap })]))),
    require: { policies: [policy({ rules: ['a'] })], mitre: [technique('T1611')] },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'EvidenceTooWeak',
        cause:
          'WorkloadPolicy production requires T1611 Escape to Host to be covered, and which rules falco has loaded cannot be told (evidence Loaded)',
        remedy: `Let falco load it anew: ${restart}`,
      },
      {
        reason: 'EvidenceTooWeak',
        cause:
          'WorkloadPolicy production requires the rule a of rules.yaml, and which rules falco has loaded of it cannot be told',
        remedy: `Let falco load it anew: ${restart}`,
      },
      {
        reason: 'PolicyDrift',
        cause: 'falco has loaded the policy rules.yaml otherwise than ConfigMap security/falco-rules declares it',
        remedy: `Let falco load it anew: ${restart}`,
      },
    ],
  },
  {
    when: 'a technique is covered by a rule for one way of doing it',
    presence: works(told()),
    require: { mitre: [technique('T1059'), technique('T1059.004')] },
    state: 'Protected',
    gaps: [],
  },
  {
    when: 'one way of a technique is asked for, and only the technique is covered',
    presence: works(told(aRuleset([aLoaded({ rules: [aRule({ techniques: ['T1059'] })] })]))),
    require: { mitre: [technique('T1059.004')] },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'TechniqueUncovered',
        cause:
          'WorkloadPolicy production requires a loaded rule for T1059.004 Command and Scripting Interpreter: Unix Shell, and falco has none',
        remedy: 'Load a rule that is tagged T1059.004',
      },
    ],
  },
  {
    when: 'too few rules cover a technique, and another is switched off',
    presence: works(
      told(
        aRuleset([
          aLoaded({ declaredBy: configMap, rules: [aRule(), aRule({ name: 'bash history', status: 'Disabled' })] }),
        ]),
      ),
    ),
    require: { mitre: [technique('T1059', 2)] },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'TechniqueUncovered',
        cause:
          'WorkloadPolicy production requires 2 loaded rules for T1059 Command and Scripting Interpreter, and falco has 1',
        remedy:
          'Switch on the rule bash history in ConfigMap security/falco-rules, or load another that is tagged T1059',
      },
    ],
  },
  {
    when: 'a tactic is not covered, and a declared policy that is not loaded would',
    presence: works(
      told(
        aRuleset([
          aLoaded({
            status: 'Missing',
            declaredBy: configMap,
            rules: [aRule({ name: 'escape', tactics: ['TA0004'] })],
          }),
        ]),
      ),
    ),
    require: { mitre: [{ tactic: 'TA0004', techniques: [], minimumRules: 1 }] },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'TechniqueUncovered',
        cause: 'WorkloadPolicy production requires a loaded rule for TA0004 Privilege Escalation, and falco has none',
        remedy:
          'Load the policy rules.yaml (ConfigMap security/falco-rules) into falco: its rule escape is tagged TA0004',
      },
      {
        reason: 'PolicyDrift',
        cause: 'falco has not loaded the policy rules.yaml, which ConfigMap security/falco-rules declares',
        remedy: `Let falco load it anew: ${restart}`,
      },
    ],
  },
  {
    when: 'nobody knows whether a technique is covered',
    presence: works(told(aRuleset([aLoaded({ rules: undefined })]))),
    require: { mitre: [technique('T1611')] },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'EvidenceTooWeak',
        cause:
          'WorkloadPolicy production requires T1611 Escape to Host to be covered, and which rules falco has loaded cannot be told (evidence Loaded)',
        remedy: `See what would let falco tell more: kubectl get pagent falco -o jsonpath='{.status.conditions[?(@.type=="TelemetryAvailable")].message}'`,
      },
    ],
  },
  {
    when: 'a policy is declared and nothing is heard of it',
    presence: works({ ruleset: aRuleset([aLoaded({ status: 'Declared', declaredBy: configMap })], 'None') }),
    require: { policies: [policy()] },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'EvidenceTooWeak',
        cause:
          'WorkloadPolicy production requires the policy rules.yaml, and nothing proves that falco has loaded it; ConfigMap security/falco-rules declares it',
        remedy: 'Switch on the telemetry of ProtectionAgent falco: kubectl edit pagent falco (spec.telemetry.mode)',
      },
    ],
  },
  {
    when: 'an agent that lists a part of its policies does not list a required one',
    presence: works(told(aRuleset([], 'Partial'))),
    require: { policies: [policy()] },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'EvidenceTooWeak',
        cause:
          'WorkloadPolicy production requires the policy rules.yaml, and what falco has loaded cannot be told for certain (evidence Loaded)',
        remedy: `See what would let falco tell more: kubectl get pagent falco -o jsonpath='{.status.conditions[?(@.type=="TelemetryAvailable")].message}'`,
      },
    ],
  },
  {
    when: 'it speaks, and cannot tell what it has loaded',
    presence: works({ evidence: 'Reporting', heard: hearing() }),
    require: { evidence: 'Loaded' },
    state: 'Incomplete',
    gaps: [
      {
        reason: 'EvidenceTooWeak',
        cause: 'WorkloadPolicy production requires the evidence Loaded and falco is known to be Reporting only',
        remedy: `Let falco tell what it has loaded: kubectl get pagent falco -o jsonpath='{.status.conditions[?(@.type=="TelemetryAvailable")].message}'; or require less: kubectl edit wpol production`,
      },
    ],
  },
];

describe('what is said where', () => {
  test.each(rows)('$when', ({ presence, require, state, gaps }) => {
    const judgement = judge([presence], require === undefined ? [] : asking(require), now);
    expect(judgement.gaps.map(({ reason, cause, remedy }) => ({ reason, cause, remedy }))).toEqual(gaps);
    expect(judgement.state).toBe(state);
  });
});

describe('several agents', () => {
  const tetragon = works({
    ...told(aRuleset([aLoaded({ name: 'exec', agent: 'tetragon' })], 'Complete', 'tetragon')),
    agent: 'tetragon',
  });
  const wants = { policies: [policy(), policy({ name: 'exec' })], mitre: [technique('T1059', 2)] };

  test('have together what each has', () => {
    expect(judge([works(told()), tetragon], asking(wants), now).state).toBe('Protected');
  });

  test('are asked only as far as the policy accepts them', () => {
    const only = { ...wants, agents: [{ name: 'tetragon', minVersion: undefined }] };
    expect(judge([works(told()), tetragon], asking(only), now).gaps.map(({ reason }) => reason)).toEqual([
      'PolicyMissing',
      'TechniqueUncovered',
    ]);
  });

  test('have nothing together with one that does not work', () => {
    const broken = {
      ...tetragon,
      trouble: { reason: 'AgentNotReady', cause: 'it crashes', remedy: 'Mend it' } as const,
    };
    expect(judge([works(told()), broken], asking(wants), now).gaps.map(({ reason }) => reason)).toEqual([
      'PolicyMissing',
      'TechniqueUncovered',
    ]);
  });

  test('cannot be told to lack what a silent one may have', () => {
    const silent = works({ agent: 'tetragon', heard: hearing({ olderThan: 9 * minutes }) });
    const { gaps } = judge([works(told()), silent], asking({ policies: [policy({ name: 'exec' })] }), now);
    expect(gaps).toMatchObject([
      {
        reason: 'EvidenceTooWeak',
        cause:
          'WorkloadPolicy production requires the policy exec, and what tetragon has loaded cannot be told for certain (evidence Running)',
        remedy: `See which of its pods do not answer, and why: kubectl get pagent tetragon -o jsonpath='{.status.scrape}'`,
      },
    ]);
  });

  test('count rules once where their counts are told for all of them together', () => {
    const { counts } = aRuleset();
    const [a, b] = [aRuleset(), aRuleset([], 'Complete', 'tetragon')].map((ruleset) => ({ ...ruleset, counts }));
    const both = [works(told(a)), works({ ...told(b), agent: 'tetragon' })];
    expect(judge(both, asking({ mitre: [technique('T1059', 2)] }), now).state).toBe('Incomplete');
  });
});

test('many techniques of one policy that nothing covers are one gap', () => {
  const ids = ['T1003', 'T1005', 'T1014', 'T1021', 'T1027', 'T1036', 'T1037', 'T1040', 'T1041'];
  const { gaps } = judge(
    [works(told(aRuleset([])))],
    asking({ mitre: [{ tactic: undefined, techniques: ids, minimumRules: 1 }] }),
    now,
  );
  expect(gaps).toHaveLength(1);
  expect(gaps[0]?.cause).toContain('T1040');
  expect(gaps[0]?.cause).toContain('and 1 more');
});

test('an agent alone is told by what it leaves open, whatever a policy asks', () => {
  const failing = works(told(aRuleset([aLoaded({ status: 'Failed' })])));
  expect(judge([failing], asking({ policies: [policy({ name: 'other' })] }), now).agents).toMatchObject([
    { name: 'falco', state: 'Failed', evidence: 'Loaded' },
  ]);
});

test('a grace period that ends for who has been asked is known beforehand', () => {
  const waiting = works({ heard: hearing({ hasAnswered: false, askedSince: now - minutes }) });
  expect(judge([waiting], [], now).validUntil).toBe(now + 4 * minutes);
});
