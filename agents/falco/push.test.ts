import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reading } from '../../domain/telemetry/types.ts';
import { contractNode } from '../contract.case.ts';
import type { PushState } from '../push.ts';
import { fixture } from '../testing/read.ts';
import { falcoPush } from './push.ts';

interface Alert {
  readonly time: string;
  readonly output_fields: Readonly<Record<string, unknown>>;
}

const alert = (file: string): Alert => JSON.parse(fixture('falco', file));

const snapshot = alert('metrics-snapshot-0.44.1.json');
const loss = alert('syscall-event-drop-0.44.1.json');
const failure = alert('hot-restart-failure-0.44.1.json');

const now = Date.UTC(2026, 0, 1, 3);

const later = (base: Alert, time: string, fields: Readonly<Record<string, unknown>> = {}): Alert => ({
  ...base,
  time,
  output_fields: { ...base.output_fields, ...fields },
});

const readingAfter = (...alerts: readonly unknown[]): Reading => {
  let state: PushState | undefined;
  for (const each of alerts) {
    const absorbed = falcoPush.absorb(state, each, now);
    // What is kept is plain data, and goes through JSON on its way.
    if (absorbed !== undefined) state = JSON.parse(JSON.stringify(absorbed));
  }
  if (state === undefined) throw new Error('none of these alerts speaks of the agent');
  return falcoPush.readingOf(state);
};

describe('a Falco that is asked, too', () => {
  it('has only a failed reload to be remembered: its answers tell all else', () => {
    expect(falcoPush.noteOf?.(failure, now)).toEqual({ reloadFailedAt: Date.parse(failure.time) });
    expect(falcoPush.noteOf?.({ ...failure, time: '2099-01-01T00:00:00Z' }, now)).toEqual({ reloadFailedAt: now });
    for (const other of [snapshot, loss, {}, null]) expect(falcoPush.noteOf?.(other, now)).toBeUndefined();
  });
});

describe('a metrics snapshot', () => {
  it('tells the version and the loaded files with their digests', () => {
    expect(readingAfter(snapshot)).toEqual({
      at: Date.UTC(2026, 0, 1, 0, 10),
      version: '0.44.1',
      policies: [
        {
          name: 'falco_rules.yaml',
          digest: 'sha256:58a4f187b6b04b43ae938132325cbbb6b2bb9eb4e76e553f5b4b7b5b360ee0b4',
          status: 'Loaded',
        },
        {
          name: 'posture.yaml',
          digest: 'sha256:c78b5de8e841917eb2c7a8257f37995e1c9594cffb71ea1e7aefa932172cac3d',
          status: 'Loaded',
        },
      ],
      policiesAre: 'Complete',
      issues: [],
    });
  });

  const names: readonly [key: string, name: string, are: Reading['policiesAre']][] = [
    ['falco_rules', 'falco_rules.yaml', 'Complete'],
    ['falco_incubating_rules_yaml', 'falco-incubating_rules.yaml', 'Complete'],
    ['falco_rules_local_yaml', 'falco_rules.local.yaml', 'Complete'],
    ['mine_yml', 'mine.yml', 'Complete'],
    // Which of `our-rules.yaml` and `our_rules.yaml` it was cannot be told, so nothing is missing for sure.
    ['our_rules_yaml', 'our_rules.yaml', 'Partial'],
  ];
  it.each(names)('names the file of %s %s, and its files are then %s', (key, name, are) => {
    const fields = { [`falco.sha256_rules_file.${key}`]: 'a'.repeat(64) };
    const { policies, policiesAre } = readingAfter({ ...snapshot, output_fields: fields });
    expect([policies?.map((policy) => policy.name), policiesAre]).toEqual([[name], are]);
  });

  it('tells that nothing is watched', () => {
    const blind = later(snapshot, snapshot.time, { 'scap.engine_name': 'nodriver' });
    expect(readingAfter(blind).issues.map(({ reason }) => reason)).toEqual(['ProtectionDisabled']);
  });

  it('of a plugin says only that the agent is alive', () => {
    const plugin = later(snapshot, '2026-01-01T00:10:01Z', {
      'evt.source': 'k8s_audit',
      'scap.engine_name': 'source_plugin',
    });
    expect(readingAfter(snapshot, plugin)).toEqual({ ...readingAfter(snapshot), at: Date.UTC(2026, 0, 1, 0, 10, 1) });
  });

  it('tells with the one before what was lost in between', () => {
    const next = later(snapshot, '2026-01-01T01:10:00Z', { 'scap.n_evts': 1_002_000, 'scap.n_drops': 300 });
    expect(readingAfter(snapshot, next).drops).toEqual([{ lost: 100, total: 2000, where: 'kernel buffer' }]);
  });
});

describe('events that the kernel dropped', () => {
  it('are told with all of their second', () => {
    expect(readingAfter(snapshot, loss).drops).toEqual([{ lost: 815_508, total: 2_270_350, where: 'kernel buffer' }]);
  });

  it('are past with the next snapshot', () => {
    const next = later(snapshot, '2026-01-01T01:10:00Z');
    expect(readingAfter(snapshot, loss, next).drops).toEqual([]);
  });
});

