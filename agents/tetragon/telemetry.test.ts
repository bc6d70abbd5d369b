import fc from 'fast-check';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { combineRuleset } from '../../domain/telemetry/combine.ts';
import { describeContract } from '../contract.case.ts';
import { aTime, declareInput, fixture, metricsAnswer, readAll } from '../testing/read.ts';
import { tetragon } from './adapter.ts';

const healthy = fixture('tetragon', 'metrics-1.7.0.txt');
const objects = load(fixture('tetragon', 'objects-1.7.0.yaml')) as readonly { readonly kind: string }[];

describeContract(tetragon, {
  healthy: { 'Tetragon 1.7.0': metricsAnswer(healthy) },
  objects: new Map([
    ['tracingpolicies', objects.filter(({ kind }) => kind === 'TracingPolicy')],
    ['tracingpoliciesnamespaced', objects.filter(({ kind }) => kind === 'TracingPolicyNamespaced')],
  ]),
});

interface Policies {
  readonly enabled?: number;
  readonly disabled?: number;
  readonly error?: number;
  readonly load_error?: number;
  readonly skipped?: number;
  readonly partially_enabled?: number;
  /** Kernel memory by `namespace/name` or name. */
  readonly memory?: Readonly<Record<string, number>>;
}

const metrics = ({ memory = {}, ...counts }: Policies): string =>
  [
    ...Object.entries(memory).map(([name, bytes]) => {
      const [policy, namespace = ''] = name.split('/').toReversed();
      return `tetragon_tracingpolicy_kernel_memory_bytes{policy="${policy}",policy_namespace="${namespace}"} ${bytes}`;
    }),
    ...Object.entries(counts).map(([state, count]) => `tetragon_tracingpolicy_loaded{state="${state}"} ${count}`),
  ].join('\n');

const read = (policies: Policies) => readAll(tetragon, [metrics(policies)]).reading;
const statuses = ({ policies }: ReturnType<typeof read>) =>
  policies && Object.fromEntries(policies.map(({ name, status }) => [name, status]));

