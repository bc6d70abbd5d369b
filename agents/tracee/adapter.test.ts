import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { describeContract } from '../contract.case.ts';
import { aTime, declareInput, fixture, metricsAnswer, readAll } from '../testing/read.ts';
import { tracee } from './adapter.ts';

interface Item {
  readonly kind: string;
}

const items = load(fixture('tracee', 'objects-0.24.0.yaml')) as readonly Item[];
const objects = {
  policies: items.filter(({ kind }) => kind === 'Policy'),
  detectors: items.filter(({ kind }) => kind === 'Detector'),
};

const older = fixture('tracee', 'metrics-0.22.0.txt');
const newer = fixture('tracee', 'metrics-0.24.0.txt');

describeContract(tracee, {
  healthy: { 'Tracee 0.22.0': metricsAnswer(older), 'Tracee 0.24.0': metricsAnswer(newer) },
  objects: new Map(Object.entries(objects)),
});

describe('a Policy', () => {
  const declared = tracee.declare(declareInput(objects));
  const policyNamed = (name: string) => declared.policies.find((policy) => policy.name === name);

  test('has a rule for each event, and its detector says which technique that is', () => {
    expect(policyNamed('default-policy')).toEqual({
      agent: 'the-agent',
      name: 'default-policy',
      version: '2',
      source: 'CustomResource',
      declaredBy: { kind: 'Policy', name: 'default-policy' },
      rules: [
        { name: 'dropped_executable', status: 'Loaded', tactics: ['TA0003', 'TA0005'], techniques: ['T1036'] },
        { name: 'stdio_over_socket', status: 'Loaded', tactics: [], techniques: [] },
      ],
    });
  });

  test('for hosts alone is for no pod, and its annotation says which technique it is', () => {
    expect(policyNamed('hosts')).toMatchObject({
      rules: [{ name: 'hidden_kernel_module', techniques: ['T1014'] }],
      pods: { namespaceSelector: { matchExpressions: [{ operator: 'In', values: [] }] } },
    });
  });

  test('for some processes alone is said to be so', () => {
    expect(policyNamed('root-only')?.pods).toBeUndefined();
    expect(declared.notes).toEqual([
      'Policy root-only is for only some processes or containers (uid=0, comm=bash,sh); it is taken to be for all pods.',
    ]);
  });

  test('that is not there leaves open what is traced, where Tracee is installed', () => {
    expect(tracee.declare(declareInput({})).notes).toEqual([]);
    expect(tracee.declare(declareInput({}, [{}])).notes.join()).toContain('No Policy is declared');
  });
});

describe('a reading', () => {
  test('proves no version and no policy', () => {
    expect(readAll(tracee, [newer]).reading).toEqual({ at: aTime, issues: [] });
  });

  test.each([
    ['older', older],
    ['newer', newer],
  ])('counts what was lost by its %s name', (_, before) => {
    const after = before.replace('lostevents_total 12', 'lostevents_total 22').replace('148900', '148990');
    const drops = [{ lost: 10, total: 100, where: 'kernel buffer' }];
    expect(readAll(tracee, [before, after]).reading.drops).toEqual(drops);
    expect(readAll(tracee, [before, before]).reading.drops).toEqual([]);
  });

  test.each([
    ['many errors', { events: 149_000, errors: 5 }, ['Tracee fails to handle more than 1 % of its events']],
    ['a few errors', { events: 149_000, errors: 4 }, []],
    ['a detector that fails', { detector: 2 }, ['Detectors of Tracee fail: TRC-1022']],
  ])('tells of %s', (_, { events = 148_900, errors = 3, detector = 1 }: Record<string, number>, causes) => {
    const after = newer
      .replace('tracee_events_total 148900', `tracee_events_total ${events}`)
      .replace('tracee_errors_total 3', `tracee_errors_total ${errors}`)
      .replace('errors_total{detector_id="TRC-1022"} 1', `errors_total{detector_id="TRC-1022"} ${detector}`);
    const { issues } = readAll(tracee, [newer, after]).reading;
    expect(issues.map(({ cause }) => cause)).toEqual(causes);
    for (const { reason } of issues) expect(reason).toBe('AgentHealth');
  });

  test.each([
    ['nobody answers', { failed: 'timed out after 5 s' }, 'timed out'],
    ['it is only healthy', { status: 200, body: 'OK' }, 'telemetry.path'],
  ])('does not come where %s', (_, answer, words) => {
    const result = tracee.read({
      answers: new Map([['metrics', answer]]),
      at: aTime,
      memory: undefined,
      custom: undefined,
    });
    expect('failed' in result && result.failed).toContain(words);
  });
});
