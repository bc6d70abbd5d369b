import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reading } from '../../domain/telemetry/types.ts';
import type { PushState } from '../push.ts';
import { datadogPush } from './push.ts';

const start = Date.UTC(2026, 3, 1);
const now = start + 10 * 3_600_000;
const minutes = 60_000;

const event = (ruleId: string, after: number, body: Readonly<Record<string, unknown>> = {}, version = '7.81.1') => ({
  agent: { rule_id: ruleId, version, os: 'linux', arch: 'amd64', origin: 'ebpf', policy_name: '' },
  title: 'an event of the agent',
  date: new Date(start + after).toISOString(),
  service: 'runtime-security-agent',
  ...body,
});

const aPolicy = (name: string, version: string, more: Readonly<Record<string, unknown>> = {}) => ({
  name,
  version,
  source: 'remote-config',
  status: 'loaded',
  ...more,
});
const aRule = (id: string, more: Readonly<Record<string, unknown>> = {}) => ({ id, status: 'loaded', ...more });
const loaded = (after: number, ...policies: readonly unknown[]) => event('ruleset_loaded', after, { policies });
const beat = (after: number, policy: unknown) => event('heartbeat', after, { policy });

const readingOf = (...events: readonly unknown[]): Reading => {
  let state: PushState | undefined;
  for (const each of events) {
    // As the operator keeps it: as plain data.
    const kept = state && (JSON.parse(JSON.stringify(state)) as PushState);
    state = datadogPush.absorb(kept, each, now) ?? state;
  }
  if (state === undefined) throw new Error('no event said anything');
  return datadogPush.readingOf(state);
};

describe('a ruleset that is loaded', () => {
  it('tells version, policies and rules with their ATT&CK ids, and that this is all', () => {
    const rule = aRule('compiler_in_container_v2', {
      product_tags: [
        'tactic:TA0005-defense-evasion',
        'technique:T1027-obfuscated-files-or-information',
        'policy:best-practice',
      ],
    });
    expect(readingOf(loaded(0, aPolicy('default.policy', '1.69.3', { rules: [rule] })))).toEqual({
      at: start,
      version: '7.81.1',
      policies: [
        {
          name: 'default.policy',
          version: '1.69.3',
          source: 'RemoteConfiguration',
          type: 'BestPractice',
          status: 'Loaded',
          rules: [
            {
              name: 'compiler_in_container_v2',
              status: 'Loaded',
              tactics: ['TA0005'],
              techniques: ['T1027'],
              type: 'BestPractice',
            },
          ],
        },
      ],
      policiesAre: 'Complete',
      drops: [],
      issues: [],
    });
  });

  it.each([
    ['loaded', 'Loaded', undefined],
    ['partially_filtered', 'Loaded', 'some of its rules are filtered'],
    ['partially_loaded', 'PartiallyLoaded', 'some of its rules were not loaded'],
    ['fully_rejected', 'Failed', 'all of its rules were rejected'],
    ['fully_filtered', 'Filtered', 'all of its rules are filtered'],
    ['error', 'Failed', 'the policy could not be loaded'],
    ['one_of_tomorrow', 'PartiallyLoaded', 'the agent says "one_of_tomorrow" of it'],
  ])('has a policy with status %s as %s', (status, expected, message) => {
    const [policy] = readingOf(loaded(0, aPolicy('p', '1', { status }))).policies ?? [];
    expect([policy?.status, policy?.message]).toEqual([expected, message]);
  });

  it.each([
    [{ status: 'loaded' }, 'Loaded', undefined],
    [{ status: 'filtered', filter_type: 'rule_id' }, 'Filtered', 'filtered by its id'],
    [
      { status: 'filtered', filter_type: 'agent_version' },
      'Filtered',
      'filtered: it is for another version of the agent',
    ],
    [{ status: 'filtered', filter_type: 'rule_filter' }, 'Filtered', 'filtered by its own filters'],
    [{ status: 'filtered' }, 'Filtered', 'filtered'],
    [{ status: 'agent_version_error' }, 'Filtered', 'it is for another version of the agent'],
    [{ status: 'agent_filter_error' }, 'Filtered', "a filter of the rule's leaves this agent out"],
    [{ status: 'event_type_disabled' }, 'Filtered', 'the kind of event that it watches is switched off'],
    [{ status: 'syntax_error' }, 'Failed', 'its expression cannot be parsed'],
    [{ status: 'error', message: 'unknown field exec.x' }, 'Failed', 'unknown field exec.x'],
    [{ status: 'one_of_tomorrow' }, 'Failed', 'the agent says "one_of_tomorrow" of it'],
  ])('has a rule with %j as %s', (status, expected, message) => {
    const [policy] = readingOf(loaded(0, aPolicy('p', '1', { rules: [{ id: 'r', ...status }] }))).policies ?? [];
    const [rule] = policy?.rules ?? [];
    expect([rule?.status, rule?.message]).toEqual([expected, message]);
  });

  it('takes the words of the agent for a policy that failed', () => {
    const policy = aPolicy('p', '1', { status: 'error', message: 'yaml: line 3' });
    expect(readingOf(loaded(0, policy)).policies?.[0]?.message).toBe('yaml: line 3');
  });

  it('replaces the one before it, whole', () => {
    const reading = readingOf(loaded(0, aPolicy('a', '1'), aPolicy('b', '1')), loaded(1000, aPolicy('b', '2')));
    expect(reading.policies?.map(({ name, version }) => [name, version])).toEqual([['b', '2']]);
    expect(reading.policiesAre).toBe('Complete');
  });

  it('is not replaced by an older one that comes later', () => {
    const reading = readingOf(loaded(1000, aPolicy('b', '2')), loaded(0, aPolicy('a', '1')));
    expect(reading.policies?.map(({ name }) => name)).toEqual(['b']);
  });

  it('stays within what a reading may take, with 500 rules and more', () => {
    const rules = Array.from({ length: 2000 }, (_, index) =>
      aRule(`rule_${index}`, { status: 'error', message: 'x'.repeat(5000), product_tags: ['technique:T1059-x'] }),
    );
    const reading = readingOf(loaded(0, aPolicy('a', '1', { rules }), aPolicy('b', '1', { rules })));
    expect(JSON.stringify(reading).length).toBeLessThan(128 * 1024);
    expect(reading.policies?.map(({ name }) => name)).toEqual(['a', 'b']);
  });
});