describe('what is loaded', () => {
  test('a healthy agent tells its version and all its policies by name', () => {
    const { reading } = readAll(tetragon, [healthy]);
    expect(reading).toMatchObject({ at: aTime, version: 'v1.7.0', policiesAre: 'Complete', issues: [] });
    expect(statuses(reading)).toEqual({
      'file-monitoring': 'Loaded',
      'payments/shells': 'Loaded',
      'tcp-connect': 'Loaded',
    });
    expect(reading.drops).toBeUndefined();
  });

  test.each<[string, Policies, Record<string, string> | undefined, 'Complete' | 'Partial' | undefined]>([
    ['none at all', { enabled: 0 }, {}, 'Complete'],
    [
      'one that failed and so holds no memory',
      { enabled: 1, error: 1, memory: { a: 9, b: 0 } },
      { a: 'Loaded', b: 'Failed' },
      'Complete',
    ],
    [
      'both states of failure',
      { enabled: 0, error: 1, load_error: 1, memory: { a: 0, b: 0 } },
      { a: 'Failed', b: 'Failed' },
      'Complete',
    ],
    [
      'one that is disabled',
      { enabled: 1, disabled: 1, memory: { a: 0, b: 7 } },
      { a: 'Disabled', b: 'Loaded' },
      'Complete',
    ],
    [
      'one that is for other nodes',
      { enabled: 1, skipped: 1, memory: { a: 7, b: 0 } },
      { a: 'Loaded', b: 'Filtered' },
      'Complete',
    ],
    [
      'one disabled, one failed: which is which is not told',
      { enabled: 1, disabled: 1, error: 1, memory: { a: 7, b: 0, c: 0 } },
      { a: 'Loaded' },
      'Complete',
    ],
    [
      'more without memory than are not enabled',
      { enabled: 2, error: 1, memory: { a: 7, b: 0, c: 0 } },
      { a: 'Loaded' },
      'Partial',
    ],
    ['fewer without memory than are not enabled', { enabled: 1, error: 1, memory: { a: 7, b: 7 } }, {}, 'Partial'],
    [
      'enabled ones without memory, nothing else',
      { enabled: 2, error: 0, memory: { a: 0, b: 7 } },
      { a: 'Loaded', b: 'Loaded' },
      'Complete',
    ],
    ['names of the enabled ones alone', { enabled: 1, error: 1, memory: { a: 7 } }, { a: 'Loaded' }, 'Complete'],
    ['before 1.3, without names', { enabled: 3 }, {}, 'Partial'],
    ['fewer names than policies', { enabled: 2, memory: { a: 7 } }, { a: 'Loaded' }, 'Partial'],
    ['more names than policies', { enabled: 1, memory: { a: 7, b: 7 } }, {}, 'Partial'],
    [
      'only some hooks of each',
      { partially_enabled: 2, memory: { a: 7, b: 7 } },
      { a: 'PartiallyLoaded', b: 'PartiallyLoaded' },
      'Complete',
    ],
    [
      'only some hooks of one',
      { enabled: 1, partially_enabled: 1, memory: { a: 7, b: 7 } },
      { a: 'PartiallyLoaded', b: 'PartiallyLoaded' },
      'Complete',
    ],
    ['names without a count', { memory: { a: 7 } }, undefined, undefined],
  ])('%s', (_, given, expected, policiesAre) => {
    const reading = read(given);
    expect(statuses(reading)).toEqual(expected);
    expect(reading.policiesAre).toBe(policiesAre);
  });

  test('an agent that only counts its policies is one that could be newer', () => {
    expect(readAll(tetragon, [metrics({ enabled: 3 })]).hint).toContain('1.3');
    expect(readAll(tetragon, [metrics({ enabled: 0 })]).hint).toBeUndefined();
    expect(readAll(tetragon, [healthy]).hint).toBeUndefined();
  });

  test('meets what is declared by its name', () => {
    const { policies: declared } = tetragon.declare({
      ...declareInput({
        tracingpolicies: objects.filter(({ kind }) => kind === 'TracingPolicy'),
        tracingpoliciesnamespaced: objects.filter(({ kind }) => kind === 'TracingPolicyNamespaced'),
      }),
    });
    const { policies = [] } = readAll(tetragon, [healthy]).reading;
    const ruleset = combineRuleset({
      agent: 'the-agent',
      loaded: { policies, are: 'Complete' },
      declared,
      contents: new Map(),
    });
    expect(Object.fromEntries((ruleset?.policies ?? []).map(({ name, status }) => [name, status]))).toEqual({
      'every-hook': 'Missing',
      'file-monitoring': 'Loaded',
      'payments/shells': 'Loaded',
      'tcp-connect': 'Loaded',
    });
    expect(ruleset?.counts.techniques.get('T1552.001')).toBe(2);
  });

  test('more than can be kept are never said to be all', () => {
    const memory = Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`policy-${index}`, 1]));
    const reading = read({ enabled: 2000, memory });
    expect(reading.policies?.length).toBe(500);
    expect(reading.policiesAre).toBe('Partial');
  });

  test('never is more claimed than is enabled, and never a policy without a name', () => {
    const count = fc.nat(3);
    const memory = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}(\/[a-z]{1,3})?$/), fc.constantFrom(0, 1), {
      maxKeys: 6,
    });
    fc.assert(
      fc.property(count, count, count, count, memory, (enabled, disabled, error, skipped, bytes) => {
        const reading = read({ enabled, disabled, error, skipped, memory: bytes });
        const loaded = (reading.policies ?? []).filter(({ status }) => status === 'Loaded');
        expect(loaded.length).toBeLessThanOrEqual(enabled);
        for (const { name } of loaded) expect(Object.keys(bytes)).toContain(name);
        if (reading.policiesAre === 'Complete') expect(loaded).toHaveLength(enabled);
      }),
    );
  });
});

describe('policies that failed', () => {
  test.each<[string, Policies, string]>([
    [
      'are named where that can be told',
      { enabled: 1, load_error: 1, memory: { a: 9, 'ns/b': 0 } },
      '1 TracingPolicy: ns/b',
    ],
    [
      'are named among others where it is one of them',
      { enabled: 1, error: 1, disabled: 1, memory: { a: 9, b: 0, c: 0 } },
      '1 TracingPolicy, among b, c',
    ],
    ['are counted where it cannot', { enabled: 1, error: 2 }, '2 TracingPolicies; its metrics do not say which'],
  ])('%s', (_, given, words) => {
    expect(read(given).issues).toEqual([
      {
        reason: 'PolicyLoadFailed',
        cause: `Tetragon could not load ${words}`,
        remedy: expect.stringContaining('tetra tracingpolicy list'),
      },
    ]);
  });

  test("in part are the agent's trouble, since which ones is not told", () => {
    expect(read({ enabled: 4, partially_enabled: 1 }).issues).toMatchObject([
      { reason: 'AgentHealth', cause: expect.stringContaining('only some of the hooks of 1 TracingPolicy') },
    ]);
  });
});

/** The healthy answer with the values of these series changed. */
const changed = (changes: Readonly<Record<string, number>>): string =>
  healthy
    .split('\n')
    .map((line) => {
      const series = line.slice(0, line.lastIndexOf(' '));
      return series in changes ? `${series} ${changes[series]}` : line;
    })
    .join('\n');

