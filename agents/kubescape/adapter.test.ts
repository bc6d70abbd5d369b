import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { describeContract } from '../contract.case.ts';
import { aTime, declareInput, fixture, metricsAnswer, readAll } from '../testing/read.ts';
import { kubescape } from './adapter.ts';

interface Item {
  readonly kind: string;
  readonly spec?: unknown;
}

const byPlural = (items: readonly Item[]): Record<string, readonly Item[]> => ({
  rules: items.filter(({ kind }) => kind === 'Rules'),
  runtimerulealertbindings: items.filter(({ kind }) => kind === 'RuntimeRuleAlertBinding'),
});

const items = load(fixture('kubescape', 'objects-0.2.400.yaml')) as readonly Item[];

const daemonSet = (image: string, env: readonly unknown[] = []) => ({
  spec: { template: { spec: { containers: [{ name: 'node-agent', image, env }] } } },
});

const old = fixture('kubescape', 'metrics-0.2.400.txt');
const renamed = fixture('kubescape', 'metrics-1.0.0.txt');

describeContract(kubescape, {
  healthy: { 'node-agent 0.2.400': metricsAnswer(old), 'node-agent 1.0.0': metricsAnswer(renamed) },
  objects: new Map(Object.entries(byPlural(items))),
  daemonSets: [daemonSet('quay.io/kubescape/node-agent:v0.2.400')],
});

const declare = (given: readonly Item[], ...daemonSets: readonly unknown[]) =>
  kubescape.declare(declareInput(byPlural(given), daemonSets));

describe('Rules and their bindings', () => {
  const declared = declare(items, daemonSet('quay.io/kubescape/node-agent:v0.2.400'));

  test('make a policy for each binding, for the pods that it selects', () => {
    expect(declared.policies).toMatchObject([
      {
        name: 'default-rules',
        version: '5',
        source: 'CustomResource',
        declaredBy: { kind: 'Rules', namespace: 'kubescape', name: 'default-rules' },
        pods: {
          namespaceSelector: {
            matchLabels: {},
            matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] }],
          },
        },
      },
      { name: 'default-rules', pods: { podSelector: { matchLabels: { team: 'payments' }, matchExpressions: [] } } },
    ]);
  });

  test('say of each rule what ATT&CK it is, and whether it can work', () => {
    expect(declared.policies[0]?.rules).toEqual([
      { name: 'Unexpected process launched', status: 'Loaded', tactics: ['TA0002'], techniques: ['T1059'] },
      {
        name: 'Unexpected service account token access',
        status: 'Filtered',
        message: 'it is for versions >=0.3.0 of the agent, which runs in v0.2.400',
        tactics: ['TA0006'],
        techniques: ['T1528'],
      },
      { name: 'Fileless execution detected', status: 'Disabled', tactics: ['TA0005'], techniques: ['T1055'] },
      {
        name: 'Exec to pod',
        status: 'Filtered',
        message: 'no RuntimeRuleAlertBinding binds it to pods',
        tactics: ['TA0002'],
        techniques: ['T1609'],
      },
    ]);
    expect(declared.policies[1]?.rules?.map(({ name, status }) => [name, status])).toEqual([
      ['Process tries to escape container', 'Loaded'],
      ['Exec to pod', 'Filtered'],
    ]);
  });

  test('name rules that are not there, which is said', () => {
    expect(declared.notes.join('\n')).toContain(
      'RuntimeRuleAlertBinding all-rules-all-pods names rules that no Rules object has: Malicious SSH Connection.',
    );
  });

  test.each([
    [
      'its environment, over its image',
      daemonSet('node-agent:v0.2.0', [{ name: 'AGENT_VERSION', value: 'v0.3.1' }]),
      'Loaded',
    ],
    ['its image with a digest', daemonSet('registry:5000/node-agent:v0.2.0@sha256:abc'), 'Filtered'],
    ['nothing', daemonSet('registry:5000/node-agent'), 'Loaded'],
    ['a word', daemonSet('node-agent:latest'), 'Loaded'],
  ])('know the version of the agent by %s', (_, set, status) => {
    const [policy] = declare(items, set).policies;
    expect(policy?.rules?.find(({ name }) => name.includes('token'))?.status).toBe(status);
  });

  test('that some versions of the agent can load and others cannot say so', () => {
    const [policy] = declare(items, daemonSet('node-agent:v0.2.0'), daemonSet('node-agent:v0.4.0')).policies;
    expect(policy?.rules?.[1]).toMatchObject({ status: 'Loaded', message: expect.stringContaining('v0.2.0, v0.4.0') });
  });
});

