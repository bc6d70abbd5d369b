import { describe, expect, it } from 'vitest';
import type { Reading } from '../../domain/telemetry/types.ts';
import type { Answer, Memory, ReadResult } from '../agent.ts';
import { aTime, fixture } from '../testing/read.ts';
import { falcoProbes, readFalco } from './read.ts';

const versions = fixture('falco', 'versions-0.44.1.json');
const metrics = fixture('falco', 'metrics-0.44.1.txt');

const ok = (body: string): Answer => ({ status: 200, body });
const off: Answer = { status: 404, body: '<html>404</html>' };

const ask = (metricsAnswer: Answer, memory?: Memory, versionsAnswer: Answer = ok(versions)): ReadResult =>
  readFalco({
    answers: new Map([
      ['versions', versionsAnswer],
      ['metrics', metricsAnswer],
    ]),
    at: aTime,
    memory,
    custom: undefined,
  });

const reading = (result: ReadResult): Reading => {
  if ('failed' in result) throw new Error(result.failed);
  return result.reading;
};

/** The reading of the second of two answers. */
const second = (first: string, then: string): Reading => {
  const before = ask(ok(first));
  if ('failed' in before) throw new Error(before.failed);
  return reading(ask(ok(then), before.memory));
};

const withValue = (name: string, value: number | string, text = metrics): string =>
  text.replace(new RegExp(`^(${name}(?:\\{.*\\})?) .*$`, 'm'), `$1 ${value}`);