describe('between two readings', () => {
  test('nothing lost is told as nothing lost', () => {
    expect(readAll(tetragon, [healthy, healthy]).reading.drops).toEqual([]);
  });

  test.each<[string, Readonly<Record<string, number>>, readonly unknown[]]>([
    [
      'events lost in the ring buffer, of all that came',
      { tetragon_observer_ringbuf_events_lost_total: 30, tetragon_observer_ringbuf_events_received_total: 91924 },
      [{ lost: 10, total: 100, where: 'kernel ring buffer' }],
    ],
    [
      'events that the kernel could not send, of whatever error',
      { 'tetragon_bpf_missed_events_total{error="ENOSPC",msg_op="5"}': 5 },
      [{ lost: 2, total: 2, where: 'kernel ring buffer' }],
    ],
    [
      'one loss that both ends of the ring buffer count',
      {
        'tetragon_bpf_missed_events_total{error="ENOSPC",msg_op="5"}': 5,
        tetragon_observer_ringbuf_events_lost_total: 24,
      },
      [{ lost: 4, total: 4, where: 'kernel ring buffer' }],
    ],
    [
      'events that the rate limit of the export held back',
      { tetragon_export_ratelimit_events_dropped_total: 40, tetragon_events_exported_total: 48270 },
      [{ lost: 40, total: 100, where: 'rate limit of the export' }],
    ],
    ['listeners', { tetragon_notify_overflowed_events_total: 4 }, [{ lost: 4, where: 'listeners that were too slow' }]],
    [
      'a queue that overflows',
      { tetragon_observer_ringbuf_queue_events_lost_total: 1 },
      [{ lost: 1, total: 1, where: 'event queue' }],
    ],
    [
      'an agent that began anew with fewer',
      { tetragon_observer_ringbuf_events_lost_total: 2 },
      [{ lost: 2, total: 2, where: 'kernel ring buffer' }],
    ],
  ])('%s', (_, changes, drops) => {
    expect(readAll(tetragon, [healthy, changed(changes)]).reading.drops).toEqual(drops);
  });

  test('only what came since the last one counts', () => {
    const more = changed({ tetragon_notify_overflowed_events_total: 4 });
    expect(readAll(tetragon, [healthy, more, more]).reading.drops).toEqual([]);
  });

  test.each<[string, Readonly<Record<string, number>>, string | undefined]>([
    ['errors of the ring buffer', { tetragon_observer_ringbuf_errors_total: 1 }, 'ring buffer'],
    [
      'errors of handlers',
      { 'tetragon_handler_errors_total{error_type="event_handler_failed",opcode="5"}': 2 },
      'handle',
    ],
    [
      'errors of the policy filter',
      { 'tetragon_policyfilter_operations_total{error="generic-error",operation="add",subsys="rthooks"}': 1 },
      'policies with a selector may miss some',
    ],
    [
      'operations of the policy filter that went well',
      { 'tetragon_policyfilter_operations_total{error="",operation="add",subsys="pod-handlers"}': 99 },
      undefined,
    ],
    [
      'many events without a pod',
      {
        'tetragon_event_cache_fetch_failures_total{entry_type="pod_info",event_type="PROCESS_EXEC"}': 22,
        tetragon_events_exported_total: 48310,
      },
      'of which pod',
    ],
    [
      'a few events without a pod',
      {
        'tetragon_event_cache_fetch_failures_total{entry_type="pod_info",event_type="PROCESS_EXEC"}': 13,
        tetragon_events_exported_total: 48310,
      },
      undefined,
    ],
    [
      'many events without a process',
      { tetragon_events_missing_process_info_total: 107, tetragon_events_exported_total: 48310 },
      'process-cache-size',
    ],
  ])('%s', (_, changes, words) => {
    const { issues } = readAll(tetragon, [healthy, changed(changes)]).reading;
    expect(issues.map(({ reason }) => reason)).toEqual(words === undefined ? [] : ['AgentHealth']);
    if (words !== undefined) expect(JSON.stringify(issues)).toContain(words);
  });
});

describe('no reading comes', () => {
  test.each([
    ['of no answer', { failed: 'connection refused' }, 'connection refused'],
    ['of an error', { status: 503, body: 'no' }, 'HTTP status 503'],
    ["of somebody else's metrics", { status: 200, body: 'go_goroutines 7\n' }, "none of Tetragon's metrics"],
    ['of a page', { status: 200, body: '<html></html>' }, "none of Tetragon's metrics"],
  ])('%s', (_, answer, words) => {
    const result = tetragon.read({
      answers: new Map([['metrics', answer]]),
      at: aTime,
      memory: undefined,
      custom: undefined,
    });
    expect('failed' in result && result.failed).toContain(words);
  });

  test('of a question that was not asked', () => {
    const result = tetragon.read({ answers: new Map(), at: aTime, memory: undefined, custom: undefined });
    expect(result).toEqual({ failed: 'it was not asked for its metrics' });
  });
});