describe('a heartbeat', () => {
  it('makes what is known fresh, and takes no rule away', () => {
    const rules = [aRule('r')];
    const reading = readingOf(loaded(0, aPolicy('a', '1', { rules })), beat(10 * minutes, aPolicy('a', '1')));
    expect(reading.at).toBe(start + 10 * minutes);
    expect(reading.policies?.[0]?.rules).toHaveLength(1);
    expect(reading.policiesAre).toBe('Complete');
  });

  it('of a version that no ruleset has told makes what is known partial, until that ruleset comes', () => {
    const rules = [aRule('r')];
    const before = [loaded(0, aPolicy('a', '1', { rules })), beat(10 * minutes, aPolicy('a', '2'))];
    const lost = readingOf(...before);
    expect(lost.policies).toEqual([{ name: 'a', version: '2', source: 'RemoteConfiguration', status: 'Loaded' }]);
    expect(lost.policiesAre).toBe('Partial');
    const found = readingOf(...before, loaded(9 * minutes, aPolicy('a', '2', { rules })));
    expect(found.policiesAre).toBe('Complete');
    expect(found.policies?.[0]?.rules).toHaveLength(1);
  });

  it('of a policy that no ruleset has told makes what is known partial', () => {
    const reading = readingOf(loaded(0, aPolicy('a', '1')), beat(minutes, aPolicy('b', '1')));
    expect(reading.policies?.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(reading.policiesAre).toBe('Partial');
  });

  it('is enough to know that policies are loaded where the ruleset itself was lost', () => {
    const reading = readingOf(beat(0, aPolicy('a', '1')), beat(0, aPolicy('b', '3')));
    expect(reading.policies?.map(({ name, version, rules }) => [name, version, rules])).toEqual([
      ['a', '1', undefined],
      ['b', '3', undefined],
    ]);
    expect(reading.policiesAre).toBe('Partial');
  });

  it('that comes no more of a policy while those of others do makes what is known partial: a ruleset was lost', () => {
    const beats = [0, 10, 20, 30].map((after) => beat(after * minutes, aPolicy('a', '1')));
    const reading = readingOf(loaded(0, aPolicy('a', '1'), aPolicy('b', '1')), beat(1, aPolicy('b', '1')), ...beats);
    expect(reading.policiesAre).toBe('Partial');
  });

  it('from before the ruleset says nothing against it', () => {
    const reading = readingOf(beat(0, aPolicy('gone', '1')), loaded(1000, aPolicy('a', '1')));
    expect(reading.policies?.map(({ name }) => name)).toEqual(['a']);
    expect(reading.policiesAre).toBe('Complete');
  });

  it('with another status than the ruleset of its version had is the newer word', () => {
    const reading = readingOf(
      loaded(0, aPolicy('a', '1', { status: 'error', message: 'at first', rules: [aRule('r')] })),
      beat(minutes, aPolicy('a', '1')),
    );
    expect(reading.policies?.[0]).toEqual({
      name: 'a',
      version: '1',
      source: 'RemoteConfiguration',
      status: 'Loaded',
      rules: [{ name: 'r', status: 'Loaded', tactics: [], techniques: [] }],
    });
  });
});

describe('a reading that is all that is left of what was known', () => {
  const known = readingOf(loaded(0, aPolicy('a', '1', { rules: [aRule('r')] })));
  const after = (...events: readonly unknown[]): Reading | undefined => {
    let state = datadogPush.seed?.({ ...known, at: start + minutes });
    for (const each of events) state = datadogPush.absorb(state, each, now) ?? state;
    return state && datadogPush.readingOf(state);
  };

  it('is gone on from: heartbeats of its versions confirm it', () => {
    expect(after()).toEqual({ ...known, at: start + minutes });
    expect(after(beat(10 * minutes, aPolicy('a', '1')))).toMatchObject({
      policies: known.policies,
      policiesAre: 'Complete',
    });
    expect(after(beat(10 * minutes, aPolicy('a', '2')))?.policiesAre).toBe('Partial');
  });

  it('gives way to every ruleset, even one that was under way while nobody led', () => {
    expect(after(loaded(1000, aPolicy('b', '1')))?.policies?.map(({ name }) => name)).toEqual(['b']);
  });
});

describe('what the agent tells of its health', () => {
  it('is a failed self-test until one succeeds', () => {
    const failed = event('self_test', 0, { succeeded_tests: ['open'], failed_tests: ['rename', 'chmod'] });
    expect(readingOf(failed).issues).toMatchObject([
      { reason: 'SelfTestFailed', cause: "Workload Protection's self-tests failed: chmod, rename" },
    ]);
    expect(
      readingOf(failed, event('self_test', 15_000, { succeeded_tests: ['open', 'rename', 'chmod'] })).issues,
    ).toEqual([]);
  });

  it.each(['abnormal_path', 'no_process_context', 'broken_process_lineage', 'noisy_process'])(
    'is %s for a quarter of an hour',
    (ruleId) => {
      const trouble = event(ruleId, 0, { error: 'x' });
      expect(readingOf(trouble).issues).toMatchObject([
        { reason: 'AgentHealth', cause: expect.stringContaining(ruleId) },
      ]);
      expect(readingOf(trouble, beat(10 * minutes, aPolicy('a', '1'))).issues).toHaveLength(1);
      expect(readingOf(trouble, beat(20 * minutes, aPolicy('a', '1'))).issues).toEqual([]);
    },
  );

  it('are events lost in reading and in writing, each loss once', () => {
    const read = event('lost_events', 0, { map: 'events', lost: 40 });
    const write = event('lost_events', 1000, { map: 'events', per_event: { open: 3, exec: 4 } });
    expect(readingOf(read, write, read, write).drops).toEqual([
      { where: 'read events', lost: 40 },
      { where: 'write events', lost: 7 },
    ]);
    expect(readingOf(read, beat(20 * minutes, aPolicy('a', '1'))).drops).toEqual([]);
  });

  it('is over with a restart of its pod, and what it has loaded is not', () => {
    let state: PushState | undefined;
    for (const each of [
      loaded(0, aPolicy('a', '1')),
      event('abnormal_path', 1000, { error: 'x' }),
      event('self_test', 1000, { failed_tests: ['rename'] }),
      event('lost_events', 1000, { map: 'events', lost: 40 }),
    ])
      state = datadogPush.absorb(state, each, now) ?? state;
    if (state === undefined) throw new Error('no event said anything');
    expect(datadogPush.readingOf(state, start + 1000)).toEqual(datadogPush.readingOf(state));
    expect(datadogPush.readingOf(state).issues).toHaveLength(2);
    expect(datadogPush.readingOf(state, start + 2000)).toMatchObject({
      policies: [{ name: 'a' }],
      issues: [],
      drops: [],
    });
  });

  it('is no news where its clock is ahead', () => {
    expect(readingOf({ ...beat(0, aPolicy('a', '1')), date: new Date(now + 86_400_000).toISOString() }).at).toBe(now);
  });

  it('is of the time at which it came where it tells none', () => {
    expect(readingOf({ ...beat(0, aPolicy('a', '1')), date: undefined }).at).toBe(now);
  });
});

describe('events in any order, some more than once', () => {
  const policy = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    version: fc.constantFrom('1', '2'),
    status: fc.constantFrom('loaded', 'error', 'partially_loaded'),
  });
  const after = fc.nat(40).map((count) => count * minutes);
  const anEvent = fc.oneof(
    fc.tuple(after, fc.array(policy, { maxLength: 3 })).map(([when, policies]) => loaded(when, ...policies)),
    fc.tuple(after, policy).map(([when, told]) => beat(when, told)),
    fc
      .tuple(after, fc.subarray(['open', 'exec']))
      .map(([when, failed]) => event('self_test', when, { failed_tests: failed })),
    fc.tuple(after, fc.nat(9)).map(([when, lost]) => event('lost_events', when, { map: 'm', lost }, '7.80.0')),
    after.map((when) => event('abnormal_path', when)),
  );

  it('come to the same reading', () => {
    fc.assert(
      fc.property(
        fc
          .array(anEvent, { minLength: 1, maxLength: 15 })
          .chain((events) =>
            fc.tuple(
              fc.constant(events),
              fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 }),
            ),
          ),
        ([events, shuffled]) => {
          expect(readingOf(...shuffled)).toEqual(readingOf(...events));
        },
      ),
    );
  });
});