test('Rules that nothing binds are in trouble', () => {
  const declared = declare(items.filter(({ kind }) => kind === 'Rules'));
  expect(declared.policies).toHaveLength(1);
  expect(declared.policies[0]).toMatchObject({
    trouble: { cause: 'no RuntimeRuleAlertBinding binds any of its rules to pods' },
  });
  expect(new Set(declared.policies[0]?.rules?.map(({ status }) => status))).toEqual(new Set(['Filtered', 'Disabled']));
});

test('spare Rules beside others that are bound are no trouble', () => {
  const spare = {
    kind: 'Rules',
    metadata: { name: 'spare' },
    spec: { rules: [{ id: 'X1', name: 'X', enabled: true }] },
  };
  const found = declare([...items, spare]).policies.find(({ name }) => name === 'spare');
  expect(found?.trouble).toBeUndefined();
  expect(found?.rules?.map(({ status }) => status)).toEqual(['Filtered']);
});

test('before there were Rules, a binding names rules that are part of the agent', () => {
  const declared = declare(items.filter(({ kind }) => kind !== 'Rules'));
  expect(declared.policies.map(({ name, rules }) => [name, rules?.map((rule) => rule.name)])).toEqual([
    [
      'all-rules-all-pods',
      ['Unexpected process launched', 'R0006', 'Fileless execution detected', 'Malicious SSH Connection'],
    ],
    ['payments-extra', ['escape+miners']],
  ]);
});

test('with nothing at all it is said that nothing is detected, where Kubescape is installed', () => {
  expect(declare([]).notes).toEqual([]);
  expect(declare([], daemonSet('node-agent:v0.2.400')).notes).toEqual([
    'No Rules and no RuntimeRuleAlertBinding are there: Kubescape then detects nothing at runtime.',
  ]);
});

describe('a reading', () => {
  test('proves no version and no rules', () => {
    expect(readAll(kubescape, [old]).reading).toEqual({ at: aTime, issues: [] });
  });

  test.each([
    [
      'the old names',
      old,
      old.replace('failure_counter 4', 'failure_counter 14').replace('exec_counter 120', 'exec_counter 210'),
      [{ lost: 10, total: 100, where: 'events that could not be read' }],
    ],
    [
      'the new names',
      renamed,
      renamed
        .replace('worker_channel_full"} 5', 'worker_channel_full"} 25')
        .replace('event_type="open",otel_scope_name="node-agent"} 880', 'event_type="open"} 960'),
      [{ lost: 20, total: 100, where: 'queue of events' }],
    ],
    ['nothing lost', renamed, renamed, []],
  ])('counts losses by %s', (_, first, second, drops) => {
    expect(readAll(kubescape, [first, second]).reading.drops).toEqual(drops);
  });

  test.each([
    ['old', old.replace('rule_id="R0001"} 0', 'rule_id="R0001"} 1')],
    ['new', renamed.replace('rule_id="R0001"} 0', 'rule_id="R0001"} 1')],
  ])('tells the rules that were refused, by its %s name', (_, body) => {
    expect(readAll(kubescape, [body]).reading.issues).toMatchObject([
      { reason: 'RuleLoadFailed', cause: expect.stringMatching(/: R0001$/) },
    ]);
  });

  test.each([
    ['it is off', { failed: 'connection refused' }, 'prometheusExporter: enable'],
    ['somebody else answers', { status: 200, body: 'up 1\n' }, 'telemetry.port'],
  ])('does not come where %s, and it is said what to do', (_, answer, words) => {
    const result = kubescape.read({
      answers: new Map([['metrics', answer]]),
      at: aTime,
      memory: undefined,
      custom: undefined,
    });
    expect('failed' in result && result.failed).toContain(words);
  });
});