describe('a Falco with metrics', () => {
  it('tells its version and the files that it has loaded, each with its digest', () => {
    const { version, policies, policiesAre } = reading(ask(ok(metrics)));
    expect(version).toBe('0.44.1');
    expect(policiesAre).toBe('Complete');
    expect(policies?.map(({ name, status }) => [name, status])).toEqual([
      ['falco_rules.local.yaml', 'Loaded'],
      ['falco_rules.yaml', 'Loaded'],
      ['posture.yaml', 'Loaded'],
    ]);
    expect(policies?.[2]?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('tells how often its rules have matched, since it last took them and up to now', () => {
    const since = 1_767_225_601_123;
    expect(reading(ask(ok(metrics))).emitted).toEqual({
      matches: [
        { rule: 'Terminal shell in container', count: 3 },
        { rule: 'Runs "curl | sh" \\ in {a} shell', count: 1 },
      ],
      since,
      until: since - 1000 + 3_601_000,
    });
    expect(reading(ask(off))).not.toHaveProperty('emitted');
  });

  it('is asked for versions at a fixed path and for metrics where its ProtectionAgent says', () => {
    expect(falcoProbes('/prometheus')).toEqual([
      { name: 'versions', path: '/versions', needed: true },
      { name: 'metrics', path: '/prometheus', needed: false },
    ]);
  });

  it('is believed in its version, first by /versions and then by its metrics', () => {
    const other = metrics.replace('version="0.44.1"', 'version="0.43.0"');
    expect(reading(ask(ok(other))).version).toBe('0.44.1');
    expect(reading(ask(ok(other), undefined, { failed: 'it closed the connection' })).version).toBe('0.43.0');
  });

  it('keeps two files of one name in two directories apart', () => {
    const twice = metrics.replace('file_name="posture.yaml"', 'file_name="falco_rules.yaml"');
    expect(reading(ask(ok(twice))).policies?.map(({ name }) => name)).toEqual([
      'falco_rules.local.yaml',
      'falco_rules.yaml',
      'falco_rules.yaml',
    ]);
  });

  it('leaves the files out where its build does not tell them', () => {
    const without = metrics.replaceAll(/^falcosecurity_falco_sha256_rules_files_info.*$/gm, '');
    expect(reading(ask(ok(without)))).not.toHaveProperty('policies');
  });

  it('tells only a part where there are more files than are kept', () => {
    const many = Array.from(
      { length: 400 },
      (_, index) => `falcosecurity_falco_sha256_rules_files_info{file_name="${index}.yaml",sha256="x"} 1\n`,
    ).join('');
    const { policies, policiesAre } = reading(ask(ok(many)));
    expect([policies?.length, policiesAre]).toEqual([300, 'Partial']);
    expect(policies?.[0]).not.toHaveProperty('digest');
  });
});

describe('losses', () => {
  const later = withValue('falcosecurity_scap_n_evts_total', 1_001_000);

  it('are unknown at the first reading', () => {
    expect(reading(ask(ok(metrics)))).not.toHaveProperty('drops');
  });

  it('are none where no counter grew', () => {
    expect(second(metrics, later).drops).toEqual([]);
  });

  it('are those since the reading before, of all events since then', () => {
    expect(second(metrics, withValue('falcosecurity_scap_n_drops_total', 300, later)).drops).toEqual([
      { lost: 100, total: 1000, where: 'kernel buffer' },
    ]);
  });

  it('in the output queue are apart', () => {
    expect(second(metrics, withValue('falcosecurity_falco_outputs_queue_num_drops_total', 7)).drops).toEqual([
      { lost: 7, where: 'output queue' },
    ]);
  });

  it('count from zero where Falco restarted, even if its counters are higher than before', () => {
    const restarted = withValue('falcosecurity_falco_start_timestamp_nanoseconds', '1767229200000000000', later);
    expect(second(metrics, withValue('falcosecurity_scap_n_drops_total', 300, restarted)).drops).toEqual([
      { lost: 300, total: 1_001_000, where: 'kernel buffer' },
    ]);
  });

  it('count from zero where a counter went back', () => {
    const reset = withValue('falcosecurity_scap_n_evts_total', 500);
    expect(second(metrics, withValue('falcosecurity_scap_n_drops_total', 5, reset)).drops).toEqual([
      { lost: 5, total: 500, where: 'kernel buffer' },
    ]);
  });

  it('are not doubled where Falco tells its counters once for each source of events', () => {
    const twice = (text: string): string => `${text}${text}`;
    expect(second(twice(metrics), twice(withValue('falcosecurity_scap_n_drops_total', 300, later))).drops).toEqual([
      { lost: 100, total: 1000, where: 'kernel buffer' },
    ]);
  });

  it('are unknown where Falco does not count them, and the setting is named', () => {
    const without = metrics.replaceAll(/^falcosecurity_scap_n_.*$/gm, '');
    const result = ask(ok(without));
    expect(result).toMatchObject({ hint: expect.stringContaining('metrics.kernelEventCountersEnabled=true') });
    expect(second(without, without)).not.toHaveProperty('drops');
    expect(
      second(without, withValue('falcosecurity_falco_outputs_queue_num_drops_total', 7, without)).drops,
    ).toHaveLength(1);
  });
});

describe('the engine', () => {
  const engine = (...engines: readonly string[]): string =>
    metrics.replace(
      /^falcosecurity_scap_engine_name_info.*$/m,
      engines.map((labels) => `falcosecurity_scap_engine_name_info{${labels}} 1`).join('\n'),
    );
  const disabled = 'ProtectionDisabled';
  const rows: readonly [says: string, text: string, issues: readonly string[]][] = [
    ['that reads system calls protects', engine('engine_name="kmod",evt_source="syscall"'), []],
    ['nodriver does not', engine('engine_name="nodriver",evt_source="syscall"'), [disabled]],
    ['of a plugin alone does not', engine('engine_name="source_plugin",evt_source="k8s_audit"'), [disabled]],
    [
      'beside a plugin does',
      engine('engine_name="source_plugin",evt_source="k8s_audit"', 'engine_name="modern_bpf",evt_source="syscall"'),
      [],
    ],
    ['of an old Falco, which names no source, does', engine('engine_name="bpf"'), []],
    ['that is not told is not judged', engine(), []],
  ];
  it.each(rows)('%s', (_, text, issues) => {
    expect(reading(ask(ok(text))).issues.map(({ reason }) => reason)).toEqual(issues);
  });
});

describe('a Falco that sees no system calls', () => {
  it('is not told to count those that it loses', () => {
    const blind = metrics
      .replaceAll(/^falcosecurity_scap_n_.*$/gm, '')
      .replace('engine_name="modern_bpf"', 'engine_name="nodriver"');
    expect(ask(ok(blind))).not.toHaveProperty('hint');
  });
});

describe('a full thread table', () => {
  it('is trouble while it goes on', () => {
    const full = withValue('falcosecurity_scap_n_drops_full_threadtable_total', 12);
    expect(second(metrics, full).issues.map(({ reason }) => reason)).toEqual(['AgentHealth']);
    expect(second(full, full).issues).toEqual([]);
  });
});

describe('a reload that failed', () => {
  const failedAt = 1_767_225_700_000;
  it('is remembered until Falco reloads', () => {
    const result = ask(ok(metrics), { reloadFailedAt: failedAt });
    expect(reading(result).issues.map(({ reason }) => reason)).toEqual(['PolicyLoadFailed']);
    expect(result).toMatchObject({ memory: { reloadFailedAt: failedAt } });
  });

  it('is made good by a later reload', () => {
    const reloaded = withValue('falcosecurity_falco_reload_timestamp_nanoseconds', '1767225800000000000');
    const result = ask(ok(reloaded), { reloadFailedAt: failedAt });
    expect(reading(result).issues).toEqual([]);
    expect(result).not.toHaveProperty('memory.reloadFailedAt');
  });

  it('is remembered where Falco serves no metrics', () => {
    expect(reading(ask(off, { reloadFailedAt: failedAt })).issues).toHaveLength(1);
  });
});

describe('a Falco without metrics', () => {
  it('tells its version, and the setting is named that lets it tell more', () => {
    expect(ask(off)).toEqual({
      reading: { at: aTime, version: '0.44.1', issues: [] },
      memory: {},
      hint: expect.stringContaining('metrics.enabled=true'),
    });
  });
});

describe('an answer that cannot be used', () => {
  const rows: readonly [says: string, versions: Answer, metrics: Answer, words: string][] = [
    [
      'metrics that fail now are no metrics that are off',
      ok(versions),
      { failed: 'timed out after 5 s' },
      'timed out after 5 s',
    ],
    [
      'an error',
      ok(versions),
      { status: 500, body: '' },
      'it answered with HTTP status 500 when asked for its metrics',
    ],
    ['metrics of another program', ok(versions), ok('up 1\n'), 'its metrics contain none of those that Falco has'],
    ['versions that are no JSON', ok('<html>'), off, 'what it answered when asked for its versions is not JSON'],
    ['versions without Falco', ok('{"falco_version":1}'), off, 'its versions do not contain falco_version'],
    ['nothing', { failed: 'connection refused' }, off, 'connection refused'],
  ];
  it.each(rows)('is said in words: %s', (_, versionsAnswer, metricsAnswer, words) => {
    expect(ask(metricsAnswer, undefined, versionsAnswer)).toEqual({ failed: words });
  });
});