describe('an event', () => {
  const bare = beat(0, aPolicy('a', '1'));

  it.each<[string, unknown]>([
    ['as the agent writes it', bare],
    ['in the message of a log', { message: JSON.stringify(bare), hostname: 'n1', ddtags: 'env:prod', service: 'x' }],
    ['in the message as an object', { message: bare }],
    ['as the log search answers it', { id: 'A', attributes: { host: 'n1', tags: [], attributes: bare } }],
    ['as flattened attributes', { attributes: bare }],
  ])('is read %s', (_, wrapped) => {
    expect(datadogPush.speaksOfAgent(wrapped)).toBe(true);
    expect(readingOf(wrapped).policies?.[0]?.name).toBe('a');
  });

  it('of a behaviour, or of anything else, says nothing of the agent', () => {
    for (const other of [event('compiler_in_container_v2', 0), { message: 'text' }, {}, 7, null, 'x']) {
      expect(datadogPush.speaksOfAgent(other)).toBe(false);
      expect(datadogPush.absorb(undefined, other, now)).toBeUndefined();
    }
  });

  it('tells in its tags where it comes from', () => {
    const tags = 'host:i-0abc,kube_node:node-7,pod_name:datadog-x7k2p,kube_namespace:datadog';
    expect(datadogPush.originOf({ message: JSON.stringify(bare), hostname: 'node-7-blue', ddtags: tags })).toEqual({
      nodes: ['node-7'],
      hostnames: ['node-7-blue', 'i-0abc'],
      pod: { namespace: 'datadog', name: 'datadog-x7k2p' },
    });
    expect(datadogPush.originOf({ attributes: { host: 'n1', tags: ['kube_node:n2'] } })).toMatchObject({
      nodes: ['n2'],
      hostnames: ['n1'],
    });
  });

  it('never makes the adapter throw, whatever it is', () => {
    const field = fc.oneof(fc.jsonValue(), fc.constantFrom('ruleset_loaded', 'heartbeat', 'self_test', 'lost_events'));
    const anything = fc.record(
      {
        agent: fc.record({ rule_id: field, version: field }, { requiredKeys: [] }),
        date: field,
        policies: fc.oneof(field, fc.array(fc.record({ name: fc.string(), status: field, rules: fc.array(field) }))),
        policy: fc.oneof(field, fc.record({ name: fc.string(), version: field })),
        failed_tests: field,
        per_event: field,
        lost: field,
        map: field,
        ddtags: field,
        message: field,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(anything, fc.jsonValue()), { maxLength: 5 }), (events) => {
        let state: PushState | undefined;
        for (const each of events) {
          datadogPush.originOf(each);
          state = datadogPush.absorb(state, each, now) ?? state;
          if (state === undefined) continue;
          expect(JSON.stringify(datadogPush.readingOf(state)).length).toBeLessThan(128 * 1024);
        }
      }),
      { numRuns: 500 },
    );
  });
});
