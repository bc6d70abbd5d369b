import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeContract } from '../contract.case.ts';
import { aTime, declareInput, fixture, metricsAnswer, readAll } from '../testing/read.ts';
import { custom } from './adapter.ts';

const body = fixture('custom', 'metrics-houseguard-2.3.1.txt');

const settings = {
  version: { metric: 'houseguard_build_info' },
  policies: {
    metric: 'houseguard_policy_info',
    versionLabel: 'revision',
    statusLabel: 'state',
    sourceLabel: 'origin',
  },
  rules: { metric: 'houseguard_rule_info', policyLabel: 'policy' },
  drops: { metric: 'houseguard_events_lost_total', totalMetric: 'houseguard_events_total' },
};

describeContract(custom, { healthy: { 'Houseguard 2.3.1': metricsAnswer(body) }, custom: settings });

/** What is read of these lines with these settings. */
const read = (lines: string, given: unknown) => readAll(custom, [lines], given);

test('an agent of which all is said tells all', () => {
  const { reading, hint } = read(body, settings);
  expect(hint).toBeUndefined();
  expect(reading).toEqual({
    at: aTime,
    version: '2.3.1',
    policies: [
      {
        name: 'containers',
        version: '12',
        source: 'CustomResource',
        status: 'Loaded',
        rules: [
          { name: 'crypto miner', status: 'Disabled', tactics: [], techniques: [] },
          { name: 'shell in container', status: 'Loaded', tactics: ['TA0002'], techniques: ['T1059.004'] },
        ],
      },
      { name: 'hosts', version: '3', source: 'File', status: 'Failed' },
      { name: 'lab', version: '1', status: 'Disabled' },
      {
        name: 'modules',
        status: 'Loaded',
        rules: [{ name: 'kernel module', status: 'Loaded', tactics: [], techniques: ['T1547.006'] }],
      },
    ],
    policiesAre: 'Complete',
    issues: [],
  });
});

test('one of which nothing is said is alive, and no more', () => {
  for (const given of [undefined, {}, null, 'version', { version: {} }])
    expect(read(body, given)).toEqual({ reading: { at: aTime, issues: [] }, memory: {} });
});

describe('a policy', () => {
  const statusOf = (lines: string, given: Readonly<Record<string, unknown>> = {}) =>
    read(lines, { policies: { metric: 'p', ...given } }).reading.policies?.map(({ status }) => status);

  test.each([
    ['above zero', 'p{policy="a"} 1', ['Loaded']],
    ['without a value', 'p{policy="a"}', ['Loaded']],
    ['of zero', 'p{policy="a"} 0', ['Disabled']],
    ['below zero', 'p{policy="a"} -1', ['Disabled']],
  ])('whose series is %s', (_, lines, statuses) => {
    expect(statusOf(lines)).toEqual(statuses);
  });

  test.each([
    ['Loaded', 'Loaded'],
    ['ENABLED', 'Loaded'],
    ['true', 'Loaded'],
    ['partially-loaded', 'PartiallyLoaded'],
    ['skipped', 'Filtered'],
    ['not_loaded', 'Disabled'],
    ['LoadError', 'Failed'],
    ['load_error', 'Failed'],
    ['purple', 'PartiallyLoaded'],
  ])('whose status is called %s is %s', (word, status) => {
    expect(statusOf(`p{policy="a",s="${word}"} 1`, { statusLabel: 's' })).toEqual([status]);
  });

  test('whose status nobody knows says which it is', () => {
    const { policies } = read('p{policy="a",s="purple"} 1', { policies: { metric: 'p', statusLabel: 's' } }).reading;
    expect(policies?.[0]?.message).toBe('its status is "purple", which is not known here');
  });

  test('with a series for each state is in the one that holds', () => {
    const lines = 'p{policy="a",s="loaded"} 0\np{policy="a",s="failed"} 1\np{policy="b",s="loaded"} 0';
    expect(statusOf(lines, { statusLabel: 's' })).toEqual(['Failed', 'Disabled']);
  });

  test.each([
    ['ConfigMap', 'ConfigMap'],
    ['oci', 'OCI'],
    ['remote-config', 'RemoteConfiguration'],
    ['built-in', 'BuiltIn'],
    ['moon', undefined],
  ])('from %s', (word, source) => {
    const { policies } = read(`p{policy="a",from="${word}"} 1`, {
      policies: { metric: 'p', sourceLabel: 'from' },
    }).reading;
    expect(policies?.[0]?.source).toBe(source);
  });

  test('may be named by a label that JavaScript knows, too', () => {
    const given = { policies: { metric: 'p', nameLabel: 'constructor', statusLabel: 'toString' } };
    expect(read('p{constructor="a"} 1', given).reading.policies).toEqual([{ name: 'a', status: 'Loaded' }]);
    expect(read('p{x="a"} 1', given).reading.policies).toEqual([]);
  });
});

test('a line that cannot be read may have been a policy', () => {
  const { reading, hint } = read('p{policy="a"} 1\np{policy=b 1', { policies: { metric: 'p' } });
  expect(reading).toMatchObject({ policies: [{ name: 'a' }], policiesAre: 'Partial' });
  expect(hint).toBe('Lines of its metrics that cannot be read: 1');
});