describe('a reload that failed', () => {
  it('is told although it carries no fields, and takes nothing from what is loaded', () => {
    const { issues, policies } = readingAfter(snapshot, failure);
    expect(issues.map(({ reason }) => reason)).toEqual(['PolicyLoadFailed']);
    expect(policies).toHaveLength(2);
  });

  it('stands over snapshots that know of no later reload', () => {
    expect(readingAfter(failure, later(snapshot, '2026-01-01T01:10:00Z')).issues).toHaveLength(1);
  });

  it('is over with a restart of its pod', () => {
    const state = falcoPush.absorb(undefined, failure, now);
    if (state === undefined) throw new Error('the alert said nothing');
    const failedAt = Date.parse(failure.time);
    expect(falcoPush.readingOf(state, failedAt).issues).toHaveLength(1);
    expect(falcoPush.readingOf(state, failedAt + 1).issues).toEqual([]);
  });

  it('is over with a snapshot after a later reload', () => {
    const reloaded = later(snapshot, '2026-01-01T01:10:00Z', { 'falco.reload_ts': 1_767_227_000_000_000_000 });
    expect(readingAfter(failure, reloaded).issues).toEqual([]);
  });
});

describe('alerts', () => {
  it('through falcosidekick say the same', () => {
    const forwarded = { uuid: '4b3b3b3b', ...snapshot, tags: null };
    expect(readingAfter(forwarded)).toEqual(readingAfter(snapshot));
  });

  it('of rules are nothing that the agent says of itself, whatever their names', () => {
    for (const other of [{ rule: 'Shell', source: 'syscall' }, { ...snapshot, source: 'syscall' }, null, 'x', []]) {
      expect(falcoPush.speaksOfAgent(other)).toBe(false);
      expect(falcoPush.absorb(undefined, other, now)).toBeUndefined();
    }
  });

  it('tell where they come from by what Falco takes for its host', () => {
    expect(falcoPush.originOf(snapshot)).toEqual({ nodes: [], hostnames: [contractNode], pod: undefined });
    expect(falcoPush.originOf({})).toEqual({ nodes: [], hostnames: [], pod: undefined });
  });

  it('of the future are of now', () => {
    expect(readingAfter(later(snapshot, '2036-01-01T00:00:00Z')).at).toBe(now);
  });

  it('come to the same in any order and however often', () => {
    const times = ['00:10:00', '00:20:00', '00:30:00', '01:00:00'];
    const any = fc.oneof(
      fc
        .record({
          time: fc.constantFrom(...times),
          drops: fc.nat(3),
          file: fc.constantFrom('a_yaml', 'b_yaml'),
        })
        .map(({ time, drops, file }) =>
          later(snapshot, `2026-01-01T${time}Z`, {
            'scap.n_drops': 200 + drops,
            [`falco.sha256_rules_file.${file}`]: 'b'.repeat(64),
          }),
        ),
      fc.constantFrom(...times).map((time) => later(failure, `2026-01-01T${time}Z`)),
      fc
        .tuple(fc.constantFrom(...times), fc.nat(3))
        .map(([time, drops]) => later(loss, `2026-01-01T${time}Z`, { n_drops: `${drops}` })),
    );
    fc.assert(
      fc.property(
        fc.array(any, { minLength: 1, maxLength: 8 }).chain((alerts) =>
          fc.tuple(
            fc.constant(alerts),
            fc.shuffledSubarray([...alerts, ...alerts], {
              minLength: alerts.length * 2,
              maxLength: alerts.length * 2,
            }),
          ),
        ),
        ([alerts, shuffled]) => {
          expect(readingAfter(...shuffled)).toEqual(readingAfter(...alerts));
        },
      ),
    );
  });

  it('never throw and stay small, whatever they and what was kept hold', () => {
    const rule = fc.constantFrom(
      ...[snapshot, loss, failure].map((each) => (each as unknown as { readonly rule: string }).rule),
    );
    const key = fc.oneof(
      fc.string(),
      fc.constantFrom('scap.n_evts', 'falco.version', 'falco.sha256_rules_file.x', 'n_drops'),
    );
    const event = fc.record(
      {
        rule,
        source: fc.constantFrom('internal', undefined),
        time: fc.oneof(fc.string(), fc.jsonValue()),
        output_fields: fc.oneof(fc.dictionary(key, fc.jsonValue()), fc.jsonValue()),
      },
      { requiredKeys: ['rule'] },
    );
    const state = fc.option(
      fc.record({
        ruleset: fc.constant(undefined),
        facts: fc.dictionary(
          fc.constantFrom('at', 'failedAt', 'loss', 'snapshots'),
          fc.oneof(
            fc.jsonValue(),
            fc.array(fc.record({ at: fc.integer(), engine: fc.jsonValue(), events: fc.jsonValue() })),
          ),
        ),
      }),
      { nil: undefined },
    );
    fc.assert(
      fc.property(state, event, (kept, each) => {
        const after = falcoPush.absorb(kept, each, now) ?? expect.fail('it speaks of the agent');
        expect(JSON.stringify([after, falcoPush.readingOf(after)]).length).toBeLessThan(64 * 1024);
      }),
    );
  });
});