describe('rules', () => {
  const rulesOf = (lines: string, given: unknown) =>
    Object.fromEntries(
      (read(lines, given).reading.policies ?? []).map(({ name, rules }) => [name, rules?.map((rule) => rule.name)]),
    );

  test('without a policy belong to the only one', () => {
    expect(rulesOf('p{policy="a"} 1\nr{rule="x"} 1', { policies: { metric: 'p' }, rules: { metric: 'r' } })).toEqual({
      a: ['x'],
    });
  });

  test('without a policy among several belong to one of their own', () => {
    const lines = 'p{policy="a"} 1\np{policy="b"} 1\nr{rule="x"} 1';
    expect(rulesOf(lines, { policies: { metric: 'p' }, rules: { metric: 'r' } })).toEqual({
      a: undefined,
      b: undefined,
      'all rules': ['x'],
    });
  });

  test('alone prove no more than themselves', () => {
    expect(read('r{rule="x"} 1', { rules: { metric: 'r' } }).reading).toMatchObject({
      policies: [{ name: 'all rules', status: 'Loaded', rules: [{ name: 'x', status: 'Loaded' }] }],
      policiesAre: 'Partial',
    });
  });

  test('beyond what can be kept are left out, and that is said', () => {
    const lines = Array.from({ length: 900 }, (_, index) => `r{rule="rule ${index}",policy="a"} 1`);
    const given = { policies: { metric: 'p' }, rules: { metric: 'r', policyLabel: 'policy' } };
    const { reading } = read(['p{policy="a"} 1', ...lines].join('\n'), given);
    expect(reading.policiesAre).toBe('Partial');
    expect(reading.policies?.[0]?.rules?.length).toBeLessThanOrEqual(500);
    expect(reading.policies?.[0]?.rules?.length).toBeGreaterThan(300);
  });
});

test('hostile numbers of long names stay small', () => {
  const name = fc.string({ minLength: 100, maxLength: 600, unit: fc.constantFrom('a', 'b', 'T1059') });
  fc.assert(
    fc.property(fc.array(name, { minLength: 200, maxLength: 400 }), (names) => {
      const lines = names.flatMap((each, index) => [
        `p{policy="${index}${each}",s="${each}"} 1`,
        `r{rule="${index}${each}",policy="${index}${each}",tags="${each}"} 1`,
      ]);
      const given = {
        policies: { metric: 'p', statusLabel: 's', versionLabel: 's' },
        rules: { metric: 'r', policyLabel: 'policy' },
      };
      const { reading } = read(lines.join('\n'), given);
      expect(JSON.stringify(reading).length).toBeLessThan(128 * 1024);
      expect(reading.policiesAre).toBe('Partial');
    }),
    { numRuns: 10 },
  );
});

describe('losses', () => {
  test('are those between two readings, of all cpus together', () => {
    const later = body.replace('{cpu="1"} 4', '{cpu="1"} 14').replace('events_total 1000', 'events_total 1100');
    expect(readAll(custom, [body, later], settings).reading.drops).toEqual([
      { lost: 10, total: 100, where: 'houseguard_events_lost_total' },
    ]);
    expect(readAll(custom, [body, body], settings).reading.drops).toEqual([]);
    expect(readAll(custom, [body], settings).reading.drops).toBeUndefined();
  });

  test('are never more than all', () => {
    const later = body.replace('{cpu="1"} 4', '{cpu="1"} 14');
    expect(readAll(custom, [body, later], settings).reading.drops).toEqual([
      { lost: 10, total: 10, where: 'houseguard_events_lost_total' },
    ]);
  });
});

describe('a hint', () => {
  test.each([
    [
      'names metrics that are not there',
      { version: { metric: 'v' }, drops: { metric: 'lost', totalMetric: 'all' } },
      'Check spec.custom: it does not serve v (spec.custom.version.metric), lost (spec.custom.drops.metric), all (spec.custom.drops.totalMetric)',
    ],
    [
      'names labels that are not there',
      { policies: { metric: 'houseguard_policy_info', nameLabel: 'name' } },
      'Check spec.custom: houseguard_policy_info has no label name (spec.custom.policies.nameLabel)',
    ],
  ])('%s', (_, given, hint) => {
    expect(read(body, given).hint).toBe(hint);
  });
});

describe('no reading comes', () => {
  test.each([
    ['of no answer', { failed: 'refused' }, 'refused'],
    ['of a page', { status: 200, body: '<html><body>It works!</body></html>' }, 'no Prometheus metric'],
    ['of an error', { status: 404, body: '' }, '404'],
  ])('%s', (_, answer, words) => {
    const result = custom.read({
      answers: new Map([['metrics', answer]]),
      at: aTime,
      memory: undefined,
      custom: settings,
    });
    expect('failed' in result && result.failed).toContain(words);
  });
});

test('no object declares its policies', () => {
  expect(custom.declaringKinds).toEqual([]);
  expect(custom.declare(declareInput({}))).toEqual({ policies: [], contents: [], exclusions: [], notes: [] });
});
